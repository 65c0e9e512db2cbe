import type { Window } from '../window/window.ts';
import { type PlainRows, TimedRows } from './timed-rows.ts';
import type { Sleeper } from './wakes.ts';

/** A session of one key: the rows of both sides, from the first one to a gap after the last. */
export class JoinSession implements Sleeper {
  readonly key: unknown;
  start: number;
  end: number;
  wakeAt = Number.POSITIVE_INFINITY;
  /** Whether the watermark has passed it: it has fired. */
  fired = false;
  /** Whether it has gone, or become part of another. */
  gone = false;
  /** A row's mark is the last firing that it took part in: rows of one firing have been pairs. */
  readonly left: TimedRows;
  readonly right: TimedRows;

  constructor(key: unknown, start: number, end: number, marked: boolean) {
    this.key = key;
    this.start = start;
    this.end = end;
    this.left = new TimedRows(marked);
    this.right = new TimedRows(marked);
  }

  get edges(): Window {
    return Object.freeze({ start: this.start, end: this.end });
  }

  /** Every row has taken part in firing number `firing`. */
  mark(firing: number): void {
    this.left.marks?.fill(firing);
    this.right.marks?.fill(firing);
  }

  plain(): PlainSession {
    const { start, end, fired } = this;
    return [start, end, fired, this.left.plain(), this.right.plain()];
  }
}

/** In a snapshot, with its key. */
export type PlainSession = readonly [
  start: number,
  end: number,
  fired: boolean,
  left: PlainRows,
  right: PlainRows,
];

/** The sessions of one key, by time: no two of them touch. */
export class KeySessions {
  readonly sessions: JoinSession[] = [];
  /** After `find`: those that `[start, end)` touches or overlaps. */
  from = 0;
  to = 0;

  find(start: number, end: number): void {
    const { sessions } = this;
    let from = sessions.length;
    // New rows belong to the last ones, mostly.
    while (from > 0 && sessions[from - 1].end >= start) from--;
    let to = from;
    while (to < sessions.length && sessions[to].start <= end) to++;
    this.from = from;
    this.to = to;
  }

  /** Makes one session of those that were found, which becomes `[start, end)`. */
  unite(start: number, end: number): JoinSession {
    const { sessions, from, to } = this;
    const first = sessions[from];
    for (let i = from + 1; i < to; i++) {
      const other = sessions[i];
      first.left.addAll(other.left.plain());
      first.right.addAll(other.right.plain());
      other.gone = true;
    }
    sessions.splice(from + 1, to - from - 1);
    first.start = Math.min(first.start, start);
    first.end = end;
    return first;
  }

  remove(session: JoinSession): void {
    session.gone = true;
    this.sessions.splice(this.sessions.indexOf(session), 1);
  }
}
