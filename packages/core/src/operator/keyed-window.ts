import { furthestBehind } from '../state/grouped.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { Clock, TimeKind } from '../time/clock.ts';
import type { ResolvedEarly } from '../window/early.ts';
import type { KeyedPane } from '../window/keyed-pane.ts';
import { KeyedPanes } from '../window/keyed-panes.ts';
import type { PaneLogic } from '../window/pane.ts';
import { type PaneAssigner, Targets } from '../window/pane-assigner.ts';
import { PaneChange } from '../window/pane-change.ts';
import type { EventTimeTrigger } from '../window/trigger.ts';
import type { Now, TriggerCalls, Verdict } from '../window/user-trigger.ts';
import type { Panes } from '../window/window.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { LateOutput } from './late-output.ts';
import type { Clocked, Incremental, Operator } from './operator.ts';
import type { WindowOutput } from './window-output.ts';

const NEVER = Number.POSITIVE_INFINITY;

export interface KeyedWindowParts {
  readonly step: string;
  readonly assigner: PaneAssigner;
  readonly lateness: EventTimeTrigger;
  readonly panes: Panes;
  /** The window's own time. */
  readonly time: TimeKind;
  /** Values after which a window is full; +∞ for windows of time. */
  readonly capacity: number;
  readonly early: ResolvedEarly | undefined;
  readonly trigger: TriggerCalls | undefined;
  /** Whether the one result comes when nothing more can change it. */
  readonly onClose: boolean;
  readonly logic: PaneLogic;
  readonly output: WindowOutput;
  readonly late: LateOutput;
  readonly faults: Faults;
  readonly counts: RecordCounts;
  readonly clock: Clock;
}

/**
 * Windows whose keys have edges or times of their own: sessions, global windows, and every kind with
 * early results, a trigger of the user's, processing time, or results on closing only. (Tumbling and
 * hopping windows without these are `TimeWindowOperator`'s, where all keys of a window share one time.)
 *
 * The window's own time is the watermark, or for windows of processing time the clock − 1: the rules
 * are the same. A pane is woken by an alarm in a queue; one step of it is one call of user code and at
 * most one result, so that it can be suspended after any.
 */
export class KeyedWindowOperator implements Operator, Clocked, Incremental {
  private readonly parts: KeyedWindowParts;
  private readonly next: Operator;
  private readonly panes = new KeyedPanes();
  private readonly targets = new Targets();
  private readonly change: PaneChange;
  /** The window's own time, and the clock. */
  private readonly now: Now = {
    watermark: Number.NEGATIVE_INFINITY,
    clockMs: Number.NEGATIVE_INFINITY,
  };
  /** How far time is held back for what follows: results on closing come that much after their end. */
  private readonly heldBack: number;
  private readonly asksClock: boolean;
  /** Whether early results go by the clock and the window does not. */
  private readonly earlyByClock: boolean;
  /** Whether panes wait for nothing but their end and their close. */
  private readonly onlyEnds: boolean;

  /** The target that is to fire next, after a value. */
  private firing = 0;
  /** Whether own time or the clock still has panes to wake. */
  private advancing = false;
  private ticking = false;
  /** The pane that was woken last: its next alarm is not set yet. */
  private awake: KeyedPane | undefined;
  /** The watermark to pass on once all that is due has been done. */
  private passing: number | undefined;

  constructor(parts: KeyedWindowParts, next: Operator) {
    this.parts = parts;
    this.next = next;
    const { logic, step, trigger, onClose, lateness, time, early } = parts;
    this.change = new PaneChange(logic, trigger, step);
    this.heldBack = onClose ? lateness.allowedLateness : 0;
    this.earlyByClock = early?.time === 'processing' && time === 'event';
    this.onlyEnds = trigger === undefined && early === undefined;
    this.asksClock = time === 'processing' || this.earlyByClock || trigger !== undefined;
  }

  get dueAtMs(): number {
    const { queue, clockQueue } = this.panes;
    // The clock − 1 is what the watermark would be.
    const own = this.parts.time === 'processing' && queue.size > 0 ? queue.nextAt + 1 : NEVER;
    return clockQueue.size > 0 ? Math.min(own, clockQueue.nextAt) : own;
  }

