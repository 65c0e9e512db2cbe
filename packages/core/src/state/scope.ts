import { fail } from '../errors.ts';
import type { Clock, TimeKind } from '../time/clock.ts';
import { Journal } from './journal.ts';
import type { Key } from './key-groups.ts';

/** What a call of user code is about: the key whose state its handles show, and its times. */
export class Scope {
  key: Key = '';
  /** Event time of the call. */
  timestamp = 0;
  /**
   * How far event time has come for this state. While timers fire this is the time of the timer, and
   * not yet the watermark that made it fire.
   */
  progress = Number.NEGATIVE_INFINITY;
  /** The value of the call, where it is a view that is void after it; else `undefined`. */
  view: unknown = undefined;
  readonly journal = new Journal();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Throws `UNSUPPORTED_VALUE` for what must not be kept. */
  checkKept(value: unknown): void {
    if (value !== undefined && value === this.view) {
      fail(
        'UNSUPPORTED_VALUE',
        'A state was given the value itself, which is a view of its record and void after the call; keep a ' +
          'copy of it (`{ ...value }`, `value.copy()`), or .map() to plain values first.',
      );
    }
  }

  /** The time that what is written now is written at. */
  at(time: TimeKind): number {
    return time === 'event' ? this.timestamp : this.clock.now();
  }

  /** The time by which something is judged to be too old. */
  now(time: TimeKind): number {
    return time === 'event' ? Math.max(this.timestamp, this.progress) : this.clock.now();
  }

  /** The time by which nobody will ask any more for what is too old. */
  passed(time: TimeKind): number {
    return time === 'event' ? this.progress : this.clock.now();
  }
}
