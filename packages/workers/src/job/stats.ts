import type { DeliveryStats, JobStats, TaskStats, UserCall } from '@lite-streams/core';
import { COUNT_NAMES, noCounts, type TaskPlan } from '@lite-streams/core/internal';
import type { Board } from './board.ts';

export type JobState = 'running' | 'drained' | 'stopped' | 'failed';

/** How a job on processor threads stands; counts of a task begin anew when it is restarted. */
export interface EngineJobStats extends JobStats {
  readonly state: JobState;
  /** How often tasks were started anew because their processor died. */
  readonly restarts: number;
  /** The last epoch that was committed, 0 before there is one; and how long it took. */
  readonly epoch: number;
  readonly epochTookMs: number;
  /** Records of the source topics that are not done yet; 0 once the job has ended. */
  readonly lag: number;
}

const LOST = COUNT_NAMES.length;
const WATERMARK = LOST + 1;
const SINCE = LOST + 2;
/** The slowest input, and how far it and the furthest have come; −1 for none. */
const SLOWEST = LOST + 3;
const SLOWEST_AT = LOST + 4;
const FURTHEST_AT = LOST + 5;
const HELD_BYTES = LOST + 6;
/** Of sinks outside: results taken and to be taken, failed calls; of the slowest batch since when, and its failures. */
const DELIVERED = LOST + 7;
const UNDELIVERED = LOST + 8;
const FAILURES = LOST + 9;
const SLOWEST_SINCE = LOST + 10;
const SLOWEST_FAILURES = LOST + 11;
const FLAGS = LOST + 12;
/** Of the oldest call of `mapAsync`: since when, and the record; −1 for none. */
const CALL_SINCE = LOST + 13;
const CALL_SHARD = LOST + 14;
const CALL_OFFSET = LOST + 15;
const NUMBERS = LOST + 16;

/** Between the texts of a row. */
const SEPARATOR = '\0';

const IDLE = 1;
const SUSPENDED = 2;
const DONE = 4;
/** Set in every row that has been written. */
const SHOWN = 8;
/** It has sinks outside; a batch for one waits. */
const DELIVERS = 16;
const BATCH_WAITS = 32;
const AT_BARRIER = 64;
/** A call of `mapAsync` is under way. */
const CALLS = 128;

export function writeTask(board: Board, stats: TaskStats): void {
  const { counts, lost, watermark, watermarkSinceMs, heldBytes, delivery } = stats;
  const slowest = stats.slowest ?? { input: -1, watermark: 0, furthest: 0 };
  const numbers = COUNT_NAMES.map(name => counts[name]);
  numbers.push(lost, watermark, watermarkSinceMs);
  numbers.push(slowest.input, slowest.watermark, slowest.furthest, heldBytes);
  numbers.push(delivery?.delivered ?? 0, delivery?.waiting ?? 0, delivery?.failures ?? 0);
  const batch = delivery?.slowest;
  numbers.push(batch?.sinceMs ?? 0, batch?.failures ?? 0, flagsOf(stats));
  const call = stats.oldestCall;
  numbers.push(call?.sinceMs ?? 0, call?.shard ?? -1, call?.offset ?? -1);
  const texts = [stats.heldBy, batch?.sink, call?.step, call?.topic, batch?.error].map(
    text => text ?? '',
  );
  board.write(stats.task, numbers, texts.join(SEPARATOR));
}

function flagsOf(stats: TaskStats): number {
  const { idle, suspended, atBarrier, done, delivery, oldestCall } = stats;
  let flags = SHOWN;
  if (idle) flags |= IDLE;
  if (suspended) flags |= SUSPENDED;
  if (atBarrier) flags |= AT_BARRIER;
  if (done) flags |= DONE;
  if (oldestCall !== undefined) flags |= CALLS;
  if (delivery !== undefined) flags |= DELIVERS;
  if (delivery?.slowest !== undefined) flags |= BATCH_WAITS;
  return flags;
}

function deliveryOf(numbers: readonly number[], sink: string, error: string): DeliveryStats {
  const slowest = {
    sink,
    sinceMs: numbers[SLOWEST_SINCE],
    failures: numbers[SLOWEST_FAILURES],
    error: error === '' ? undefined : error,
  };
  return {
    delivered: numbers[DELIVERED],
    waiting: numbers[UNDELIVERED],
    failures: numbers[FAILURES],
    slowest: (numbers[FLAGS] & BATCH_WAITS) === 0 ? undefined : slowest,
  };
}

function callOf(numbers: readonly number[], step: string, topic: string): UserCall | undefined {
  if ((numbers[FLAGS] & CALLS) === 0) return undefined;
  const place =
    topic === ''
      ? { topic: undefined, shard: undefined, offset: undefined }
      : { topic, shard: numbers[CALL_SHARD], offset: numbers[CALL_OFFSET] };
  return { during: 'async', step, ...place, sinceMs: numbers[CALL_SINCE] };
}

/** A task as its processor showed it last; one that nothing has been shown of has read nothing. */
export function readTask(board: Board, pipeline: string, plan: TaskPlan): TaskStats {
  const { numbers, text } = board.read(plan.id, NUMBERS);
  const counts = noCounts();
  for (const [at, name] of COUNT_NAMES.entries()) counts[name] = numbers[at];
  const flags = numbers[FLAGS];
  const isShown = (flags & SHOWN) !== 0;
  const [heldBy, sink = '', step = '', topic = '', error = ''] = text.split(SEPARATOR);
  return {
    pipeline,
    task: plan.id,
    stage: plan.stage,
    index: plan.index,
    processor: plan.processor,
    counts,
    lost: numbers[LOST],
    watermark: isShown ? numbers[WATERMARK] : Number.NEGATIVE_INFINITY,
    watermarkSinceMs: numbers[SINCE],
    slowest:
      numbers[SLOWEST] < 0 || !isShown
        ? undefined
        : {
            input: numbers[SLOWEST],
            watermark: numbers[SLOWEST_AT],
            furthest: numbers[FURTHEST_AT],
          },
    heldBytes: numbers[HELD_BYTES],
    // Seen in other memory: its thread may be stuck in it.
    slowCall: undefined,
    oldestCall: callOf(numbers, step, topic),
    delivery: (flags & DELIVERS) === 0 ? undefined : deliveryOf(numbers, sink, error),
    idle: (flags & IDLE) !== 0,
    heldBy: heldBy === '' ? undefined : heldBy,
    suspended: (flags & SUSPENDED) !== 0,
    atBarrier: (flags & AT_BARRIER) !== 0,
    done: (flags & DONE) !== 0,
  };
}
