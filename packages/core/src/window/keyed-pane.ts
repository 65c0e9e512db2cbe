import type { Due } from './due.ts';
import type { Cell } from './guard.ts';
import { NO_TIMERS } from './user-trigger.ts';
import type { Window } from './window.ts';

/** One window of one key, where every key has windows and times of its own. */
export class KeyedPane {
  readonly key: unknown;
  /** −∞ and +∞ for windows without edges of their own. */
  start: number;
  end: number;
  /** `undefined` when all values have gone. */
  cell: Cell | undefined = undefined;
  /** Values since it last fired, and since it began. */
  fresh = 0;
  total = 0;
  /** The smallest and largest timestamp of the values in it. */
  least: number = Number.POSITIVE_INFINITY;
  largest: number = Number.NEGATIVE_INFINITY;
  /** Whether its end has come: a value for it fires it again. */
  fired = false;
  /** When its next early result is due; +∞ for none. */
  earlyAt: number = Number.POSITIVE_INFINITY;
  triggerState: unknown = undefined;
  /** Of its trigger, in rising order. */
  timers: readonly number[] = NO_TIMERS;
  clockTimers: readonly number[] = NO_TIMERS;
  /** What wakes it. */
  alarm: Alarm | undefined = undefined;
  clockAlarm: Alarm | undefined = undefined;

  constructor(key: unknown, start: number, end: number) {
    this.key = key;
    this.start = start;
    this.end = end;
  }

  /** What users see of the window; they may keep it. */
  edges(): Window {
    const { start, end, least, largest } = this;
    return Object.freeze(
      end === Number.POSITIVE_INFINITY ? { start: least, end: largest + 1 } : { start, end },
    );
  }

  /** The timestamp of its results. */
  get resultAt(): number {
    return this.end === Number.POSITIVE_INFINITY ? this.largest : this.end - 1;
  }

  /** Lets all values go. */
  purge(): void {
    this.cell = undefined;
    this.fresh = 0;
    this.least = Number.POSITIVE_INFINITY;
    this.largest = Number.NEGATIVE_INFINITY;
    this.earlyAt = Number.POSITIVE_INFINITY;
  }
}

/** Wakes a pane: at the right time or too early, in which case it is set again. */
export class Alarm implements Due {
  readonly dueAt: number;
  /** `undefined` when it is no longer of use. */
  pane: KeyedPane | undefined;

  constructor(dueAt: number, pane: KeyedPane) {
    this.dueAt = dueAt;
    this.pane = pane;
  }
}
