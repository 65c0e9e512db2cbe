import { furthestBehind, readByGroup, writeByGroup } from '../state/grouped.ts';
import { keyGroupOf } from '../state/key-groups.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { Adder } from '../window/adder.ts';
import { Cell } from '../window/guard.ts';
import { type LiveWindow, LiveWindows, NO_SPAN, type Span } from '../window/live-windows.ts';
import type { PaneLogic } from '../window/pane.ts';
import { PaneSweep } from '../window/pane-sweep.ts';
import type { SlidingAssigner } from '../window/sliding.ts';
import type { EventTimeTrigger } from '../window/trigger.ts';
import type { Panes, Window } from '../window/window.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { LateOutput } from './late-output.ts';
import type { Incremental, Operator } from './operator.ts';
import type { WindowOutput } from './window-output.ts';

/** A firing that may have been suspended between two keys. */
interface Firing {
  readonly live: LiveWindow;
  /** What users see of the window; they may keep it. */
  readonly edges: Window;
  readonly cells: Iterator<Cell, undefined>;
}

export interface TimeWindowParts {
  readonly step: string;
  readonly assigner: SlidingAssigner;
  readonly trigger: EventTimeTrigger;
  readonly panes: Panes;
  readonly logic: PaneLogic;
  readonly output: WindowOutput;
  readonly late: LateOutput;
  readonly faults: Faults;
  readonly counts: RecordCounts;
}

/**
 * Tumbling and hopping windows of event time, keyed or not. State is kept window by window and in
 * each key by key: aligned windows share their edges, so one entry in the queue serves all keys.
 */
export class TimeWindowOperator implements Operator, Incremental {
  private readonly step: string;
  private readonly panes: Panes;
  private readonly output: WindowOutput;
  private readonly late: LateOutput;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;
  private readonly next: Operator;
  private readonly windows: LiveWindows;
  private readonly adder: Adder;
  /** Goes over all panes, a part for each snapshot; undefined before the first one. */
  private sweep: PaneSweep | undefined;
  /** The span of the last value. */
  private span = NO_SPAN;

  /** A firing by the watermark that is not finished. */
  private firing: Firing | undefined;
  /** Whether the watermark still has windows to fire or clean up before it is passed on. */
  private advancing = false;
  /** Whether a late value still has windows of its span to fire, the next of them, and its key. */
  private firingLate = false;
  private lateWindow = 0;
  private lateKey: unknown;

  constructor(parts: TimeWindowParts, next: Operator) {
    this.step = parts.step;
    this.panes = parts.panes;
    this.output = parts.output;
    this.late = parts.late;
    this.faults = parts.faults;
    this.counts = parts.counts;
    this.next = next;
    this.windows = new LiveWindows(parts.assigner, parts.trigger);
    this.adder = new Adder(parts.logic, parts.step);
  }

  push(value: unknown, context: ContextCell): boolean {
    const { timestamp } = context;
    let { span } = this;
    if (timestamp < span.start || timestamp >= span.end) {
      span = this.windows.spanOf(timestamp);
      if (span.windows.length === 0) return this.turnAway(span, value, context);
      this.span = span;
    }
    try {
      this.adder.add(span, context.key, value);
    } catch (error) {
      return this.recover(error, value, context);
    }
    this.counts.windowed++;
    return span.anyFired ? this.fireLate(context.key) : true;
  }

  watermark(watermark: number): boolean {
    const { windows } = this;
    if (watermark <= windows.now) return true;
    windows.now = watermark;
    if (windows.queue.nextAt > watermark) return this.next.watermark(watermark);
    this.advancing = true;
    return this.advance();
  }

