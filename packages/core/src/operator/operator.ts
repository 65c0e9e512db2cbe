import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';

/**
 * One step of a pipeline inside one task. An operator is handed its inputs by the one before it and
 * hands its outputs to `next`, without waiting and without a queue between.
 *
 * Each of `push`, `watermark`, `end` and `resume` takes over what it is given, always, and returns
 * `true` when all of it is done. `false` means suspended: some output found no room further down.
 * Then `resume` is called, until it returns `true`, before anything else is; it starts at the last
 * operator and goes up. An operator that makes several outputs can be suspended after any one.
 *
 * What a violation looks like: a caller that pushes into a suspended operator loses or reorders
 * outputs; an operator that waits, blocks every task on its thread. `OperatorHarness` in
 * `testing` replays an operator item by item, with every other output refused, and across snapshot
 * and restore at every point.
 */
export interface Operator {
  /** `context` belongs to the task and is reused; it says the same until the push is done. */
  push(value: unknown, context: ContextCell): boolean;
  /** Nothing with a timestamp ≤ `watermark` follows. Never falls; +∞ before `end`. */
  watermark(watermark: number): boolean;
  /** Nothing follows. */
  end(): boolean;
  resume(): boolean;
  /** Writes the state, when not suspended; `restore` of a new operator takes it back. */
  snapshot(writer: SnapshotWriter): void;
  restore(reader: SnapshotReader): void;
}

/**
 * What has something to do by the clock, and not only when it is given something: its task calls `tick`
 * when the clock has come to `dueAtMs`, and its thread does not sleep beyond that.
 */
export interface Clocked {
  /** Milliseconds since 1970; −∞: as soon as can be; +∞: nothing. */
  readonly dueAtMs: number;
  /** As `push`: only when not suspended, and `false` when it is after that. */
  tick(nowMs: number): boolean;
}

/**
 * What has inputs in flight: it keeps the thread from blocking its event loop, and input from being
 * released before what came of it is out.
 */
export interface Asynchronous {
  /** Inputs whose results have not been handed on. */
  readonly pending: number;
  /** How many inputs it has taken; and of those, in that order, how many are done with all before. */
  readonly accepted: number;
  readonly completed: number;
  /** When the first of its calls takes too long; +∞: none does. */
  readonly deadlineMs: number;
  /** The call that has been under way longest. */
  readonly oldest: PendingCall | undefined;
  /** Gives up calls that take too long, also while the task is suspended. */
  expire(nowMs: number): void;
  /** The task is given up: what is in flight is of no use to anybody. */
  abandon(): void;
}

/** A call that is under way. */
export interface PendingCall {
  readonly step: string;
  /** Since when, by the clock. */
  readonly sinceMs: number;
  /** The source record that its value came from, −1 for none; the topic where the task takes from several. */
  readonly topic: string | undefined;
  readonly shard: number;
  readonly offset: number;
}

export function isAsynchronous<O extends object>(operator: O): operator is O & Asynchronous {
  return 'abandon' in operator;
}

/** An operator that knows what has changed, so that not every snapshot has to be whole. */
export interface Incremental {
  /**
   * Writes what has changed since the last call, and by and by everything that there is once more.
   * Returns how many of the last calls it takes to restore it, in order: 1 when all has been written
   * by this one. `restore` is given the task's state of the last one alone, and the entries of all:
   * a later one stands for an earlier one of the same, and what is over by now may still be among them.
   * `leastPart`: entries beside what has changed, at least.
   */
  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number;
}

export function isIncremental<O extends object>(operator: O): operator is O & Incremental {
  return 'snapshotChanges' in operator;
}

export function isClocked<O extends object>(operator: O): operator is O & Clocked {
  return 'dueAtMs' in operator;
}

/** An operator without state of its own that lets time pass through. */
export abstract class Transparent implements Operator {
  protected readonly next: Operator;

  constructor(next: Operator) {
    this.next = next;
  }

  abstract push(value: unknown, context: ContextCell): boolean;

  watermark(watermark: number): boolean {
    return this.next.watermark(watermark);
  }

  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    return this.next.resume();
  }

  snapshot(_writer: SnapshotWriter): void {}

  restore(_reader: SnapshotReader): void {}
}
