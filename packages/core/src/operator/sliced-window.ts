import { furthestBehind, readByGroup, writeByGroup } from '../state/grouped.ts';
import { Increments } from '../state/increments.ts';
import { keyGroupOf } from '../state/key-groups.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { Cell, NO_GUARD } from '../window/guard.ts';
import { KeySlices } from '../window/key-slices.ts';
import { type LiveWindow, LiveWindows, NO_SPAN } from '../window/live-windows.ts';
import type { PaneLogic } from '../window/pane.ts';
import { type PlainSlice, SliceChanges } from '../window/slice-changes.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { Window } from '../window/window.ts';
import type { ContextCell } from './context.ts';
import type { Incremental, Operator } from './operator.ts';
import { edgesOf, type TimeWindowParts } from './time-window.ts';

/** A firing that may have been suspended between two keys. */
interface Firing {
  readonly live: LiveWindow;
  readonly edges: Window;
  readonly keys: Iterator<KeySlices, undefined>;
}

/**
 * Overlapping windows of event time whose aggregate can merge: see `KeySlices`. What a value costs does
 * not depend on how many windows it is in. Results are those of `TimeWindowOperator`:
 *
 * - A window that is too late for a value has gone for good, so that whatever windows still fire have
 *   been open to every value of their slices.
 * - A value for a window that has fired fires it again, with all its slices; with discarding panes
 *   with that value alone, which is all that came since.
 */
export class SlicedWindowOperator implements Operator, Incremental {
  private readonly parts: TimeWindowParts;
  private readonly next: Operator;
  private readonly windows: LiveWindows;
  private readonly byKey = new Map<unknown, KeySlices>();
  private readonly changes = new SliceChanges(this.byKey);
  private readonly increments = new Increments([this.changes]);
  private readonly guarded: boolean;
  /** The span of the last value: its slice, and the windows that it is in. */
  private span = NO_SPAN;

  private firing: Firing | undefined;
  private advancing = false;
  /** Whether a late value still has windows of its span to fire, the next of them, the value. */
  private firingLate = false;
  private lateWindow = 0;
  private lateKey: unknown;
  private readonly lateCells: (Cell | undefined)[] = [];

  constructor(parts: TimeWindowParts, next: Operator) {
    this.parts = parts;
    this.next = next;
    this.windows = new LiveWindows(parts.assigner, parts.trigger);
    this.guarded = parts.logic.guard !== NO_GUARD;
  }

  push(value: unknown, context: ContextCell): boolean {
    const { timestamp, key } = context;
    let { span } = this;
    if (timestamp < span.start || timestamp >= span.end) {
      span = this.windows.spanOf(timestamp);
      // Windows overlap, so that every value has some: all of them are late.
      if (span.windows.length === 0) {
        return this.parts.late.push(value, context, this.windows.now);
      }
      this.span = span;
    }
    try {
      this.add(key, value);
    } catch (error) {
      const { faults, step } = this.parts;
      const outcome = faults.retry(error, () => this.add(key, value));
      if (outcome.failed) return faults.deadLetter(step, outcome.error, value, context);
    }
    this.parts.counts.windowed++;
    if (!span.anyFired) return true;
    this.lateKey = key;
    this.lateWindow = 0;
    this.firingLate = true;
    return this.fireLate();
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
    if (!this.next.resume() || !this.parts.output.proceed()) return false;
    if (this.firingLate) return this.fireLate();
    return this.advancing ? this.advance() : true;
  }

  /** Every slice in its key's group; the rest follows from the watermark. */
  snapshot(writer: SnapshotWriter): void {
    this.write(writer, this.increments.whole());
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    const { entries, layers } = this.increments.take(leastPart);
    this.write(writer, entries);
    return layers;
  }

  private write(writer: SnapshotWriter, slices: Iterable<PlainSlice>): void {
    writeByGroup(writer, this.windows.now, slices, ([key]) => keyGroupOf(key));
  }

  restore(reader: SnapshotReader): void {
    const { windows } = this;
    readByGroup(
      reader,
      furthestBehind(watermark => {
        windows.now = watermark;
      }),
      (entry, writtenAt) => {
        const [key, start, accumulator] = entry as [unknown, number, unknown];
        // What had gone where it was written may be open to the task that was furthest behind.
        if (!windows.isAnyOpen(start, writtenAt as number)) return;
        windows.spanOf(start);
        const slices = this.slicesOf(key);
        const cell = slices.at(start);
        if (cell === undefined) slices.insert(start, new Cell(key, accumulator));
        else cell.accumulator = accumulator;
      },
    );
  }

  private slicesOf(key: unknown): KeySlices {
    let slices = this.byKey.get(key);
    if (slices === undefined) {
      slices = new KeySlices(key);
      this.byKey.set(key, slices);
    }
    return slices;
  }