  /** All windows have fired: the watermark before it was +∞. */
  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    if (!this.next.resume()) return false;
    if (!this.output.proceed()) return false;
    if (this.firingLate) return this.fireLateWindows();
    return this.advancing ? this.advance() : true;
  }

  /** Every pane as `[key, start, accumulator]` in its key's group; the rest follows from the watermark. */
  snapshot(writer: SnapshotWriter): void {
    const panes: [key: unknown, start: number, accumulator: unknown][] = [];
    for (const window of this.windows) {
      for (const cell of window.cells.values()) {
        panes.push([cell.key, window.start, cell.accumulator]);
      }
    }
    writeByGroup(writer, this.windows.now, panes, pane => keyGroupOf(pane[0]));
  }

  snapshotChanges(writer: SnapshotWriter): number {
    const { windows, adder } = this;
    // What goes in another way than with its window would have to be told.
    const isWhole = this.sweep === undefined || this.panes === 'discarding';
    if (isWhole) this.snapshot(writer);
    this.sweep ??= new PaneSweep(windows);
    const layers = isWhole ? this.sweep.begin() : this.writeChanges(writer, this.sweep);
    for (const window of windows) window.changed = [];
    adder.noting++;
    return layers;
  }

  private writeChanges(writer: SnapshotWriter, sweep: PaneSweep): number {
    const panes: [key: unknown, start: number, accumulator: unknown][] = [];
    for (const { start, changed } of this.windows) {
      for (const { key, accumulator } of changed) panes.push([key, start, accumulator]);
    }
    const layers = sweep.next(this.adder.noting, panes);
    writeByGroup(writer, this.windows.now, panes, pane => keyGroupOf(pane[0]));
    return layers;
  }

  restore(reader: SnapshotReader): void {
    readByGroup(
      reader,
      furthestBehind(watermark => {
        this.windows.now = watermark;
      }),
      (entry, writtenAt) => {
        const [key, start, accumulator] = entry as [unknown, number, unknown];
        // What had gone where it was written may be open to the task that was furthest behind.
        if (!this.windows.isOpen(start, writtenAt as number)) return;
        this.windows.open(start).cells.set(key, new Cell(key, accumulator));
      },
    );
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    const { span } = this;
    const outcome = this.faults.retry(error, () => this.adder.add(span, context.key, value));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    this.counts.windowed++;
    return span.anyFired ? this.fireLate(context.key) : true;
  }

  /** A value without an open window. */
  private turnAway(span: Span, value: unknown, context: ContextCell): boolean {
    if (span.assigned > 0) return this.late.push(value, context, this.windows.now);
    this.counts.unassigned++;
    return true;
  }

  /** A value came into windows that have fired: each fires again for its key, at once. */
  private fireLate(key: unknown): boolean {
    this.lateKey = key;
    this.lateWindow = 0;
    this.firingLate = true;
    return this.fireLateWindows();
  }

  private fireLateWindows(): boolean {
    const { output, panes, span } = this;
    const { trigger } = this.windows;
    while (this.lateWindow < span.windows.length) {
      const window = span.windows[this.lateWindow++];
      if (!window.fired) continue;
      const cell = window.cells.get(this.lateKey) as Cell;
      if (panes === 'discarding') window.cells.delete(this.lateKey);
      const timestamp = trigger.firesAt(window.end);
      if (!output.fire(cell, edgesOf(window), timestamp, panes === 'accumulating')) return false;
    }
    this.firingLate = false;
    return true;
  }

  /** Fires and cleans up all that is due, then passes the watermark on. */
  private advance(): boolean {
    const { queue, now } = this.windows;
    for (;;) {
      if (this.firing !== undefined && !this.fireCells(this.firing)) return false;
      if (queue.size === 0 || queue.nextAt > now) break;
      this.begin(queue.pop());
    }
    this.advancing = false;
    return this.next.watermark(now);
  }

  /** A window is due: it fires, or it goes. Either way what was known of its span is void. */
  private begin(window: LiveWindow): void {
    this.windows.forget();
    this.span = NO_SPAN;
    if (window.fired) {
      this.windows.delete(window);
      return;
    }
    window.fired = true;
    this.firing = { live: window, edges: edgesOf(window), cells: window.cells.values() };
  }

  private fireCells(firing: Firing): boolean {
    const { output, panes } = this;
    const { trigger } = this.windows;
    const { live, edges, cells } = firing;
    const timestamp = trigger.firesAt(live.end);
    const stays = trigger.allowedLateness > 0;
    const survives = stays && panes === 'accumulating';
    for (let step = cells.next(); step.done !== true; step = cells.next()) {
      if (!output.fire(step.value, edges, timestamp, survives)) return false;
    }
    this.firing = undefined;
    if (!stays) {
      this.windows.delete(live);
      return true;
    }
    if (panes === 'discarding') live.cells.clear();
    this.windows.keepUntilCleanup(live);
    return true;
  }
}

/** What users see of a window; they may keep it. */
export function edgesOf({ start, end }: Window): Window {
  return Object.freeze({ start, end });
}
