import type { ResolvedInterval } from '../join/spec.ts';
import { NO_ROWS, type PlainRows, TimedRows } from '../join/timed-rows.ts';
import { type Sleeper, Wakes } from '../join/wakes.ts';
import { kept } from '../record/kept.ts';
import { furthestBehind } from '../state/grouped.ts';
import { KeyObjects } from '../state/key-objects.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { JoinOutput } from './join-output.ts';
import type { LateOutput } from './late-output.ts';
import type { Incremental, Operator } from './operator.ts';
import type { TwoInputOperator } from './two-input.ts';

export interface IntervalJoinParts {
  readonly interval: ResolvedInterval;
  /** Whether left rows without a partner are given, and right ones. */
  readonly leftOuter: boolean;
  readonly rightOuter: boolean;
  /** Whether the values of a side are views of records, void after their push: copies are kept. */
  readonly leftViews: boolean;
  readonly rightViews: boolean;
  readonly output: JoinOutput;
  readonly late: LateOutput;
  readonly counts: RecordCounts;
}

/** The rows of one key. */
class KeyRows implements Sleeper {
  readonly key: unknown;
  left = NO_ROWS;
  right = NO_ROWS;
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(key: unknown) {
    this.key = key;
  }
}

/**
 * Pairs of one key with `l + lower ≤ r ≤ l + upper`, made as soon as both rows are there, at the time
 * of the later one. A left row is kept until `l + max(upper, 0)`, a right one until
 * `r + max(−lower, 0)`: after that no partner comes that is not late. Then a row that has had none is
 * given alone, at its own time, if its side is an outer one; time behind such a join is held back by
 * what that side keeps, so that these rows are not late there.
 */
export class IntervalJoinOperator implements TwoInputOperator, Incremental {
  private readonly lower: number;
  private readonly upper: number;
  private readonly lateBy: number;
  private readonly keepLeft: number;
  private readonly keepRight: number;
  private readonly leftStride: number;
  private readonly rightStride: number;
  private readonly leftViews: boolean;
  private readonly rightViews: boolean;
  private readonly leftOuter: boolean;
  private readonly rightOuter: boolean;
  private readonly holdsBack: number;
  private readonly output: JoinOutput;
  private readonly late: LateOutput;
  private readonly counts: RecordCounts;
  private readonly next: Operator;

  private readonly keys = new KeyObjects<KeyRows>(({ left, right }) => [
    left.plain(),
    right.plain(),
  ]);
  private readonly wakes = new Wakes<KeyRows>();
  private now = Number.NEGATIVE_INFINITY;
  private lateBefore = Number.NEGATIVE_INFINITY;
  /** Rows before these are gone, whether they lie there still or not. */
  private leftsFrom = Number.NEGATIVE_INFINITY;
  private rightsFrom = Number.NEGATIVE_INFINITY;

  /** The row that is being joined, its side, and the part of the other side that is still to come. */
  private rows: KeyRows | undefined;
  private fromLeft = false;
  private rowAt = 0;
  private otherAt = 0;
  private lastTime = 0;
  /** Whether the watermark still has keys to look after before it is passed on, and which one now. */
  private advancing = false;
  private waking: KeyRows | undefined;

  constructor(parts: IntervalJoinParts, next: Operator) {
    const { interval, leftOuter, rightOuter } = parts;
    this.lower = interval.lower;
    this.upper = interval.upper;
    this.lateBy = interval.lateBy;
    this.keepLeft = Math.max(interval.upper, 0);
    this.keepRight = Math.max(-interval.lower, 0);
    this.leftOuter = leftOuter;
    this.rightOuter = rightOuter;
    this.leftStride = strideOf(this.keepLeft, leftOuter);
    this.rightStride = strideOf(this.keepRight, rightOuter);
    this.holdsBack = Math.max(leftOuter ? this.keepLeft : 0, rightOuter ? this.keepRight : 0);
    this.output = parts.output;
    this.leftViews = parts.leftViews;
    this.rightViews = parts.rightViews;
    this.late = parts.late;
    this.counts = parts.counts;
    this.next = next;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    const { timestamp } = context;
    if (timestamp < this.lateBefore) return this.late.push(value, context, this.now, 'left');
    const rows = this.rowsOf(context.key);
    if (rows.left === NO_ROWS) rows.left = new TimedRows(this.leftOuter);
    const at = rows.left.insert(timestamp, this.leftViews ? kept(value) : value);
    this.wakes.at(rows, dueAt(timestamp + this.keepLeft, this.leftStride));
    if (rows.right.size === 0) return true;
    this.fromLeft = true;
    this.lastTime = timestamp + this.upper;
    return this.join(rows, at, rows.right, Math.max(timestamp + this.lower, this.rightsFrom));
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    const { timestamp } = context;
    if (timestamp < this.lateBefore) return this.late.push(value, context, this.now, 'right');
    const rows = this.rowsOf(context.key);
    if (rows.right === NO_ROWS) rows.right = new TimedRows(this.rightOuter);
    const at = rows.right.insert(timestamp, this.rightViews ? kept(value) : value);
    this.wakes.at(rows, dueAt(timestamp + this.keepRight, this.rightStride));
    if (rows.left.size === 0) return true;
    this.fromLeft = false;
    this.lastTime = timestamp - this.lower;
    return this.join(rows, at, rows.left, Math.max(timestamp - this.upper, this.leftsFrom));
  }

  watermark(watermark: number): boolean {
    if (watermark <= this.now) return true;
    this.setTime(watermark);
    if (this.wakes.nextAt > watermark) return this.passTime();
    this.advancing = true;
    return this.advance();
  }

  endLeft(): boolean {
    return true;
  }

