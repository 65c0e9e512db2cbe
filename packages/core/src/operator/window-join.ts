import { type OpenWindow, OpenWindows, type Span, WindowedRows } from '../join/open-windows.ts';
import { NO_ROWS, type PlainRows, TimedRows } from '../join/timed-rows.ts';
import { kept } from '../record/kept.ts';
import { furthestBehind } from '../state/grouped.ts';
import { KeyObjects } from '../state/key-objects.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { SlidingAssigner } from '../window/sliding.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { JoinOutput } from './join-output.ts';
import type { LateOutput } from './late-output.ts';
import type { Incremental, Operator } from './operator.ts';
import { PairLoop } from './pair-loop.ts';
import type { TwoInputOperator } from './two-input.ts';

export interface WindowJoinParts {
  readonly assigner: SlidingAssigner;
  readonly allowedLateness: number;
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

/**
 * Pairs of one key and window, tumbling or hopping, made when the window fires, at its end − 1. A row
 * that comes later and is allowed makes its pairs at once, and no pair twice. When the window goes,
 * the rows of an outer side that had no partner in it are given alone, at their own time; time behind
 * such a join is held back by the window's life, so that these rows are not late there.
 */
export class WindowJoinOperator implements TwoInputOperator, Incremental {
  private readonly slide: number;
  private readonly leftViews: boolean;
  private readonly rightViews: boolean;
  private readonly leftOuter: boolean;
  private readonly rightOuter: boolean;
  private readonly holdsBack: number;
  private readonly late: LateOutput;
  private readonly counts: RecordCounts;
  private readonly loop: PairLoop;
  private readonly next: Operator;

  private readonly keys = new KeyObjects<WindowedRows>(({ left, right }) => [
    left.plain(),
    right.plain(),
  ]);
  private readonly windows: OpenWindows;

  /** A row that has come into windows that have fired, and the next of them. */
  private lateRows: WindowedRows | undefined;
  private lateSpan!: Span;
  private lateIsLeft = false;
  private lateAt = 0;
  private lateWindow = 0;
  /** Whether the watermark still has windows to look after before it is passed on. */
  private advancing = false;
  /** The window that fires or goes, the keys left in it, and which of a key's sides comes next. */
  private window: OpenWindow | undefined;
  private going = false;
  private rest!: Iterator<WindowedRows, undefined>;
  private rows: WindowedRows | undefined;
  private phase: 'left' | 'right' | 'drop' = 'left';

  constructor(parts: WindowJoinParts, next: Operator) {
    const { assigner, allowedLateness, leftOuter, rightOuter } = parts;
    this.windows = new OpenWindows(assigner, allowedLateness);
    this.slide = assigner.slide;
    this.leftOuter = leftOuter;
    this.rightOuter = rightOuter;
    this.holdsBack = leftOuter || rightOuter ? assigner.size - 1 + allowedLateness : 0;
    this.leftViews = parts.leftViews;
    this.rightViews = parts.rightViews;
    this.late = parts.late;
    this.counts = parts.counts;
    this.loop = new PairLoop(parts.output);
    this.next = next;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    const span = this.windows.spanOf(context.timestamp);
    if (span.windows.length === 0) return this.turnAway(span, value, context, 'left');
    const rows = this.rowsOf(context.key, span);
    if (rows.left === NO_ROWS) rows.left = new TimedRows(false);
    const at = rows.left.insert(context.timestamp, this.leftViews ? kept(value) : value);
    return span.anyFired ? this.joinLate(rows, span, true, at) : true;
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    const span = this.windows.spanOf(context.timestamp);
    if (span.windows.length === 0) return this.turnAway(span, value, context, 'right');
    const rows = this.rowsOf(context.key, span);
    if (rows.right === NO_ROWS) rows.right = new TimedRows(false);
    const at = rows.right.insert(context.timestamp, this.rightViews ? kept(value) : value);
    return span.anyFired ? this.joinLate(rows, span, false, at) : true;
  }

  watermark(watermark: number): boolean {
    const { windows } = this;
    if (watermark <= windows.now) return true;
    windows.now = watermark;
    if (windows.queue.nextAt > watermark) return this.passTime();
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
    if (!this.next.resume() || !this.loop.proceed()) return false;
    if (this.lateRows !== undefined) return this.joinLateWindows(this.lateRows);
    return this.advancing ? this.advance() : true;
  }

  /** The rows of every key; the windows follow from them. */
  snapshot(writer: SnapshotWriter): void {
    this.keys.snapshot(writer, this.windows.now);
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    return this.keys.snapshotChanges(writer, this.windows.now, leastPart);
  }

