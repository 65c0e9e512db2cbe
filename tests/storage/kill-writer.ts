import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RecordView, type SlotRun } from '@lite-streams/core/internal';
import { nodeDisk } from '../../packages/workers/src/storage/node-disk.ts';
import { ShardLog } from '../../packages/workers/src/storage/shard-log.ts';
import { ShardLogReader } from '../../packages/workers/src/storage/shard-log-reader.ts';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { KEYS, valueAt, WRITER_LOG } from './kill-values.ts';

const WRITER = fileURLToPath(new URL('./log-writer.ts', import.meta.url));
/** A writer lives so long after it has begun to open its log; some die while they do. */
const LONGEST_LIFE_MS = 120;

export interface KillReport {
  readonly kills: number;
  /** Writers that died before they had opened their log. */
  readonly inRecovery: number;
  readonly records: number;
  readonly faults: readonly string[];
}

/** What this process has heard from writers: the oracle that no kill reaches. */
interface Heard {
  written: number;
  start: number;
  opened: boolean;
}

/** Logs that are written at a time: a process takes longer to start than it lives. */
const LANES = 2;

/** Kills writer processes with SIGKILL at random moments and looks at what they leave; `told` after each kill. */
export async function killWriter(
  kills: number,
  seed: number,
  told: (faults: readonly string[]) => void = () => {},
): Promise<KillReport> {
  // Writers do not live to keep what they compile; most of it this process has compiled, too.
  flushCompileCache();
  const lanes = Array.from({ length: Math.min(LANES, kills) }, (_, lane) => {
    const share = Math.floor((kills + lane) / LANES);
    return killInLane(kills < LANES ? kills : share, seed + lane * 1_000_000, told);
  });
  const reports = await Promise.all(lanes);
  const sum = (of: (report: KillReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    kills: sum(report => report.kills),
    inRecovery: sum(report => report.inRecovery),
    records: sum(report => report.records),
    faults: reports.flatMap(report => report.faults),
  };
}

async function killInLane(
  kills: number,
  seed: number,
  told: (faults: readonly string[]) => void,
): Promise<KillReport> {
  const random = seededRandom(seed);
  const directory = mkdtempSync(join(tmpdir(), 'lite-streams-kills-'));
  const faults: string[] = [];
  const heard: Heard = { written: 0, start: 0, opened: false };
  let inRecovery = 0;
  try {
    for (let kill = 0; kill < kills; kill++) {
      const lifeMs = random.chance(0.2) ? 0 : random.next() * LONGEST_LIFE_MS;
      const follower = new Follower(directory, heard);
      await oneLife(directory, seed + kill, lifeMs, heard);
      follower.stop();
      if (!heard.opened) inRecovery++;
      // Most of the time the next writer recovers what is left, and may be killed there.
      const isLookedAt = kill % 5 === 4 || kill === kills - 1;
      const found = [follower.fault, isLookedAt ? look(directory, heard) : undefined]
        .filter(fault => fault !== undefined)
        .map(fault => `seed ${seed}, kill ${kill}: ${fault}`);
      faults.push(...found);
      told(found);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { kills, inRecovery, records: heard.written, faults };
}

async function oneLife(
  directory: string,
  seed: number,
  lifeMs: number,
  heard: Heard,
): Promise<void> {
  const writer = spawn(process.execPath, [WRITER, directory, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  heard.opened = false;
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  writer.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    timer ??= setTimeout(() => writer.kill('SIGKILL'), lifeMs);
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) hear(heard, line);
  });
  await once(writer, 'close');
  clearTimeout(timer);
}

function hear(heard: Heard, line: string): void {
  const [what, first] = line.split(' ');
  const offset = Number(first);
  if (what === 'opened') heard.opened = true;
  if (what === 'start') heard.start = Math.max(heard.start, offset);
  // The machine lives on, so what was written is there, flushed or not.
  if (what === 'opened' || what === 'written' || what === 'durable') {
    heard.written = Math.max(heard.written, offset);
  }
}

/** Reads the log from this process while the writer lives, and where it stopped after the next has begun. */
class Follower {
  fault: string | undefined;
  private readonly heard: Heard;
  private readonly reader: ShardLogReader;
  private readonly timer: NodeJS.Timeout;
  private next = -1;

  constructor(directory: string, heard: Heard) {
    this.heard = heard;
    this.reader = new ShardLogReader(nodeDisk, directory, { ...WRITER_LOG });
    this.timer = setInterval(() => this.follow(), 1);
  }

  stop(): void {
    clearInterval(this.timer);
    this.follow();
    this.reader.close();
  }

  private follow(): void {
    try {
      if (this.next < 0) this.next = this.reader.firstOffset() ?? -1;
      if (this.next < 0 || this.fault !== undefined) return;
      for (let run = this.reader.read(this.next); run !== undefined; ) {
        this.fault ??= compareRun(run, this.next, Number.POSITIVE_INFINITY);
        this.next = run.offset + run.count;
        // What can be read stays, though the writer dies before it has said that it wrote it.
        this.heard.written = Math.max(this.heard.written, this.next);
        run = this.reader.read(this.next);
      }
    } catch (error) {
      const { code } = error as { code?: unknown };
      // Retention was faster.
      if (code === 'OFFSET_OUT_OF_RANGE') this.next = -1;
      else this.fault = `a reader beside the writer: ${String(error)}`;
    }
  }
}

/** Whether a run holds what must stand there; compaction may have left out what a later record replaces. */
function compareRun(run: SlotRun, from: number, endOffset: number): string | undefined {
  // Only what was replaced may be passed over: a run begins behind a long stretch of it.
  if (run.offset < from || (run.offset > from && run.offset + KEYS > endOffset)) {
    return `a run begins at ${run.offset}, not at ${from}`;
  }
  for (let i = 0; i < run.count; i++) {
    const offset = run.offset + i;
    if (run.kind(i) < 0 && offset + KEYS < endOffset) continue;
    if (run.kind(i) < 0) return `offset ${offset} holds nothing`;
    if (run.view(i, VIEW).text !== valueAt(offset)) return `offset ${offset} holds another record`;
  }
  return undefined;
}

const VIEW = new RecordView();

/** Opens what is left, as the oracle knows it. */
function look(directory: string, heard: Heard): string | undefined {
  const log = ShardLog.open(nodeDisk, directory, WRITER_LOG);
  try {
    if (log.firstOffset > heard.start) {
      return `begins at ${log.firstOffset}, and was not asked to begin above ${heard.start}`;
    }
    if (log.endOffset < heard.written) {
      return `${heard.written} records were written, ${log.endOffset} are left`;
    }
    let next = log.firstOffset;
    for (let run = log.read(next); run !== undefined; run = log.read(next)) {
      const fault = compareRun(run, next, log.endOffset);
      if (fault !== undefined) return fault;
      next = run.offset + run.count;
    }
    if (next !== log.endOffset) return `reading ends at ${next}, the log at ${log.endOffset}`;
    heard.written = next;
    return undefined;
  } finally {
    log.close();
  }
}