  endRight(): boolean {
    return true;
  }

  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    if (!this.next.resume()) return false;
    if (this.rows !== undefined) return this.makePairs(this.rows);
    return this.advancing ? this.advance() : true;
  }

  snapshot(writer: SnapshotWriter): void {
    this.keys.snapshot(writer, this.now);
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    return this.keys.snapshotChanges(writer, this.now, leastPart);
  }

  restore(reader: SnapshotReader): void {
    this.keys.restore(
      reader,
      furthestBehind(watermark => this.setTime(watermark)),
      (key, [left, right]) => {
        const rows = new KeyRows(key);
        rows.left = new TimedRows(this.leftOuter);
        rows.right = new TimedRows(this.rightOuter);
        rows.left.addAll(left as PlainRows);
        rows.right.addAll(right as PlainRows);
        this.keys.set(key, rows);
        this.wakes.at(rows, this.wakeAt(rows));
      },
    );
  }

  private setTime(watermark: number): void {
    this.now = watermark;
    this.lateBefore = watermark - this.lateBy;
    // A row that is not kept at all lies there until the next watermark, and is seen until then.
    if (this.keepLeft > 0) this.leftsFrom = watermark - this.keepLeft + 1;
    if (this.keepRight > 0) this.rightsFrom = watermark - this.keepRight + 1;
  }

  private rowsOf(key: unknown): KeyRows {
    this.counts.joined++;
    this.keys.note(key);
    let rows = this.keys.get(key);
    if (rows === undefined) {
      rows = new KeyRows(key);
      this.keys.set(key, rows);
    }
    return rows;
  }

  private join(rows: KeyRows, at: number, others: TimedRows, firstTime: number): boolean {
    const otherAt = others.from(firstTime);
    if (otherAt === others.end || others.times[otherAt] > this.lastTime) return true;
    this.rows = rows;
    this.rowAt = at;
    this.otherAt = otherAt;
    this.output.aim(rows.key, undefined);
    return this.makePairs(rows);
  }

  private makePairs(rows: KeyRows): boolean {
    const { output, fromLeft, rowAt, lastTime } = this;
    const { left, right } = rows;
    const others = fromLeft ? right : left;
    const time = fromLeft ? left.times[rowAt] : right.times[rowAt];
    while (this.otherAt < others.end && others.times[this.otherAt] <= lastTime) {
      const otherAt = this.otherAt++;
      const leftAt = fromLeft ? rowAt : otherAt;
      const rightAt = fromLeft ? otherAt : rowAt;
      if (left.marks !== undefined) left.marks[leftAt] = 1;
      if (right.marks !== undefined) right.marks[rightAt] = 1;
      const otherTime = others.times[otherAt];
      if (!output.pair(left, leftAt, right, rightAt, Math.max(time, otherTime))) {
        return false;
      }
    }
    this.rows = undefined;
    return true;
  }

  /** Lets go of all that no partner can come for, then passes the watermark on. */
  private advance(): boolean {
    const { wakes, now } = this;
    for (;;) {
      if (this.waking !== undefined && !this.wake(this.waking)) return false;
      if (wakes.size === 0 || wakes.nextAt > now) break;
      this.waking = wakes.pop();
      if (this.waking !== undefined) this.output.aim(this.waking.key, undefined);
    }
    this.advancing = false;
    return this.passTime();
  }

  private wake(rows: KeyRows): boolean {
    const { left, right } = rows;
    this.keys.note(rows.key);
    if (this.leftOuter) {
      while (left.size > 0 && left.first + this.keepLeft <= this.now) {
        if (!this.giveLeft(left)) return false;
      }
    } else {
      left.dropTo(left.after(this.now - this.keepLeft));
    }
    if (this.rightOuter) {
      while (right.size > 0 && right.first + this.keepRight <= this.now) {
        if (!this.giveRight(right)) return false;
      }
    } else {
      right.dropTo(right.after(this.now - this.keepRight));
    }
    this.waking = undefined;
    if (left.size === 0 && right.size === 0) this.keys.delete(rows.key);
    else this.wakes.at(rows, this.wakeAt(rows));
    return true;
  }

  /** The first left row goes, alone if it never had a partner. */
  private giveLeft(left: TimedRows): boolean {
    const { head } = left;
    const alone = (left.marks as number[])[head] === 0;
    const time = left.times[head];
    const value = left.values[head];
    left.dropTo(head + 1);
    return alone ? this.output.leftAlone(value, time) : true;
  }

  private giveRight(right: TimedRows): boolean {
    const { head } = right;
    const alone = (right.marks as number[])[head] === 0;
    const time = right.times[head];
    const value = right.values[head];
    right.dropTo(head + 1);
    return alone ? this.output.rightAlone(value, time) : true;
  }

  private wakeAt({ left, right }: KeyRows): number {
    return Math.min(
      dueAt(left.first + this.keepLeft, this.leftStride),
      dueAt(right.first + this.keepRight, this.rightStride),
    );
  }

  private passTime(): boolean {
    return this.next.watermark(this.now - this.holdsBack);
  }
}

/** Rows of an inner side go in strides of this part of their time. */
const STRIDES = 8;

/**
 * A row that has to be given when its time is over is looked after at that very time. Others are only
 * memory: they may lie a little longer, so that many of them, of many keys, go at once.
 */
function strideOf(keep: number, outer: boolean): number {
  if (outer || keep === Number.POSITIVE_INFINITY) return 1;
  return Math.max(1, Math.floor(keep / STRIDES));
}

/** The first multiple of `stride` at or after `time`. */
function dueAt(time: number, stride: number): number {
  return stride === 1 ? time : Math.ceil(time / stride) * stride;
}
