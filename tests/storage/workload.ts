import { RecordView } from '@lite-streams/core/internal';
import { ShardLog, type ShardLogOptions } from '../../packages/workers/src/storage/shard-log.ts';
import type { Random } from '../../packages/workers/src/storage/testing/random.ts';
import {
  refusal,
  type SimulatedDisk,
} from '../../packages/workers/src/storage/testing/simulated-disk.ts';
import { runOf, type TestSlot } from '../../packages/workers/src/storage/testing/slots.ts';

export const DIRECTORY = '/engine/topics/orders/0';
const WATERMARK = 2;
const KEYS = 7;

/** What was true of a log once so many steps of its disk were done. */
export interface Milestone {
  readonly step: number;
  readonly durableOffset: number;
  readonly endOffset: number;
  readonly startOffset: number;
}

/** A log that was written at random on a simulated disk, and what was promised when. */
export interface History {
  readonly disk: SimulatedDisk;
  readonly slots: readonly TestSlot[];
  readonly milestones: readonly Milestone[];
  readonly options: ShardLogOptions;
}

export interface WorkloadOptions {
  readonly actions: number;
  /** How likely the disk is to refuse something around an action. Never by default. */
  readonly refuses?: number | undefined;
  /** A planted bug: what is told to be durable is what was written. */
  readonly acknowledgesEarly?: boolean | undefined;
}

/** Options of a small log whose salts a seed repeats. */
export function logOptions(random: Random): ShardLogOptions {
  let now = 1_700_000_000_000;
  return {
    shard: 3,
    identity: 77,
    segmentBytes: 2_000 + random.below(6_000),
    compress: random.chance(0.3),
    now: () => now++,
    salt: () => random.below(2 ** 32) | 0,
  };
}

/** Appends, flushes, retains, closes and opens again at random. */
export function writeHistory(
  disk: SimulatedDisk,
  random: Random,
  { actions, acknowledgesEarly = false, refuses = 0 }: WorkloadOptions,
): History {
  const options = logOptions(random);
  const slots: TestSlot[] = [];
  const milestones: Milestone[] = [];
  let log = ShardLog.open(disk, DIRECTORY, options);
  const reopen = (): void => {
    disk.beforeStep = undefined;
    log.close();
    log = ShardLog.open(disk, DIRECTORY, options);
    slots.length = log.endOffset;
  };
  for (let action = 0; action < actions; action++) {
    if (random.chance(refuses)) refuseNext(disk, random);
    try {
      const dice = random.next();
      if (dice < 0.62) {
        const run = Array.from({ length: 1 + random.below(8) }, () => drawSlot(random));
        const from = slots.length;
        slots.push(...run);
        log.append(runOf(from, run), action);
      } else if (dice < 0.9) {
        log.sync();
      } else if (dice < 0.93) {
        log.retain({ records: 30 + random.below(100) });
      } else if (dice < 0.95) {
        log.compact({ tombstoneMs: random.chance(0.5) ? 0 : 1e9 });
      } else {
        reopen();
      }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'STORAGE_FAILED') throw error;
      reopen();
    }
    milestones.push({
      step: disk.history.length,
      durableOffset: acknowledgesEarly ? log.endOffset : log.durableOffset,
      endOffset: log.endOffset,
      startOffset: log.firstOffset,
    });
  }
  return { disk, slots, milestones, options };
}

/** Makes the disk refuse one of its next operations; of a write, a part may go through. */
function refuseNext(disk: SimulatedDisk, random: Random): void {
  let left = random.below(8);
  const code = random.chance(0.5) ? 'ENOSPC' : 'EIO';
  disk.beforeStep = (_, operation) => {
    if (left-- > 0) return;
    disk.beforeStep = undefined;
    const most = operation.kind === 'write' ? operation.bytes.length : 0;
    throw Object.assign(refusal(code, DIRECTORY), { wrote: random.below(most + 1) });
  };
}

function drawSlot(random: Random): TestSlot {
  const dice = random.next();
  if (dice < 0.05) return { aborted: true };
  const timestamp = random.below(1_000_000);
  const producer = 1 + random.below(4000);
  if (dice < 0.1) return { kind: WATERMARK, timestamp, producer };
  const key = random.chance(0.8) ? `key-${random.below(KEYS)}` : null;
  const long = random.chance(0.1) ? 900 : 60;
  if (key !== null && random.chance(0.1)) return { key, value: null, timestamp, producer };
  return { key, value: `${random.next()}`.padEnd(random.below(long), '·'), timestamp, producer };
}

/** Offsets that compaction may leave out: there is a later record of the key, or it says that the key is gone. */
function supersededSlots(slots: readonly TestSlot[], endOffset: number): Set<number> {
  const superseded = new Set<number>();
  const latest = new Map<string, number>();
  for (let offset = 0; offset < endOffset; offset++) {
    const { key, value, kind = 0, aborted } = slots[offset];
    if (aborted === true || kind !== 0 || key === null || key === undefined) continue;
    const before = latest.get(key);
    if (before !== undefined) superseded.add(before);
    if (value === null) superseded.add(offset);
    latest.set(key, offset);
  }
  return superseded;
}

/** Reads all of a log and compares it with what was appended: the first difference, if any. */
export function compareLog(log: ShardLog, slots: readonly TestSlot[]): string | undefined {
  const view = new RecordView();
  const superseded = supersededSlots(slots, log.endOffset);
  let next = log.firstOffset;
  for (;;) {
    const run = log.read(next, 700);
    if (run === undefined) break;
    if (run.offset !== next) return `a run begins at ${run.offset}, not at ${next}`;
    for (let i = 0; i < run.count; i++) {
      const slot = slots[next];
      if (slot === undefined) return `offset ${next} was never appended`;
      const kind = slot.aborted === true ? -1 : (slot.kind ?? 0);
      if (run.kind(i) < 0 && superseded.has(next)) {
        next++;
        continue;
      }
      if (run.kind(i) !== kind) return `offset ${next} has kind ${run.kind(i)}, not ${kind}`;
      if (kind >= 0) {
        const record = run.view(i, view);
        const isSame =
          record.timestamp === slot.timestamp &&
          record.key === (slot.key ?? undefined) &&
          record.text === (slot.value ?? '') &&
          run.producer(i) === slot.producer;
        if (!isSame) return `offset ${next} holds another record: ${record.text}`;
      }
      next++;
    }
  }
  if (next !== log.endOffset) return `reading ends at ${next}, the log at ${log.endOffset}`;
  return undefined;
}
