import { fail } from '../errors.ts';
import { type PlainRows, TimedRows } from '../join/timed-rows.ts';
import { kept } from '../record/kept.ts';
import { described } from '../record/limits.ts';
import { type SnapshotReader, type SnapshotWriter, TASK_STATE } from '../state/snapshot.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { JoinOutput } from './join-output.ts';
import type { Operator } from './operator.ts';
import type { TwoInputOperator } from './two-input.ts';

type KeyFunction = (value: unknown, context: ContextCell) => unknown;

export interface LookupJoinParts {
  readonly step: string;
  readonly key: KeyFunction;
  readonly sideKey: KeyFunction;
  /** Whether the side's values are views of records, void after their push: copies are kept. */
  readonly sideViews: boolean;
  /** Whether values that find nothing are given. */
  readonly leftOuter: boolean;
  readonly output: JoinOutput;
  readonly faults: Faults;
  readonly counts: RecordCounts;
}

/**
 * Every value of the left with all values of the side that have its key, at the left's time and with
 * the left's key. The whole side is read before the first value of the left: whoever drives this must
 * not push left values before `endRight`. Every task has the whole side.
 */
export class LookupJoinOperator implements TwoInputOperator {
  private readonly step: string;
  private readonly keyOf: KeyFunction;
  private readonly sideKeyOf: KeyFunction;
  private readonly sideViews: boolean;
  private readonly leftOuter: boolean;
  private readonly output: JoinOutput;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;
  private readonly next: Operator;

  private readonly table = new Map<unknown, TimedRows>();
  private sideEnded = false;
  /** The value that is being joined and those of the side that are left for it. */
  private value: unknown;
  private timestamp = 0;
  private found: TimedRows | undefined;
  private at = 0;

  constructor(parts: LookupJoinParts, next: Operator) {
    this.step = parts.step;
    this.keyOf = parts.key;
    this.sideKeyOf = parts.sideKey;
    this.sideViews = parts.sideViews;
    this.leftOuter = parts.leftOuter;
    this.output = parts.output;
    this.faults = parts.faults;
    this.counts = parts.counts;
    this.next = next;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    if (!this.sideEnded) throw new Error('a value came before its side input had ended');
    let key: unknown;
    try {
      key = this.checked(this.keyOf(value, context));
    } catch (error) {
      const outcome = this.faults.retry(error, () => this.checked(this.keyOf(value, context)));
      if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
      key = outcome.value;
    }
    this.counts.joined++;
    const found = key === undefined || key === null ? undefined : this.table.get(key);
    if (found === undefined && !this.leftOuter) return true;
    this.output.aim(context.key, undefined);
    if (found === undefined) return this.output.leftAlone(value, context.timestamp);
    this.value = value;
    this.timestamp = context.timestamp;
    this.found = found;
    this.at = 0;
    return this.join(found);
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    let key: unknown;
    try {
      key = this.checked(this.sideKeyOf(value, context));
    } catch (error) {
      const outcome = this.faults.retry(error, () => this.checked(this.sideKeyOf(value, context)));
      if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
      key = outcome.value;
    }
    if (key === undefined || key === null) {
      // Nothing can ever look it up.
      this.counts.filtered++;
      return true;
    }
    this.counts.joined++;
    let rows = this.table.get(key);
    if (rows === undefined) {
      rows = new TimedRows(false);
      this.table.set(key, rows);
    }
    rows.insert(context.timestamp, this.sideViews ? kept(value) : value);
    return true;
  }

  watermark(watermark: number): boolean {
    return this.next.watermark(watermark);
  }

  endLeft(): boolean {
    return true;
  }

  endRight(): boolean {
    this.sideEnded = true;
    return true;
  }

  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    if (!this.next.resume()) return false;
    return this.found === undefined ? true : this.join(this.found);
  }

  /** The whole side in one piece: every task has it, and of several pieces one is enough. */
  snapshot(writer: SnapshotWriter): void {
    writer.group(TASK_STATE);
    writer.put([this.sideEnded, Array.from(this.table, ([key, rows]) => [key, rows.plain()])]);
  }

  restore(reader: SnapshotReader): void {
    let restored = false;
    for (let group = reader.nextGroup(); group !== undefined; group = reader.nextGroup()) {
      while (reader.more()) {
        const [ended, table] = reader.take() as [boolean, readonly [unknown, PlainRows][]];
        if (restored) continue;
        restored = true;
        this.sideEnded = ended;
        for (const [key, plain] of table) {
          const rows = new TimedRows(false);
          rows.addAll(plain);
          this.table.set(key, rows);
        }
      }
    }
  }

  private join(found: TimedRows): boolean {
    while (this.at < found.end) {
      const at = this.at++;
      const { values, times } = found;
      if (!this.output.versionOf(this.value, this.timestamp, values[at], times[at])) return false;
    }
    this.found = undefined;
    this.value = undefined;
    return true;
  }

  private checked(key: unknown): unknown {
    if (typeof key === 'string' || key === undefined || key === null) return key;
    if (typeof key === 'number' && !Number.isNaN(key)) return key;
    if (key instanceof Promise) refusePromise(this.step, key);
    return fail(
      'INVALID_KEY',
      `Step "${this.step}" gave ${described(key)} as a key; it must be text, a number, or undefined ` +
        'for none.',
    );
  }
}
