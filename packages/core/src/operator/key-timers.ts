import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { Undoable } from '../state/journal.ts';
import type { Scope } from '../state/scope.ts';
import { TimerQueue } from '../state/timers.ts';
import type { TimeKind } from '../time/clock.ts';
import type { Timers } from './process-context.ts';

/** The timers of all keys, and those of the key in the scope as user code sees them. */
export class KeyTimers implements Timers, Undoable {
  readonly event = new TimerQueue();
  readonly processing = new TimerQueue();
  /** Timers fire up to these times; at +∞ no further ones are set. */
  watermark = Number.NEGATIVE_INFINITY;
  clockMs = Number.NEGATIVE_INFINITY;

  private readonly step: string;
  private readonly scope: Scope;
  private readonly deletion: Undoable = {
    undo: (kind, timestamp) => {
      this.queue(kind as TimeKind).add(this.scope.key, timestamp as number);
    },
  };

  constructor(step: string, scope: Scope) {
    this.step = step;
    this.scope = scope;
  }

  set(timestamp: number, kind: TimeKind = 'event'): boolean {
    if (!Number.isSafeInteger(timestamp)) {
      fail(
        'INVALID_TIMESTAMP',
        `Step "${this.step}" set a timer for ${described(timestamp)}; it must be a whole number of ` +
          'milliseconds since 1970.',
      );
    }
    const passed = kind === 'event' ? this.watermark : this.clockMs;
    if (passed === Number.POSITIVE_INFINITY) return false;
    const { key, journal } = this.scope;
    if (this.queue(kind).add(key, timestamp)) journal.note(this, kind, timestamp);
    return true;
  }

  delete(timestamp: number, kind: TimeKind = 'event'): boolean {
    if (!this.queue(kind).delete(this.scope.key, timestamp)) return false;
    this.scope.journal.note(this.deletion, kind, timestamp);
    return true;
  }

  /** Takes back the setting of a timer. */
  undo(kind: unknown, timestamp: unknown): void {
    this.queue(kind as TimeKind).delete(this.scope.key, timestamp as number);
  }

  queue(kind: TimeKind): TimerQueue {
    return kind === 'event' ? this.event : this.processing;
  }
}
