import type { AnyJoin, JoinContext } from '../join/join.ts';
import type { TimedRows } from '../join/timed-rows.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { Window } from '../window/window.ts';
import { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Operator } from './operator.ts';

/** What a join is told about, as we write it. */
class Info implements JoinContext {
  key: unknown = undefined;
  timestamp = 0;
  leftTimestamp: number | undefined = 0;
  rightTimestamp: number | undefined = 0;
  window: Window | undefined = undefined;
}

/**
 * Makes results of rows and hands them on. A function that throws is called again; then the rows are
 * a dead letter. One call makes one output, so nothing is left to do when that suspends.
 */
export class JoinOutput {
  readonly step: string;
  private readonly join: AnyJoin;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;
  private readonly next: Operator;
  /** The results' context: not that of the row that came last. */
  private readonly context = new ContextCell();
  private readonly info = new Info();
  private left: unknown;
  private right: unknown;

  constructor(step: string, join: AnyJoin, faults: Faults, counts: RecordCounts, next: Operator) {
    this.step = step;
    this.join = join;
    this.faults = faults;
    this.counts = counts;
    this.next = next;
  }

  /** What the next results are of. */
  aim(key: unknown, window: Window | undefined): void {
    this.info.key = key;
    this.context.key = key;
    this.info.window = window;
  }

  /** The result of two rows, by their indexes. `false`: suspended. */
  pair(left: TimedRows, leftAt: number, right: TimedRows, rightAt: number, time: number): boolean {
    const { info } = this;
    info.leftTimestamp = left.times[leftAt];
    info.rightTimestamp = right.times[rightAt];
    return this.make(left.values[leftAt], right.values[rightAt], time);
  }

  /** The result of a left row and the version that it sees, at the row's time. */
  versionOf(left: unknown, time: number, right: unknown, rightTime: number): boolean {
    const { info } = this;
    info.leftTimestamp = time;
    info.rightTimestamp = rightTime;
    return this.make(left, right, time);
  }

  /** The result of a left row alone, at its own time. */
  leftAlone(value: unknown, time: number): boolean {
    const { info } = this;
    info.leftTimestamp = time;
    info.rightTimestamp = undefined;
    return this.make(value, undefined, time);
  }

  rightAlone(value: unknown, time: number): boolean {
    const { info } = this;
    info.leftTimestamp = undefined;
    info.rightTimestamp = time;
    return this.make(undefined, value, time);
  }

  private make(left: unknown, right: unknown, time: number): boolean {
    this.left = left;
    this.right = right;
    this.info.timestamp = time;
    this.context.timestamp = time;
    this.counts.fired++;
    let result: unknown;
    try {
      result = this.join(left, right, this.info);
    } catch (error) {
      return this.recover(error);
    }
    return this.pass(result);
  }

  private pass(result: unknown): boolean {
    if (result instanceof Promise) refusePromise(this.step, result);
    return this.next.push(result, this.context);
  }

  private recover(error: unknown): boolean {
    const { left, right, info, faults } = this;
    const outcome = faults.retry(error, () => this.join(left, right, info));
    if (!outcome.failed) return this.pass(outcome.value);
    const { key, timestamp } = info;
    return faults.deadPair(this.step, outcome.error, { key, left, right }, timestamp);
  }
}
