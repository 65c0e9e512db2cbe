import { readByGroup, writeByGroup } from '../state/grouped.ts';
import { keyGroupOf } from '../state/key-groups.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { DueQueue } from '../window/due.ts';
import { Cell } from '../window/guard.ts';
import type { PaneLogic } from '../window/pane.ts';
import type { SlidingAssigner } from '../window/sliding.ts';
import type { EventTimeTrigger } from '../window/trigger.ts';
import type { Panes, Window } from '../window/window.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import { type Faults, refusePromise } from './faults.ts';
import type { LateOutput } from './late-output.ts';
import type { Operator } from './operator.ts';
import type { WindowOutput } from './window-output.ts';

/** A window that holds state: the panes of all its keys, which all fire at once. */
class LiveWindow implements Window {
  readonly start: number;
  readonly end: number;
  /** When it fires, and after that, when it goes. */
  dueAt: number;
  /** Whether the watermark has passed it: it has fired, and a value for it fires it again. */
  fired: boolean;
  readonly cells = new Map<unknown, Cell>();

  constructor(start: number, end: number, dueAt: number, fired: boolean) {
    this.start = start;
    this.end = end;
    this.dueAt = dueAt;
    this.fired = fired;
  }
}

/** A firing that may have been suspended between two keys. */
interface Firing {
  readonly live: LiveWindow;
  /** What users see of the window; they may keep it. */
  readonly window: Window;
  readonly cells: Iterator<Cell, undefined>;
}

export interface TimeWindowParts {
  readonly assigner: SlidingAssigner;
  readonly trigger: EventTimeTrigger;
  readonly panes: Panes;
  readonly logic: PaneLogic;
  readonly output: WindowOutput;
  readonly late: LateOutput;
  readonly faults: Faults;
  readonly counts: RecordCounts;
  readonly step: string;
}

/**
 * Tumbling and hopping windows of event time, keyed or not. State is kept window by window and in
 * each key by key: aligned windows share their edges, so one entry in the queue serves all keys.
 *
 * The windows of the last value are remembered with the span of time in which the answer stays the
 * same; inside it a value costs one look into the map of its window.
 */
export class TimeWindowOperator implements Operator {
  private readonly parts: TimeWindowParts;
  private readonly next: Operator;
  private readonly live = new Map<number, LiveWindow>();
  private readonly queue = new DueQueue<LiveWindow>();
  private now = Number.NEGATIVE_INFINITY;

  /** The open windows of every timestamp in `[spanStart, spanEnd)`; an empty span: none known. */
  private readonly targets: LiveWindow[] = [];
  private targetCount = 0;
  private anyFired = false;
  private spanStart = Number.POSITIVE_INFINITY;
  private spanEnd = Number.NEGATIVE_INFINITY;
  private readonly starts: number[] = [];

  /** What to restore when `add` fails: cell by target, what the guard kept, whether it is new. */
  private readonly touched: Cell[] = [];
  private readonly kept: unknown[] = [];
  private readonly created: boolean[] = [];
  private touchedCount = 0;

  /** A firing by the watermark that is not finished. */
  private firing: Firing | undefined;
  /** Whether the watermark still has windows to fire or clean up before it is passed on. */
  private advancing = false;
  /** Whether a late value still has targets to fire, the next of them, and its key. */
  private firingLate = false;
  private lateTarget = 0;
  private lateKey: unknown;

  constructor(parts: TimeWindowParts, next: Operator) {
    this.parts = parts;
    this.next = next;
  }

  push(value: unknown, context: ContextCell): boolean {
    const timestamp = context.timestamp;
    if (!(timestamp >= this.spanStart && timestamp < this.spanEnd)) {
      const assigned = this.locate(timestamp);
      if (this.targetCount === 0) return this.turnAway(assigned, value, context);
    }
    const key = context.key;
    try {
      this.addToAll(key, value);
    } catch (error) {
      this.undo(key);
      const outcome = this.parts.faults.retry(error, () => this.addAgain(key, value));
      if (outcome.failed) {
        return this.parts.faults.deadLetter(this.parts.step, outcome.error, value, context);
      }
    }
    if (this.parts.logic.guard.settles) this.settle(value);
    this.parts.counts.windowed++;
    return this.anyFired ? this.fireLate(key) : true;
  }

  watermark(watermark: number): boolean {
    if (watermark <= this.now) return true;
    this.now = watermark;
    if (this.queue.nextAt > watermark) return this.next.watermark(watermark);
    this.advancing = true;
    return this.advance();
  }