  push(value: unknown, context: ContextCell): boolean {
    const { parts, targets, now } = this;
    let { timestamp } = context;
    if (this.asksClock) now.clockMs = Math.max(now.clockMs, parts.clock.now());
    if (parts.time === 'processing') timestamp = Math.max(now.clockMs, now.watermark + 1);
    const { key } = context;
    parts.assigner.assign(this.panes.of(key), key, timestamp, now.watermark, targets);
    if (targets.count === 0) return this.turnAway(value, context);
    this.panes.note(key);
    try {
      this.change.add(targets, value, timestamp, now);
    } catch (error) {
      const outcome = this.retry(error, value, timestamp);
      if (outcome.failed) {
        this.firing = targets.count;
        return parts.faults.deadLetter(parts.step, outcome.error, value, context);
      }
    }
    parts.counts.windowed++;
    for (let i = 0; i < targets.count; i++)
      this.took(targets.panes[i], targets.isNew[i], timestamp);
    this.firing = 0;
    return this.fireTargets();
  }

  watermark(watermark: number): boolean {
    const { now, panes, parts } = this;
    if (parts.time === 'processing' && watermark !== NEVER) return this.next.watermark(watermark);
    if (watermark <= now.watermark) return true;
    now.watermark = watermark;
    this.passing = watermark - this.heldBack;
    this.advancing = panes.queue.size > 0;
    return this.goOn();
  }

  tick(nowMs: number): boolean {
    const { now, parts } = this;
    now.clockMs = Math.max(now.clockMs, nowMs);
    if (parts.time === 'processing') {
      now.watermark = Math.max(now.watermark, now.clockMs - 1);
      this.advancing = true;
    }
    this.ticking = true;
    return this.goOn();
  }

