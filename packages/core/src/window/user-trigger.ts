import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { TimeKind } from '../time/clock.ts';
import type { KeyedPane } from './keyed-pane.ts';
import { isPrimitive, plainCopy } from './plain-copy.ts';
import { refusePromise } from './synchronous.ts';
import type { Window } from './window.ts';

/**
 * What a trigger wants of its window: nothing, a result, that all values in it go without one, or a
 * result and then that they go. With discarding panes `fire` lets them go too.
 */
export type Verdict = 'continue' | 'fire' | 'purge' | 'fire-and-purge';

/** What a trigger is told, about one window of one key. One object, reused: do not keep it. */
export interface TriggerContext<S = unknown, K = unknown> {
  readonly key: K;
  readonly window: Window;
  /** The timestamp of the value (in `onRecord`), or the time of the timer (in `onTime`). */
  readonly timestamp: number;
  /** Nothing with a timestamp ≤ this follows; of a window of processing time, the clock − 1. */
  readonly watermark: number;
  /** What the trigger remembers of this window and key: changed in place, or replaced. */
  state: S;
  /**
   * Has `onTime` called when the watermark gets to `at`, or the clock with `'processing'`; by default
   * the window's own time counts. One that has passed already counts as the next millisecond. A timer
   * that is set again is still one. None is set once the input has ended.
   */
  timer(at: number, time?: TimeKind): void;
}

/**
 * When a window fires, in place of its end. Its window still goes at its end (plus `allowedLateness`),
 * without a further result: who wants one sets a timer for `window.end - 1`. A global window fires
 * once more at the end of input if anything in it has not been in a result.
 *
 * Synchronous; it must give the same for the same. What it throws for good is a dead letter: of the
 * value, or (in `onTime`) of key, window and accumulator.
 */
export interface Trigger<T, S = unknown, K = unknown> {
  /** How `explain()` calls it. Default `custom`. */
  readonly name?: string | undefined;
  /** The state of a window at first: plain. Default: `undefined`. */
  create?(): S;
  /** A value goes into the window. */
  onRecord(value: T, context: TriggerContext<S, K>): Verdict;
  /** A timer that was set for the window. Default: `continue`. */
  onTime?(time: number, context: TriggerContext<S, K>): Verdict;
  /** The state of two sessions that become one. Needed by sessions, of triggers with a `create`. */
  merge?(left: S, right: S): S;
}

export type AnyTrigger = Trigger<unknown, unknown>;

const VERDICTS: readonly unknown[] = ['continue', 'fire', 'purge', 'fire-and-purge'];

/** Calls a user's trigger for panes. Whoever calls keeps what undoes it: see `Kept`. */
export class TriggerCalls {
  readonly trigger: AnyTrigger;
  readonly canMerge: boolean;
  private readonly step: string;
  private readonly context: Context;

  constructor(trigger: AnyTrigger, step: string, time: TimeKind) {
    this.trigger = trigger;
    this.canMerge = trigger.create === undefined || trigger.merge !== undefined;
    this.step = step;
    this.context = new Context(time);
  }

  create(): unknown {
    return this.trigger.create?.();
  }

  onRecord(pane: KeyedPane, value: unknown, timestamp: number, now: Now): Verdict {
    return this.checked(this.trigger.onRecord(value, this.context.aim(pane, timestamp, now)));
  }

  /** `at` is in the window's own time, or the clock's. */
  onTime(pane: KeyedPane, at: number, now: Now): Verdict {
    if (this.trigger.onTime === undefined) return 'continue';
    return this.checked(this.trigger.onTime(at, this.context.aim(pane, at, now)));
  }

  merge(left: unknown, right: unknown): unknown {
    return this.trigger.merge?.(plainCopy(left).copy, right);
  }

  private checked(verdict: unknown): Verdict {
    if (VERDICTS.includes(verdict)) return verdict as Verdict;
    if (verdict instanceof Promise) refusePromise(this.step, verdict);
    fail(
      'INVALID_VERDICT',
      `The trigger of step "${this.step}" returned ${described(verdict)}; it takes continue, fire, ` +
        'purge or fire-and-purge.',
    );
  }
}

/** What time it is, in both times. */
export interface Now {
  watermark: number;
  clockMs: number;
}

/** What a trigger's call may have changed in a pane. */
export class Kept {
  private state: unknown;
  private timers: readonly number[] = NO_TIMERS;
  private clockTimers: readonly number[] = NO_TIMERS;

  keep(pane: KeyedPane): void {
    this.state = isPrimitive(pane.triggerState)
      ? pane.triggerState
      : plainCopy(pane.triggerState).copy;
    this.timers = pane.timers;
    this.clockTimers = pane.clockTimers;
  }

  restore(pane: KeyedPane): void {
    pane.triggerState = this.state;
    pane.timers = this.timers;
    pane.clockTimers = this.clockTimers;
  }
}

/** Timers are lists that never change: a pane gets another. */
export const NO_TIMERS: readonly number[] = Object.freeze([]);

/** With one more timer, in rising order. */
export function withTimer(timers: readonly number[], at: number): readonly number[] {
  if (timers.includes(at)) return timers;
  return [...timers, at].sort((left, right) => left - right);
}

class Context implements TriggerContext {
  timestamp = 0;
  private readonly time: TimeKind;
  private pane!: KeyedPane;
  private now!: Now;

  constructor(time: TimeKind) {
    this.time = time;
  }

  get key(): unknown {
    return this.pane.key;
  }

  get window(): Window {
    return this.pane.edges();
  }

  get watermark(): number {
    return this.now.watermark;
  }

  get state(): unknown {
    return this.pane.triggerState;
  }

  set state(state: unknown) {
    this.pane.triggerState = state;
  }

  aim(pane: KeyedPane, timestamp: number, now: Now): this {
    this.pane = pane;
    this.timestamp = timestamp;
    this.now = now;
    return this;
  }

  /** Bound, so that a trigger may take it out of its context. */
  readonly timer = (at: number, time: TimeKind = this.time): void => {
    const { pane, now } = this;
    if (!Number.isSafeInteger(at)) {
      fail(
        'INVALID_TIMESTAMP',
        `A trigger set a timer for ${described(at)}; it must be a whole number of milliseconds.`,
      );
    }
    if (now.watermark === Number.POSITIVE_INFINITY) return;
    if (time !== this.time && this.time === 'processing') {
      fail(
        'INVALID_TIMESTAMP',
        'A trigger of a window of processing time set an event-time timer.',
      );
    }
    // A clock that is the window's own time is the watermark here: ends and timers keep their order.
    if (time === this.time) {
      pane.timers = withTimer(pane.timers, Math.max(at, now.watermark + 1));
    } else {
      pane.clockTimers = withTimer(pane.clockTimers, Math.max(at, now.clockMs + 1));
    }
  };
}
