import { type AccumulatorGuard, Cell, NO_GUARD } from './guard.ts';
import type { KeyedPane } from './keyed-pane.ts';
import type { PaneLogic } from './pane.ts';
import type { Targets } from './pane-assigner.ts';
import { refusePromise } from './synchronous.ts';
import { Kept, type Now, type TriggerCalls, type Verdict } from './user-trigger.ts';

/** What a pane was before a value came. */
class Before {
  private readonly trigger = new Kept();
  private start = 0;
  private end = 0;
  private least = 0;
  private largest = 0;
  private cell: Cell | undefined;
  /** What the guard kept of the accumulator, once it has. */
  guarded = false;
  kept: unknown;

  keep(pane: KeyedPane, triggered: boolean): void {
    this.start = pane.start;
    this.end = pane.end;
    this.least = pane.least;
    this.largest = pane.largest;
    this.cell = pane.cell;
    this.guarded = false;
    if (triggered) this.trigger.keep(pane);
  }

  restore(pane: KeyedPane, guard: AccumulatorGuard, triggered: boolean): void {
    pane.start = this.start;
    pane.end = this.end;
    pane.least = this.least;
    pane.largest = this.largest;
    pane.cell = this.cell;
    if (this.guarded) guard.restore(this.cell as Cell, this.kept);
    if (triggered) this.trigger.restore(pane);
  }
}

/**
 * Takes a value into all of its panes, trigger and accumulator, or into none: when user code throws,
 * all of them are as before.
 */
export class PaneChange {
  /** What the trigger said, by target. */
  readonly verdicts: Verdict[] = [];
  private readonly logic: PaneLogic;
  private readonly trigger: TriggerCalls | undefined;
  private readonly step: string;
  private readonly before: Before[] = [];
  /** Whether an `add` that throws leaves nothing to undo. */
  private readonly simple: boolean;
  private readonly timerBefore = new Kept();

  constructor(logic: PaneLogic, trigger: TriggerCalls | undefined, step: string) {
    this.logic = logic;
    this.trigger = trigger;
    this.step = step;
    this.simple = trigger === undefined && logic.guard === NO_GUARD;
  }

  /** Throws what user code throws. */
  add(targets: Targets, value: unknown, timestamp: number, now: Now): void {
    const { logic, before } = this;
    const { guard } = logic;
    const triggered = this.trigger !== undefined;
    const input = logic.read(value);
    if (this.simple && targets.count === 1 && targets.absorbed === undefined) {
      this.addToOne(targets, input, value, timestamp);
      return;
    }
    let at = 0;
    try {
      for (; at < targets.count; at++) {
        before[at] ??= new Before();
        before[at].keep(targets.panes[at], triggered);
        this.addTo(targets, at, input, value, timestamp, now);
      }
    } catch (error) {
      for (let i = Math.min(at, targets.count - 1); i >= 0; i--) {
        before[i].restore(targets.panes[i], guard, triggered);
      }
      throw error;
    }
    if (!guard.settles) return;
    for (let i = 0; i < targets.count; i++) {
      if (before[i].guarded) guard.settle(targets.panes[i].cell as Cell, value);
    }
  }

  /** Calls the trigger for a timer; when it throws, its state is as before. */
  onTime(pane: KeyedPane, time: number, now: Now): Verdict {
    const { timerBefore, trigger } = this;
    if (trigger === undefined) return 'continue';
    timerBefore.keep(pane);
    try {
      return trigger.onTime(pane, time, now);
    } catch (error) {
      timerBefore.restore(pane);
      throw error;
    }
  }

  /** The way that nearly all values go: when `add` throws, nothing has been touched yet. */
  private addToOne(targets: Targets, input: unknown, value: unknown, timestamp: number): void {
    const { logic } = this;
    const pane = targets.panes[0];
    const { cell } = pane;
    if (cell === undefined) {
      const accumulator = this.checked(logic.add(logic.create(), input, value));
      pane.cell = new Cell(pane.key, accumulator);
    } else {
      cell.accumulator = this.checked(logic.add(cell.accumulator, input, value));
    }
    if (targets.merging) {
      if (targets.start < pane.start) pane.start = targets.start;
      if (targets.end > pane.end) pane.end = targets.end;
    }
    // Of windows with edges of their own nobody asks for these.
    if (pane.end !== Number.POSITIVE_INFINITY) return;
    if (timestamp < pane.least) pane.least = timestamp;
    if (timestamp > pane.largest) pane.largest = timestamp;
  }

  private addTo(
    targets: Targets,
    at: number,
    input: unknown,
    value: unknown,
    timestamp: number,
    now: Now,
  ): void {
    const { logic, trigger, before } = this;
    const pane = targets.panes[at];
    if (targets.merging) this.merge(targets, pane);
    pane.least = Math.min(pane.least, timestamp);
    pane.largest = Math.max(pane.largest, timestamp);
    if (trigger !== undefined) {
      if (targets.isNew[at]) pane.triggerState = trigger.create();
      this.verdicts[at] = trigger.onRecord(pane, value, timestamp, now);
    }
    const { cell } = pane;
    if (cell === undefined) {
      const accumulator = this.checked(logic.add(logic.create(), input, value));
      pane.cell = new Cell(pane.key, accumulator);
      return;
    }
    if (targets.absorbed === undefined) {
      before[at].kept = logic.guard.keep(cell);
      before[at].guarded = true;
    }
    // A cell that two sessions were merged into is new: undoing drops it.
    cell.accumulator = this.checked(logic.add(cell.accumulator, input, value));
  }

  /** Gives a session its new edges, and what the session that it takes in has. */
  private merge(targets: Targets, pane: KeyedPane): void {
    const { logic, trigger } = this;
    const { absorbed } = targets;
    pane.start = targets.start;
    pane.end = targets.end;
    if (absorbed === undefined) return;
    pane.least = Math.min(pane.least, absorbed.least);
    pane.largest = Math.max(pane.largest, absorbed.largest);
    if (trigger !== undefined) {
      pane.triggerState = trigger.merge(pane.triggerState, absorbed.triggerState);
      pane.timers = merged(pane.timers, absorbed.timers);
      pane.clockTimers = merged(pane.clockTimers, absorbed.clockTimers);
    }
    const left = pane.cell;
    const right = absorbed.cell;
    if (left === undefined && right === undefined) return;
    // Into a copy, so that nothing has to be undone when user code fails half way.
    const accumulator = logic.copy((left ?? (right as Cell)).accumulator);
    pane.cell = new Cell(
      pane.key,
      left === undefined || right === undefined
        ? accumulator
        : this.checked(logic.merge(accumulator, right.accumulator)),
    );
  }

  private checked(accumulator: unknown): unknown {
    if (accumulator instanceof Promise) refusePromise(this.step, accumulator);
    return accumulator;
  }
}

function merged(left: readonly number[], right: readonly number[]): readonly number[] {
  return right.length === 0 ? left : [...new Set([...left, ...right])].sort((a, b) => a - b);
}
