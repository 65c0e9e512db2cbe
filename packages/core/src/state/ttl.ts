import type { TimeKind } from '../time/clock.ts';
import type { Scope } from './scope.ts';

/** A row that knows when it was written: rows are such where there is a time to live. */
export interface Stamped {
  readonly at: number;
  readonly value: unknown;
}

/** How long rows live, in milliseconds, and by which time. */
export interface TimeToLive {
  readonly ms: number;
  readonly time: TimeKind;
  readonly refreshOnRead: boolean;
}

/** Wraps and unwraps the rows of one state that has a time to live. */
export class Lifetime {
  readonly refreshOnRead: boolean;
  private readonly ms: number;
  private readonly time: TimeKind;
  private readonly scope: Scope;
  /** Whether nobody can see a row any more. */
  readonly gone: (row: unknown) => boolean;

  constructor(ttl: TimeToLive, scope: Scope) {
    this.ms = ttl.ms;
    this.time = ttl.time;
    this.refreshOnRead = ttl.refreshOnRead;
    this.scope = scope;
    this.gone = row => (row as Stamped).at + ttl.ms <= scope.passed(ttl.time);
  }

  isAlive(row: Stamped): boolean {
    return row.at + this.ms > this.scope.now(this.time);
  }

  /** Out of order, the later write or read counts: the order of two makes no difference. */
  stamp(value: unknown, before: Stamped | undefined): Stamped {
    const at = this.scope.at(this.time);
    return { at: before === undefined ? at : Math.max(at, before.at), value };
  }

  /** The row with its time begun anew, or the same where that makes no difference. */
  refreshed(row: Stamped): Stamped {
    const at = this.scope.at(this.time);
    return at > row.at ? { at, value: row.value } : row;
  }
}
