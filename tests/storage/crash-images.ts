import { ShardLog } from '../../packages/workers/src/storage/shard-log.ts';
import { type Random, seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import {
  type CrashMode,
  SimulatedDisk,
} from '../../packages/workers/src/storage/testing/simulated-disk.ts';
import { runOf, type TestSlot } from '../../packages/workers/src/storage/testing/slots.ts';
import { compareLog, DIRECTORY, type History, type Milestone, writeHistory } from './workload.ts';

/** Images of one history. */
const IMAGES = 50;
const ACTIONS = 60;
/** How likely the disk refuses something around an action. */
const REFUSES = 0.03;
const MODES: readonly CrashMode[] = ['process', 'power', 'disordered'];

export interface CrashReport {
  readonly images: number;
  readonly histories: number;
  /** With the seed that shows each again. */
  readonly faults: readonly string[];
  /** How many histories had a fault. */
  readonly faulty: number;
}

/** What the images have to show. */
export interface PlantedBugs {
  /** What has been written counts as acknowledged. */
  readonly acknowledgesEarly?: boolean;
  /** The disk forgets to flush files. */
  readonly pretendsToFlush?: boolean;
}

/**
 * Writes logs at random, makes disks that a crash at any step may leave, and opens the log on each:
 * it must hold everything acknowledged and nothing else than what was appended. The recovery of each
 * is crashed too, and must come to the same end when it is repeated.
 */
export function crashImages(
  images: number,
  firstSeed: number,
  planted: PlantedBugs = {},
): CrashReport {
  const faults: string[] = [];
  let made = 0;
  let faulty = 0;
  let seed = firstSeed;
  for (; made < images; seed++) {
    const random = seededRandom(seed);
    const disk = new SimulatedDisk();
    disk.pretendsToFlush = planted.pretendsToFlush ?? false;
    const { acknowledgesEarly } = planted;
    const history = writeHistory(disk, random, {
      actions: ACTIONS,
      refuses: REFUSES,
      acknowledgesEarly,
    });
    const before = faults.length;
    for (let image = 0; image < IMAGES && made < images; image++, made++) {
      const steps = random.below(disk.history.length + 1);
      const mode = MODES[random.below(MODES.length)];
      const fault = examine(history, steps, mode, random);
      if (fault !== undefined) faults.push(`seed ${seed}, ${mode} after step ${steps}: ${fault}`);
    }
    if (faults.length > before) faulty++;
  }
  return { images: made, histories: seed - firstSeed, faults, faulty };
}

function examine(
  history: History,
  steps: number,
  mode: CrashMode,
  random: Random,
): string | undefined {
  const image = history.disk.image(steps, mode, random);
  const before = new SimulatedDisk(image);
  try {
    const log = ShardLog.open(image, DIRECTORY, history.options);
    const fault = compareWithPromise(log, history, steps, mode) ?? compareLog(log, history.slots);
    if (fault !== undefined) return fault;
    return (
      examineRepeated(before, history, log.endOffset, random) ?? goOn(image, log, history, random)
    );
  } catch (error) {
    return `opening throws ${(error as Error).stack}`;
  }
}

function compareWithPromise(
  log: ShardLog,
  { milestones, slots }: History,
  steps: number,
  mode: CrashMode,
): string | undefined {
  const passed = milestones.findLast(({ step }) => step <= steps);
  const coming: Milestone | undefined = milestones.find(({ step }) => step > steps);
  const { endOffset, firstOffset } = log;
  const acknowledged = passed?.durableOffset ?? 0;
  if (endOffset < acknowledged) return `ends at ${endOffset}, acknowledged was ${acknowledged}`;
  const written = passed?.endOffset ?? 0;
  if (mode === 'process' && endOffset < written) {
    return `ends at ${endOffset}, ${written} was written and the machine ran on`;
  }
  if (endOffset > slots.length) return `ends at ${endOffset}, beyond what was appended`;
  const start = (coming ?? passed)?.startOffset ?? 0;
  return firstOffset > start ? `begins at ${firstOffset}, not at ${start}` : undefined;
}

/** A crash in the midst of recovery, then recovery again. */
function examineRepeated(
  image: SimulatedDisk,
  { options, slots }: History,
  endOffset: number,
  random: Random,
): string | undefined {
  const first = new SimulatedDisk(image);
  ShardLog.open(first, DIRECTORY, options);
  const steps = random.below(first.history.length + 1);
  const again = first.image(steps, MODES[random.below(MODES.length)], random);
  const log = ShardLog.open(again, DIRECTORY, options);
  if (log.endOffset === endOffset) return compareLog(log, slots);
  return `recovery repeated after its step ${steps} ends at ${log.endOffset}, not at ${endOffset}`;
}

/** The log goes on after recovery, and another power cut loses nothing of it. */
function goOn(
  image: SimulatedDisk,
  log: ShardLog,
  { options, slots }: History,
  random: Random,
): string | undefined {
  const more: TestSlot[] = [{ value: 'after', timestamp: 1, producer: 1 }, { aborted: true }];
  const now = [...slots.slice(0, log.endOffset), ...more];
  log.append(runOf(log.endOffset, more));
  log.sync();
  const left = image.image(image.history.length, 'disordered', random);
  const reopened = ShardLog.open(left, DIRECTORY, options);
  if (reopened.endOffset !== now.length) return `what was appended after recovery is lost`;
  return compareLog(reopened, now);
}