  restore(reader: SnapshotReader): void {
    this.keys.restore(
      reader,
      furthestBehind(watermark => {
        this.windows.now = watermark;
      }),
      (key, parts) => {
        const [left, right] = parts as [PlainRows, PlainRows];
        const rows = new WindowedRows(key);
        rows.left = new TimedRows(false);
        rows.right = new TimedRows(false);
        rows.left.addAll(left);
        rows.right.addAll(right);
        this.keys.set(key, rows);
        for (const time of [...left[0], ...right[0]]) rows.enter(this.windows.spanOf(time));
      },
    );
  }

  /** A value without an open window. */
  private turnAway(
    span: Span,
    value: unknown,
    context: ContextCell,
    side: 'left' | 'right',
  ): boolean {
    if (span.assigned > 0) return this.late.push(value, context, this.windows.now, side);
    this.counts.unassigned++;
    return true;
  }

  private rowsOf(key: unknown, span: Span): WindowedRows {
    this.counts.joined++;
    this.keys.note(key);
    let rows = this.keys.get(key);
    if (rows === undefined) {
      rows = new WindowedRows(key);
      this.keys.set(key, rows);
    }
    rows.enter(span);
    return rows;
  }

  /** A row came into windows that have fired: it makes its pairs in each of them at once. */
  private joinLate(rows: WindowedRows, span: Span, isLeft: boolean, at: number): boolean {
    this.lateRows = rows;
    this.lateSpan = span;
    this.lateIsLeft = isLeft;
    this.lateAt = at;
    this.lateWindow = 0;
    return this.joinLateWindows(rows);
  }

  private joinLateWindows(rows: WindowedRows): boolean {
    const { lateAt } = this;
    const { windows } = this.lateSpan;
    while (this.lateWindow < windows.length) {
      const { fired, edges } = windows[this.lateWindow++];
      if (!fired) continue;
      const { key, left, right } = rows;
      const at = edges.end - 1;
      const done = this.lateIsLeft
        ? this.loop.pairs(
            key,
            edges,
            left,
            lateAt,
            lateAt + 1,
            right,
            right.from(edges.start),
            right.from(edges.end),
            at,
          )
        : this.loop.pairs(
            key,
            edges,
            left,
            left.from(edges.start),
            left.from(edges.end),
            right,
            lateAt,
            lateAt + 1,
            at,
          );
      if (!done) return false;
    }
    this.lateRows = undefined;
    return true;
  }

  /** Fires and cleans up all that is due, then passes the watermark on. */
  private advance(): boolean {
    const { queue, now } = this.windows;
    for (;;) {
      if (this.window !== undefined) {
        const done = this.going ? this.goes(this.window) : this.fires(this.window);
        if (!done) return false;
      }
      if (queue.size === 0 || queue.nextAt > now) break;
      this.begin(this.windows.next());
    }
    this.advancing = false;
    return this.passTime();
  }

  private begin(window: OpenWindow): void {
    this.window = window;
    this.going = window.fired;
    this.rest = window.keys.values();
  }

  private fires(window: OpenWindow): boolean {
    const { edges } = window;
    const { start, end } = edges;
    for (let step = this.rest.next(); step.done !== true; step = this.rest.next()) {
      const { key, left, right } = step.value;
      const done = this.loop.pairs(
        key,
        edges,
        left,
        left.from(start),
        left.from(end),
        right,
        right.from(start),
        right.from(end),
        end - 1,
      );
      if (!done) return false;
    }
    this.windows.keepUntilGone(window);
    this.window = undefined;
    return true;
  }

  private goes(window: OpenWindow): boolean {
    for (;;) {
      if (this.rows !== undefined && !this.leaves(this.rows, window)) return false;
      const step = this.rest.next();
      if (step.done === true) break;
      this.rows = step.value;
      this.phase = 'left';
    }
    this.windows.delete(window);
    this.window = undefined;
    return true;
  }

  /** A key's rows leave the window: alone where the other side has none, and then for good. */
  private leaves(rows: WindowedRows, { edges }: OpenWindow): boolean {
    const { key, left, right } = rows;
    const { start, end } = edges;
    if (this.phase === 'left') {
      this.phase = 'right';
      if (this.leftOuter && right.from(start) === right.from(end)) {
        const from = left.from(start);
        if (!this.loop.alone('left', key, edges, left, from, left.from(end))) return false;
      }
    }
    if (this.phase === 'right') {
      this.phase = 'drop';
      if (this.rightOuter && left.from(start) === left.from(end)) {
        const from = right.from(start);
        if (!this.loop.alone('right', key, edges, right, from, right.from(end))) return false;
      }
    }
    // Earlier windows have gone before, and the next one starts a slide later.
    const before = start + this.slide;
    this.keys.note(key);
    left.dropTo(left.from(before));
    right.dropTo(right.from(before));
    if (left.size === 0 && right.size === 0) this.keys.delete(key);
    this.rows = undefined;
    return true;
  }

  private passTime(): boolean {
    return this.next.watermark(this.windows.now - this.holdsBack);
  }
}
