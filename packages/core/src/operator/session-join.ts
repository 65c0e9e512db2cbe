import { JoinSession, KeySessions, type PlainSession } from '../join/session.ts';
import { Wakes } from '../join/wakes.ts';
import { kept } from '../record/kept.ts';
import { furthestBehind } from '../state/grouped.ts';
import { KeyObjects } from '../state/key-objects.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { type Due, DueQueue } from '../window/due.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { JoinOutput } from './join-output.ts';
import type { LateOutput } from './late-output.ts';
import type { Incremental, Operator } from './operator.ts';
import { PairLoop } from './pair-loop.ts';
import type { TwoInputOperator } from './two-input.ts';

export interface SessionJoinParts {
  readonly gap: number;
  readonly allowedLateness: number;
  /** Whether left rows without a partner are given, and right ones. */
  readonly leftOuter: boolean;
  readonly rightOuter: boolean;
  /** Whether the values of a side are views of records, void after their push: copies are kept. */
  readonly leftViews: boolean;
  readonly rightViews: boolean;
  readonly output: JoinOutput;
  readonly late: LateOutput;
  readonly counts: RecordCounts;
}

/** Where time behind the join is held as long as the session lives and begins there. */
class Hold implements Due {
  readonly dueAt: number;
  readonly session: JoinSession;

  constructor(session: JoinSession) {
    this.dueAt = session.start;
    this.session = session;
  }

  get over(): boolean {
    return this.session.gone || this.session.start !== this.dueAt;
  }
}

/**
 * Pairs of one key and session, where the rows of both sides make the sessions: one ends when neither
 * side has had a row for `gap`. Pairs are made when it fires, at its end − 1; rows that come later and
 * are allowed, and sessions that they bring together, make those pairs that have not been made. When
 * it goes, the rows of an outer side without a partner are given alone, at their own time; time behind
 * such a join is held back at the first row of all open sessions, so that these rows are not late there.
 */
export class SessionJoinOperator implements TwoInputOperator, Incremental {
  private readonly gap: number;
  private readonly allowedLateness: number;
  private readonly leftViews: boolean;
  private readonly rightViews: boolean;
  private readonly leftOuter: boolean;
  private readonly rightOuter: boolean;
  private readonly late: LateOutput;
  private readonly counts: RecordCounts;
  private readonly loop: PairLoop;
  private readonly next: Operator;

  private readonly keys = new KeyObjects<KeySessions>(({ sessions }) =>
    sessions.map(session => session.plain()),
  );
  private readonly wakes = new Wakes<JoinSession>();
  private readonly holds = new DueQueue<Hold>();
  private now = Number.NEGATIVE_INFINITY;
  private passed = Number.NEGATIVE_INFINITY;
  private firings = 0;

  /** The session whose pairs are being made. */
  private firing: JoinSession | undefined;
  /** Whether the watermark still has sessions to look after before it is passed on. */
  private advancing = false;
  /** The session that is leaving, and what comes next of it. */
  private leaving: JoinSession | undefined;
  private phase: 'left' | 'right' | 'drop' = 'left';

  constructor(parts: SessionJoinParts, next: Operator) {
    this.gap = parts.gap;
    this.allowedLateness = parts.allowedLateness;
    this.leftOuter = parts.leftOuter;
    this.rightOuter = parts.rightOuter;
    this.leftViews = parts.leftViews;
    this.rightViews = parts.rightViews;
    this.late = parts.late;
    this.counts = parts.counts;
    this.loop = new PairLoop(parts.output);
    this.next = next;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    const session = this.sessionOf(context);
    if (session === undefined) return this.late.push(value, context, this.now, 'left');
    session.left.insert(context.timestamp, this.leftViews ? kept(value) : value);
    return this.settle(session);
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    const session = this.sessionOf(context);
    if (session === undefined) return this.late.push(value, context, this.now, 'right');
    session.right.insert(context.timestamp, this.rightViews ? kept(value) : value);
    return this.settle(session);
  }

  watermark(watermark: number): boolean {
    if (watermark <= this.now) return true;
    this.now = watermark;
    this.advancing = true;
    return this.advance();
  }

  endLeft(): boolean {
    return true;
  }

