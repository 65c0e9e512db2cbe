import { loadAcquire, storeRelease } from './atomics.ts';

/**
 * What a task is at just now, where other threads can see it: user code that does not return keeps its
 * thread from saying anything itself.
 *
 * ```
 * per task 128 B:   0  i32 step     odd while the task is in a step, or takes a value that     the task
 *                                   another one gives it in its own
 *                   4  i32 doing    see DOING                                                  the task
 *                   8  i32 input    the channel that the value in hand came by                 the task
 *                  12  i32 frame    what it has taken from channels in this step; −1: outside   the task
 *                                   of a step of its own
 *                  16  f64 since    when the step began, in milliseconds since 1970            the task
 *                  24  f64 offset   of the source record in hand; −1: it is not from one       the task
 *                  32  f64 first    of a source, that in hand when the step began              the task
 *                  64  i32 step     ⎫ the same of work that has been found to take long,       who watches
 *                  68  i32 doing    ⎪ and since when it has
 *                  72  i32 frame    ⎬
 *                  80  f64 offset   ⎪
 *                  88  f64 since    ⎭
 * ```
 *
 * A task writes its words for every record, so they are plain stores. Who reads them believes only what
 * it has found unchanged for long: by then all of it has arrived.
 */
const ROW_BYTES = 128;
const STEP = 0;
const DOING_WORD = 1;
const INPUT = 2;
const FRAME = 3;
const SINCE = 2;
const OFFSET = 3;
const FIRST = 4;
/** Of `frame`. */
const OUTSIDE = -1;
const SLOW_STEP = 16;
const SLOW_DOING = 17;
const SLOW_FRAME = 18;
const SLOW_OFFSET = 10;
const SLOW_SINCE = 11;

/** What a step is at. */
export const DOING = {
  /** Takes the record in hand. */
  record: 0,
  /** Goes on with the record before, which had been suspended. */
  resumed: 1,
  /** Timers, and results of what is asynchronous. */
  clock: 2,
  /** Calls of sinks outside. */
  sink: 3,
  /** A snapshot of the state of its steps. */
  snapshot: 4,
} as const;
export type Doing = (typeof DOING)[keyof typeof DOING];

export function createWorkMemory(tasks: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(1, tasks) * ROW_BYTES);
}

/** What a row said: the work in hand, if the task is at any. */
export interface WorkInHand {
  readonly step: number;
  readonly doing: Doing;
  readonly input: number;
  readonly frame: number;
  readonly offset: number;
  /** Since when, where that is known: of what the step began with. */
  readonly sinceMs: number | undefined;
}

/** The row of one task, for the task itself, for who watches it, and for who asks. */
export class WorkRow {
  /** Of a source: the next offset to be read, which is in hand while a record is. */
  readonly position: Float64Array;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;

  constructor(memory: SharedArrayBuffer, task: number) {
    const at = task * ROW_BYTES;
    this.words = new Int32Array(memory, at, ROW_BYTES >> 2);
    this.numbers = new Float64Array(memory, at, ROW_BYTES >> 3);
    this.position = this.numbers.subarray(OFFSET, OFFSET + 1);
  }

  /** A row for a task that nobody watches. */
  static unseen(): WorkRow {
    return new WorkRow(createWorkMemory(1), 0);
  }

  begin(nowMs: number): void {
    const { words, numbers } = this;
    numbers[SINCE] = nowMs;
    numbers[FIRST] = numbers[OFFSET];
    words[FRAME] = 0;
    words[STEP]++;
  }

  end(): void {
    const { words } = this;
    words[DOING_WORD] = DOING.record;
    words[FRAME] = OUTSIDE;
    words[STEP]++;
  }

  /** Another task gives a value, in its own step. */
  enter(input: number, offset: number): void {
    const { words, numbers } = this;
    words[STEP]++;
    words[INPUT] = input;
    numbers[OFFSET] = offset;
  }

  leave(): void {
    this.words[STEP]++;
  }

  doing(what: Doing): void {
    this.words[DOING_WORD] = what;
  }

  /** Something was taken from a channel. */
  took(input: number, offset: number): void {
    const { words, numbers } = this;
    words[INPUT] = input;
    words[FRAME]++;
    numbers[OFFSET] = offset;
  }

  /** The task's thread is gone, or the task begins anew: it is at nothing. */
  idle(): void {
    const { words } = this;
    words[FRAME] = OUTSIDE;
    if ((words[STEP] & 1) === 1) this.end();
  }

  /** By any thread: what the task is at. */
  inHand(): WorkInHand | undefined {
    const { words, numbers } = this;
    const step = loadAcquire(words, STEP);
    if ((step & 1) === 0) return undefined;
    const doing = words[DOING_WORD] as Doing;
    const frame = words[FRAME];
    const offset = numbers[OFFSET];
    const isFirst =
      doing !== DOING.record || frame === 1 || (frame === 0 && offset === numbers[FIRST]);
    const sinceMs = isFirst ? numbers[SINCE] : undefined;
    return { step, doing, input: words[INPUT], frame, offset, sinceMs };
  }

  /** By who watches: that this work takes long, and since when; `undefined`: none does any more. */
  markSlow(work: WorkInHand | undefined, sinceMs = 0): void {
    const { words, numbers } = this;
    storeRelease(words, SLOW_STEP, 0);
    if (work === undefined) return;
    numbers[SLOW_SINCE] = sinceMs;
    numbers[SLOW_OFFSET] = work.offset;
    words[SLOW_DOING] = work.doing;
    words[SLOW_FRAME] = work.frame;
    storeRelease(words, SLOW_STEP, work.step);
  }

  /** By any thread: since when the work in hand has taken, where who watches has found that to be long. */
  slowSinceMs(work: WorkInHand): number | undefined {
    const { words, numbers } = this;
    const isSame =
      loadAcquire(words, SLOW_STEP) === work.step &&
      words[SLOW_DOING] === work.doing &&
      words[SLOW_FRAME] === work.frame &&
      numbers[SLOW_OFFSET] === work.offset;
    return isSame ? numbers[SLOW_SINCE] : undefined;
  }
}