  /** All windows have fired: the watermark before it was +∞. */
  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    if (!this.next.resume() || !this.parts.output.proceed()) return false;
    return this.fireTargets() && this.goOn();
  }

  snapshot(writer: SnapshotWriter): void {
    this.panes.snapshot(writer, { ...this.now });
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    return this.panes.snapshotChanges(writer, { ...this.now }, leastPart);
  }

  restore(reader: SnapshotReader): void {
    const { now } = this;
    const behind = furthestBehind(watermark => {
      now.watermark = watermark;
    });
    this.panes.restore(
      reader,
      state => {
        behind((state as Now).watermark);
        now.clockMs = Math.max(now.clockMs, (state as Now).clockMs);
      },
      pane => this.schedule(pane),
    );
  }

  private retry(error: unknown, value: unknown, timestamp: number): ReturnType<Faults['retry']> {
    const { change, targets, now } = this;
    return this.parts.faults.retry(error, () => change.add(targets, value, timestamp, now));
  }

  private turnAway(value: unknown, context: ContextCell): boolean {
    const { late, counts } = this.parts;
    if (this.targets.assigned) return late.push(value, context, this.now.watermark);
    counts.unassigned++;
    return true;
  }

  /** A value is in a pane: takes note of it. */
  private took(pane: KeyedPane, isNew: boolean, timestamp: number): void {
    const { targets, now, panes } = this;
    const { early, lateness } = this.parts;
    if (targets.absorbed !== undefined) this.takeIn(pane, targets.absorbed);
    if (isNew) panes.add(pane);
    const fired = pane.end !== NEVER && lateness.firesAt(pane.end) <= now.watermark;
    pane.fresh++;
    pane.total++;
    // What a pane waits for only moves on as it grows: its alarm stands.
    const stands = !isNew && fired === pane.fired && targets.absorbed === undefined;
    if (stands && this.onlyEnds) return;
    pane.fired = fired;
    if (early !== undefined && early.periodMs > 0 && !pane.fired) {
      const after = this.earlyByClock ? now.clockMs : Math.max(timestamp, now.watermark + 1);
      const at = (Math.floor(after / early.periodMs) + 1) * early.periodMs;
      if (this.earlyByClock || at < pane.end) pane.earlyAt = Math.min(pane.earlyAt, at);
    }
    this.schedule(pane);
  }

  /** A session has become one with another: `PaneChange` has merged what user code sees. */
  private takeIn(pane: KeyedPane, absorbed: KeyedPane): void {
    pane.fresh += absorbed.fresh;
    pane.total += absorbed.total;
    pane.earlyAt = Math.min(pane.earlyAt, absorbed.earlyAt);
    this.panes.remove(absorbed);
  }

  /** Lets what a value went into fire, where it is to do so at once. */
  private fireTargets(): boolean {
    const { targets, change } = this;
    while (this.firing < targets.count) {
      const at = this.firing++;
      if (!this.afterValue(targets.panes[at], change.verdicts[at])) return false;
    }
    return true;
  }

  private afterValue(pane: KeyedPane, verdict: Verdict): boolean {
    const { trigger, capacity, early, onClose } = this.parts;
    if (trigger !== undefined) return this.obey(pane, verdict);
    if (pane.total >= capacity) return this.close(pane, true);
    if (pane.fired) return onClose || this.emit(pane, false);
    return early === undefined || pane.fresh < early.count || this.emit(pane, false);
  }

  private obey(pane: KeyedPane, verdict: Verdict): boolean {
    switch (verdict) {
      case 'fire':
        return this.emit(pane, false);
      case 'fire-and-purge':
        return this.emit(pane, true);
      case 'purge':
        pane.purge();
        this.dropIfSpent(pane);
        return true;
      default:
        return true;
    }
  }

  /** Wakes what is due, by own time and by the clock, then passes the watermark on. */
  private goOn(): boolean {
    if (this.advancing && !this.advance()) return false;
    if (this.ticking && !this.advanceClock()) return false;
    const { passing } = this;
    if (passing === undefined) return true;
    this.passing = undefined;
    return this.next.watermark(passing);
  }

  private advance(): boolean {
    const { queue } = this.panes;
    for (;;) {
      this.settle();
      if (queue.size === 0 || queue.nextAt > this.now.watermark) break;
      const alarm = queue.pop();
      const { pane } = alarm;
      if (pane === undefined) continue;
      pane.alarm = undefined;
      this.awake = pane;
      if (this.dueAt(pane) > alarm.dueAt) continue;
      this.panes.note(pane.key);
      if (!this.step(pane, alarm.dueAt)) return false;
    }
    this.advancing = false;
    return true;
  }

  private advanceClock(): boolean {
    const { clockQueue } = this.panes;
    for (;;) {
      this.settle();
      if (clockQueue.size === 0 || clockQueue.nextAt > this.now.clockMs) break;
      const alarm = clockQueue.pop();
      const { pane } = alarm;
      if (pane === undefined) continue;
      pane.clockAlarm = undefined;
      this.awake = pane;
      if (this.clockDueAt(pane) > alarm.dueAt) continue;
      this.panes.note(pane.key);
      if (!this.clockStep(pane, alarm.dueAt)) return false;
    }
    this.ticking = false;
    return true;
  }

  /** Sets the next alarms of the pane that was awake, if it is still there. */
  private settle(): void {
    const pane = this.awake;
    if (pane === undefined) return;
    this.awake = undefined;
    if (this.panes.of(pane.key)?.includes(pane) === true) this.schedule(pane);
  }

  private schedule(pane: KeyedPane): void {
    this.panes.wake(pane, this.dueAt(pane));
    if (this.asksClock) this.panes.wakeByClock(pane, this.clockDueAt(pane));
  }

  /** When by own time the pane has something to do next. */
  private dueAt(pane: KeyedPane): number {
    const { lateness } = this.parts;
    let dueAt = this.firesAtEnd(pane) ? lateness.firesAt(pane.end) : lateness.cleanedUpAt(pane.end);
    if (pane.timers.length > 0) dueAt = Math.min(dueAt, pane.timers[0]);
    return this.earlyByClock ? dueAt : Math.min(dueAt, pane.earlyAt - 1);
  }

  private clockDueAt(pane: KeyedPane): number {
    const timer = pane.clockTimers.length > 0 ? pane.clockTimers[0] : NEVER;
    return this.earlyByClock ? Math.min(timer, pane.earlyAt) : timer;
  }

  /** Whether its end is still to come, and brings a result. */
  private firesAtEnd(pane: KeyedPane): boolean {
    return this.parts.trigger === undefined && !this.parts.onClose && !pane.fired;
  }

  /** One thing that is due at `at`: timers and early results come before the end, the end before the close. */
  private step(pane: KeyedPane, at: number): boolean {
    const { lateness } = this.parts;
    const { earlyAt } = pane;
    if (!this.earlyByClock && earlyAt !== NEVER && earlyAt - 1 <= at) return this.emitEarly(pane);
    if (pane.timers.length > 0 && pane.timers[0] <= at) {
      const [time, ...rest] = pane.timers;
      pane.timers = rest;
      return this.timer(pane, time);
    }
    if (!this.firesAtEnd(pane) || lateness.allowedLateness === 0 || pane.end === NEVER) {
      return this.close(pane, this.emitsOnClose(pane));
    }
    pane.fired = true;
    return this.emit(pane, false);
  }

  private clockStep(pane: KeyedPane, at: number): boolean {
    if (this.earlyByClock && pane.earlyAt <= at) return this.emitEarly(pane);
    const [time, ...rest] = pane.clockTimers;
    pane.clockTimers = rest;
    return this.timer(pane, time);
  }

  private emitEarly(pane: KeyedPane): boolean {
    pane.earlyAt = NEVER;
    return pane.fired || pane.fresh === 0 || this.emit(pane, false);
  }

  /** Whether a pane that goes gives a last result. */
  private emitsOnClose(pane: KeyedPane): boolean {
    const { trigger, onClose } = this.parts;
    if (trigger !== undefined) return pane.end === NEVER && pane.fresh > 0;
    return onClose || !pane.fired;
  }

  private timer(pane: KeyedPane, time: number): boolean {
    const { faults, counts, step } = this.parts;
    let verdict: Verdict;
    try {
      verdict = this.callTimer(pane, time);
    } catch (error) {
      const outcome = faults.retry(error, () => this.callTimer(pane, time));
      if (outcome.failed) {
        counts.fired++;
        const { start, end } = pane.edges();
        const { key } = pane;
        const dead = { key, window: { start, end }, accumulator: pane.cell?.accumulator };
        return faults.deadPane(step, outcome.error, dead, time);
      }
      verdict = outcome.value as Verdict;
    }
    return this.obey(pane, verdict);
  }

  private callTimer(pane: KeyedPane, time: number): Verdict {
    return this.change.onTime(pane, time, this.now);
  }

  /** The window goes, with a last result or without. */
  private close(pane: KeyedPane, emits: boolean): boolean {
    this.panes.remove(pane);
    const { cell } = pane;
    if (!emits || cell === undefined) return true;
    return this.parts.output.fire(cell, pane.edges(), pane.resultAt, false);
  }

  /** A result of a window that goes on. */
  private emit(pane: KeyedPane, purges: boolean): boolean {
    const { cell } = pane;
    pane.fresh = 0;
    pane.earlyAt = NEVER;
    if (cell === undefined) return true;
    const purge = purges || this.parts.panes === 'discarding';
    const edges = pane.edges();
    const at = pane.resultAt;
    if (purge) {
      pane.purge();
      this.dropIfSpent(pane);
    }
    return this.parts.output.fire(cell, edges, at, !purge);
  }

  /** An empty pane of which nothing needs to be remembered goes. */
  private dropIfSpent(pane: KeyedPane): void {
    const { assigner, trigger, capacity } = this.parts;
    if (assigner.merges || capacity !== NEVER) return;
    const remembers =
      trigger?.trigger.create !== undefined ||
      pane.timers.length > 0 ||
      pane.clockTimers.length > 0;
    if (!remembers) this.panes.remove(pane);
  }
}