  /** Adds a value to its slice, or throws what user code throws and leaves all as it was. */
  private add(key: unknown, value: unknown): void {
    const { span } = this;
    const { logic, panes } = this.parts;
    const input = logic.read(value);
    if (span.anyFired && panes === 'discarding') this.addAlone(key, input, value);
    const slices = this.byKey.get(key);
    const cell = slices?.at(span.start);
    if (slices === undefined || cell === undefined) {
      const added = this.checked(logic.add(logic.create(), input, value));
      const made = new Cell(key, added);
      this.slicesOf(key).insert(span.start, made);
      this.changes.note(span.start, made);
      return;
    }
    if (this.guarded) this.addGuarded(cell, logic, input, value);
    else cell.accumulator = this.checked(logic.add(cell.accumulator, input, value));
    slices.touched(span.start);
    this.changes.note(span.start, cell);
  }

  private addGuarded(cell: Cell, logic: PaneLogic, input: unknown, value: unknown): void {
    const { guard } = logic;
    const kept = guard.keep(cell);
    try {
      cell.accumulator = this.checked(logic.add(cell.accumulator, input, value));
    } catch (error) {
      guard.restore(cell, kept);
      throw error;
    }
    if (guard.settles) guard.settle(cell, value);
  }

  /** The value alone, for each window that has fired. */
  private addAlone(key: unknown, input: unknown, value: unknown): void {
    const { logic } = this.parts;
    for (const [i, { fired }] of this.span.windows.entries()) {
      this.lateCells[i] = fired
        ? new Cell(key, this.checked(logic.add(logic.create(), input, value)))
        : undefined;
    }
  }

  private checked(accumulator: unknown): unknown {
    if (accumulator instanceof Promise) refusePromise(this.parts.step, accumulator);
    return accumulator;
  }

  /** A value came into windows that have fired: each fires again for its key, at once. */
  private fireLate(): boolean {
    const { span } = this;
    while (this.lateWindow < span.windows.length) {
      const at = this.lateWindow++;
      const window = span.windows[at];
      if (window.fired && !this.fireLateWindow(window, at)) return false;
    }
    this.firingLate = false;
    return true;
  }

  private fireLateWindow(window: LiveWindow, at: number): boolean {
    const { logic, panes } = this.parts;
    if (panes === 'discarding') return this.fire(this.lateCells[at] as Cell, edgesOf(window));
    const slices = this.slicesOf(this.lateKey);
    const merge = (): unknown => slices.mergedAlone(window.start, window.end, logic);
    return this.fireMerged(slices, edgesOf(window), merge);
  }

  /** Fires and cleans up all that is due, then passes the watermark on. */
  private advance(): boolean {
    const { queue, now } = this.windows;
    for (;;) {
      if (this.firing !== undefined && !this.fireKeys(this.firing)) return false;
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
      this.delete(window);
      for (const slices of this.byKey.values()) this.evict(slices, window);
      return;
    }
    window.fired = true;
    this.firing = { live: window, edges: edgesOf(window), keys: this.byKey.values() };
  }

  private fireKeys({ live, edges, keys }: Firing): boolean {
    const { logic, trigger } = this.parts;
    const { start, end } = live;
    const stays = trigger.allowedLateness > 0;
    for (let step = keys.next(); step.done !== true; step = keys.next()) {
      const slices = step.value;
      if (!slices.has(start, end)) continue;
      const merge = (): unknown => slices.merged(start, end, logic);
      if (!this.fireMerged(slices, edges, merge, stays ? undefined : live)) return false;
    }
    this.firing = undefined;
    if (stays) this.windows.keepUntilCleanup(live);
    else this.delete(live);
    return true;
  }

  /** Fires what `merge` gives; after it, slices that only `leaving` needed go. */
  private fireMerged(
    slices: KeySlices,
    edges: Window,
    merge: () => unknown,
    leaving?: LiveWindow,
  ): boolean {
    const { faults, step, counts } = this.parts;
    let accumulator: unknown;
    try {
      accumulator = merge();
    } catch (error) {
      const outcome = faults.retry(error, merge);
      if (outcome.failed) {
        counts.fired++;
        const { key } = slices;
        const parts = Array.from(slices, ([, part]) => part);
        if (leaving !== undefined) this.evict(slices, leaving);
        const { start, end } = edges;
        const dead = { key, window: { start, end }, accumulator: parts };
        return faults.deadPane(step, outcome.error, dead, end - 1);
      }
      accumulator = outcome.value;
    }
    if (leaving !== undefined) this.evict(slices, leaving);
    return this.fire(new Cell(slices.key, accumulator), edges);
  }

  private fire(cell: Cell, edges: Window): boolean {
    return this.parts.output.fire(cell, edges, edges.end - 1, false);
  }

  private delete(window: LiveWindow): void {
    this.windows.delete(window);
    this.changes.evict(this.keptFrom(window));
  }

  /** A window has gone, and with it the slices that no later one has. */
  private evict(slices: KeySlices, window: LiveWindow): void {
    slices.evict(this.keptFrom(window));
    if (slices.empty) this.byKey.delete(slices.key);
  }

  /** Where the slices begin that a later window has. */
  private keptFrom({ start }: LiveWindow): number {
    return start + this.parts.assigner.slide;
  }
}