  /** All windows have fired: the watermark before it was +∞. */
  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    if (!this.next.resume()) return false;
    if (!this.parts.output.proceed()) return false;
    if (this.firingLate) return this.fireLateTargets();
    return this.advancing ? this.advance() : true;
  }

  /** Every pane as `[start, accumulator]` under its key; the rest follows from the watermark. */
  snapshot(writer: SnapshotWriter): void {
    const panes: [key: unknown, start: number, accumulator: unknown][] = [];
    for (const window of this.live.values()) {
      for (const cell of window.cells.values()) {
        panes.push([cell.key, window.start, cell.accumulator]);
      }
    }
    writeByGroup(writer, this.now, panes, pane => keyGroupOf(pane[0]));
  }

  restore(reader: SnapshotReader): void {
    let watermark = Number.POSITIVE_INFINITY;
    this.now = Number.NEGATIVE_INFINITY;
    readByGroup(
      reader,
      state => {
        // Several tasks may have written: the one that was furthest behind holds.
        watermark = Math.min(watermark, state as number);
        this.now = watermark;
      },
      entry => {
        const [key, start, accumulator] = entry as [unknown, number, unknown];
        this.open(start).cells.set(key, new Cell(key, accumulator));
      },
    );
  }

  /** Finds the open windows of a timestamp; returns how many windows it has, late ones included. */
  private locate(timestamp: number): number {
    const { assigner, trigger } = this.parts;
    const assigned = assigner.assign(timestamp, this.starts);
    this.targetCount = 0;
    this.anyFired = false;
    for (let i = 0; i < assigned; i++) {
      const start = this.starts[i];
      if (trigger.cleanedUpAt(start + assigner.size) <= this.now) continue;
      const window = this.open(start);
      if (window.fired) this.anyFired = true;
      this.targets[this.targetCount++] = window;
    }
    if (this.targetCount > 0) {
      this.spanStart = assigner.spanStart;
      this.spanEnd = assigner.spanEnd;
    } else {
      this.forgetTargets();
    }
    return assigned;
  }

  private forgetTargets(): void {
    this.spanStart = Number.POSITIVE_INFINITY;
    this.spanEnd = Number.NEGATIVE_INFINITY;
  }

  private open(start: number): LiveWindow {
    const known = this.live.get(start);
    if (known !== undefined) return known;
    const { assigner, trigger } = this.parts;
    const end = start + assigner.size;
    const fired = trigger.firesAt(end) <= this.now;
    const dueAt = fired ? trigger.cleanedUpAt(end) : trigger.firesAt(end);
    const window = new LiveWindow(start, end, dueAt, fired);
    this.live.set(start, window);
    this.queue.push(window);
    return window;
  }

  /** A value without an open window. */
  private turnAway(assigned: number, value: unknown, context: ContextCell): boolean {
    if (assigned > 0) return this.parts.late.push(value, context, this.now);
    this.parts.counts.unassigned++;
    return true;
  }

  private addToAll(key: unknown, value: unknown): void {
    const { logic } = this.parts;
    const { guard } = logic;
    this.touchedCount = 0;
    for (let i = 0; i < this.targetCount; i++) {
      const { cells } = this.targets[i];
      let cell = cells.get(key);
      this.created[i] = cell === undefined;
      if (cell === undefined) {
        cell = new Cell(key, logic.create());
        cells.set(key, cell);
      }
      this.touched[i] = cell;
      this.kept[i] = guard.keep(cell);
      this.touchedCount = i + 1;
      const accumulator = logic.add(cell.accumulator, value);
      if (accumulator instanceof Promise) refusePromise(this.parts.step, accumulator);
      cell.accumulator = accumulator;
    }
  }

  private addAgain(key: unknown, value: unknown): void {
    try {
      this.addToAll(key, value);
    } catch (error) {
      this.undo(key);
      throw error;
    }
  }

  /** Takes a value out of every window that it was added to before one of them failed. */
  private undo(key: unknown): void {
    const { guard } = this.parts.logic;
    for (let i = 0; i < this.touchedCount; i++) {
      if (this.created[i]) this.targets[i].cells.delete(key);
      else guard.restore(this.touched[i], this.kept[i]);
    }
  }

  private settle(value: unknown): void {
    const { guard } = this.parts.logic;
    for (let i = 0; i < this.touchedCount; i++) guard.settle(this.touched[i], value);
  }

  /** A value came into windows that have fired: each fires again for its key, at once. */
  private fireLate(key: unknown): boolean {
    this.lateKey = key;
    this.lateTarget = 0;
    this.firingLate = true;
    return this.fireLateTargets();
  }

  private fireLateTargets(): boolean {
    const { output, trigger, panes } = this.parts;
    while (this.lateTarget < this.targetCount) {
      const window = this.targets[this.lateTarget++];
      if (!window.fired) continue;
      const cell = window.cells.get(this.lateKey) as Cell;
      if (panes === 'discarding') window.cells.delete(this.lateKey);
      const timestamp = trigger.firesAt(window.end);
      if (!output.fire(cell, spanOf(window), timestamp, panes === 'accumulating')) return false;
    }
    this.firingLate = false;
    return true;
  }

  /** Fires and cleans up all that is due, then passes the watermark on. */
  private advance(): boolean {
    for (;;) {
      if (this.firing !== undefined && !this.fireCells(this.firing)) return false;
      if (this.queue.size === 0 || this.queue.nextAt > this.now) break;
      this.begin(this.queue.pop());
    }
    this.advancing = false;
    return this.next.watermark(this.now);
  }

  /** A window is due: it fires, or it goes. Either way what was known of its span is void. */
  private begin(window: LiveWindow): void {
    this.forgetTargets();
    if (window.fired) {
      this.live.delete(window.start);
      return;
    }
    window.fired = true;
    this.firing = { live: window, window: spanOf(window), cells: window.cells.values() };
  }

  private fireCells(firing: Firing): boolean {
    const { output, trigger, panes } = this.parts;
    const { live, window, cells } = firing;
    const timestamp = trigger.firesAt(live.end);
    const stays = trigger.allowedLateness > 0;
    const survives = stays && panes === 'accumulating';
    for (let step = cells.next(); step.done !== true; step = cells.next()) {
      if (!output.fire(step.value, window, timestamp, survives)) return false;
    }
    this.firing = undefined;
    if (stays) {
      if (panes === 'discarding') live.cells.clear();
      live.dueAt = trigger.cleanedUpAt(live.end);
      this.queue.push(live);
    } else {
      this.live.delete(live.start);
    }
    return true;
  }
}

function spanOf(window: Window): Window {
  return Object.freeze({ start: window.start, end: window.end });
}