  endRight(): boolean {
    return true;
  }

  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    if (!this.next.resume() || !this.loop.proceed()) return false;
    this.fired();
    return this.advancing ? this.advance() : true;
  }

  snapshot(writer: SnapshotWriter): void {
    this.keys.snapshot(writer, this.now);
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    return this.keys.snapshotChanges(writer, this.now, leastPart);
  }

  restore(reader: SnapshotReader): void {
    this.keys.restore(
      reader,
      furthestBehind(watermark => {
        this.now = watermark;
      }),
      (key, sessions) => {
        const ofKey = new KeySessions();
        for (const plain of sessions as readonly PlainSession[]) {
          ofKey.sessions.push(this.restored(key, plain));
        }
        this.keys.set(key, ofKey);
      },
    );
  }

  private restored(key: unknown, [start, end, fired, left, right]: PlainSession): JoinSession {
    const session = this.create(key, start, end);
    session.fired = fired;
    session.left.addAll(left);
    session.right.addAll(right);
    for (const marks of [left[2], right[2]]) {
      if (marks !== null) this.firings = marks.reduce((a, b) => Math.max(a, b), this.firings);
    }
    this.wakes.at(session, this.dueAt(session));
    return session;
  }

  /** The open session that a row belongs to, grown by it; `undefined`: the row is late. */
  private sessionOf({ key, timestamp }: ContextCell): JoinSession | undefined {
    let ofKey = this.keys.get(key);
    let end = timestamp + this.gap;
    if (ofKey !== undefined) {
      ofKey.find(timestamp, end);
      if (ofKey.to > ofKey.from) end = Math.max(end, ofKey.sessions[ofKey.to - 1].end);
    }
    // What is judged is the session that the row would be in.
    if (end - 1 + this.allowedLateness <= this.now) return undefined;
    this.counts.joined++;
    this.keys.note(key);
    if (ofKey === undefined) {
      ofKey = new KeySessions();
      this.keys.set(key, ofKey);
      ofKey.find(timestamp, end);
    }
    if (ofKey.to === ofKey.from) {
      const session = this.create(key, timestamp, end);
      ofKey.sessions.splice(ofKey.from, 0, session);
      return session;
    }
    const { start } = ofKey.sessions[ofKey.from];
    const session = ofKey.unite(timestamp, end);
    if (session.start !== start) this.hold(session);
    return session;
  }

  private create(key: unknown, start: number, end: number): JoinSession {
    const session = new JoinSession(key, start, end, this.allowedLateness > 0);
    this.hold(session);
    return session;
  }

  private hold(session: JoinSession): void {
    if (this.leftOuter || this.rightOuter) this.holds.push(new Hold(session));
  }

  /** After a row has come in: sees to it that the session fires, at once if the watermark has passed. */
  private settle(session: JoinSession): boolean {
    session.fired = session.end - 1 <= this.now;
    this.wakes.at(session, this.dueAt(session));
    return session.fired ? this.fire(session) : true;
  }

  private dueAt({ end, fired }: JoinSession): number {
    return fired ? end - 1 + this.allowedLateness : end - 1;
  }

  /** Makes the pairs that have not been made. */
  private fire(session: JoinSession): boolean {
    const { key, left, right, end, edges } = session;
    this.keys.note(key);
    session.fired = true;
    this.firing = session;
    this.wakes.at(session, this.dueAt(session));
    const done = this.loop.pairs(
      key,
      edges,
      left,
      left.head,
      left.end,
      right,
      right.head,
      right.end,
      end - 1,
    );
    if (done) this.fired();
    return done;
  }

  private fired(): void {
    if (this.firing === undefined) return;
    this.firing.mark(++this.firings);
    this.firing = undefined;
  }

  /** Fires and cleans up all that is due, then passes the watermark on. */
  private advance(): boolean {
    const { wakes, now } = this;
    for (;;) {
      if (this.leaving !== undefined && !this.leave(this.leaving)) return false;
      if (wakes.size === 0 || wakes.nextAt > now) break;
      const session = wakes.pop();
      if (session !== undefined && !session.gone && !this.wake(session)) return false;
    }
    this.advancing = false;
    return this.passTime();
  }

  private wake(session: JoinSession): boolean {
    const dueAt = this.dueAt(session);
    if (dueAt > this.now) {
      // It has grown since.
      this.wakes.at(session, dueAt);
      return true;
    }
    if (!session.fired) return this.fire(session);
    this.leaving = session;
    this.phase = 'left';
    return true;
  }

  /** The rows leave: alone where the other side has none. */
  private leave(session: JoinSession): boolean {
    const { key, left, right } = session;
    if (this.phase === 'left') {
      this.phase = 'right';
      if (this.leftOuter && right.size === 0) {
        const { edges } = session;
        if (!this.loop.alone('left', key, edges, left, left.head, left.end)) return false;
      }
    }
    if (this.phase === 'right') {
      this.phase = 'drop';
      if (this.rightOuter && left.size === 0) {
        const { edges } = session;
        if (!this.loop.alone('right', key, edges, right, right.head, right.end)) return false;
      }
    }
    this.keys.note(key);
    const ofKey = this.keys.get(key) as KeySessions;
    ofKey.remove(session);
    if (ofKey.sessions.length === 0) this.keys.delete(key);
    this.leaving = undefined;
    return true;
  }

  private passTime(): boolean {
    const { holds } = this;
    while (holds.first?.over === true) holds.pop();
    const time = Math.min(this.now, holds.nextAt - 1);
    if (time <= this.passed) return true;
    this.passed = time;
    return this.next.watermark(time);
  }
}
