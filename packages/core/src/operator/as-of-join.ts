import { type PlainRows, TimedRows } from '../join/timed-rows.ts';
import { type Sleeper, Wakes } from '../join/wakes.ts';
import { kept } from '../record/kept.ts';
import { furthestBehind } from '../state/grouped.ts';
import { KeyObjects } from '../state/key-objects.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { JoinOutput } from './join-output.ts';
import type { LateOutput } from './late-output.ts';
import type { Incremental, Operator } from './operator.ts';
import type { TwoInputOperator } from './two-input.ts';

export interface AsOfJoinParts {
  /** How long a version is valid at most; +∞: until the next one. */
  readonly ttl: number;
  /** Whether left rows that see no version are given. */
  readonly leftOuter: boolean;
  /** Whether the values of a side are views of records, void after their push: copies are kept. */
  readonly leftViews: boolean;
  readonly rightViews: boolean;
  readonly output: JoinOutput;
  readonly late: LateOutput;
  readonly counts: RecordCounts;
}

/** One key: the left rows that wait, and the versions that a row may still see. */
class KeyVersions implements Sleeper {
  readonly key: unknown;
  readonly waiting = new TimedRows(false);
  readonly versions = new TimedRows(false);
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(key: unknown) {
    this.key = key;
  }
}

/**
 * A left row at `t` waits until no version at or before `t` can come any more (`W ≥ t`), then sees
 * the last of them. Of two versions of one time the one that came last counts. A version goes when
 * the watermark has reached the next one, or `ttl` after it: nobody can ask for it then. A version
 * from behind the watermark that is still the last one serves the rows to come, and is not late.
 */
export class AsOfJoinOperator implements TwoInputOperator, Incremental {
  private readonly ttl: number;
  private readonly leftViews: boolean;
  private readonly rightViews: boolean;
  private readonly leftOuter: boolean;
  private readonly output: JoinOutput;
  private readonly late: LateOutput;
  private readonly counts: RecordCounts;
  private readonly next: Operator;

  private readonly keys = new KeyObjects<KeyVersions>(({ waiting, versions }) => [
    waiting.plain(),
    versions.plain(),
  ]);
  private readonly wakes = new Wakes<KeyVersions>();
  private now = Number.NEGATIVE_INFINITY;
  /** The key whose rows are being answered, and whether the watermark waits for that. */
  private waking: KeyVersions | undefined;
  private advancing = false;

  constructor(parts: AsOfJoinParts, next: Operator) {
    this.ttl = parts.ttl;
    this.leftOuter = parts.leftOuter;
    this.output = parts.output;
    this.leftViews = parts.leftViews;
    this.rightViews = parts.rightViews;
    this.late = parts.late;
    this.counts = parts.counts;
    this.next = next;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    const { key, timestamp } = context;
    if (timestamp < this.now) return this.late.push(value, context, this.now, 'left');
    this.counts.joined++;
    const ofKey = this.ofKey(key);
    this.keys.note(key);
    ofKey.waiting.insert(timestamp, this.leftViews ? kept(value) : value);
    if (timestamp <= this.now) return this.wake(ofKey);
    this.wakes.at(ofKey, timestamp);
    return true;
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    const { key, timestamp } = context;
    const known = this.keys.get(key);
    if (this.isPast(timestamp, known?.versions)) {
      return this.late.push(value, context, this.now, 'right');
    }
    this.counts.joined++;
    const ofKey = known ?? this.ofKey(key);
    this.keys.note(key);
    const { versions } = ofKey;
    const at = versions.after(timestamp) - 1;
    if (at >= versions.head && versions.times[at] === timestamp)
      versions.values[at] = this.rightViews ? kept(value) : value;
    else versions.insert(timestamp, this.rightViews ? kept(value) : value);
    this.wakes.at(ofKey, this.dueAt(ofKey));
    return true;
  }

  watermark(watermark: number): boolean {
    if (watermark <= this.now) return true;
    this.now = watermark;
    if (this.wakes.nextAt > watermark) return this.next.watermark(watermark);
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
    if (!this.next.resume()) return false;
    if (this.advancing) return this.advance();
    return this.waking === undefined ? true : this.wake(this.waking);
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
      (key, [waiting, versions]) => {
        const ofKey = this.ofKey(key);
        ofKey.waiting.addAll(waiting as PlainRows);
        ofKey.versions.addAll(versions as PlainRows);
        this.wakes.at(ofKey, this.dueAt(ofKey));
      },
    );
  }

  private ofKey(key: unknown): KeyVersions {
    let ofKey = this.keys.get(key);
    if (ofKey === undefined) {
      ofKey = new KeyVersions(key);
      this.keys.set(key, ofKey);
    }
    return ofKey;
  }

  /** Whether no row that is not late can see a version of this time any more. */
  private isPast(timestamp: number, versions: TimedRows | undefined): boolean {
    const { now } = this;
    if (timestamp + this.ttl < now) return true;
    if (timestamp >= now || versions === undefined) return false;
    const newer = versions.after(timestamp);
    return newer < versions.end && versions.times[newer] <= now;
  }

  private advance(): boolean {
    const { wakes, now } = this;
    for (;;) {
      if (this.waking !== undefined && !this.wake(this.waking)) return false;
      if (wakes.size === 0 || wakes.nextAt > now) break;
      this.waking = wakes.pop();
    }
    this.advancing = false;
    return this.next.watermark(now);
  }

  /** Answers the rows of a key whose time has come, then lets go of what nobody can ask for. */
  private wake(ofKey: KeyVersions): boolean {
    const { waiting, versions } = ofKey;
    this.waking = ofKey;
    this.keys.note(ofKey.key);
    this.output.aim(ofKey.key, undefined);
    while (waiting.size > 0 && waiting.first <= this.now) {
      if (!this.answer(waiting, versions)) return false;
    }
    this.waking = undefined;
    this.forget(versions);
    if (waiting.size === 0 && versions.size === 0) this.keys.delete(ofKey.key);
    else this.wakes.at(ofKey, this.dueAt(ofKey));
    return true;
  }

  private answer(waiting: TimedRows, versions: TimedRows): boolean {
    const { head } = waiting;
    const time = waiting.times[head];
    const value = waiting.values[head];
    waiting.dropTo(head + 1);
    const seen = versions.after(time) - 1;
    if (seen >= versions.head && time - versions.times[seen] <= this.ttl) {
      return this.output.versionOf(value, time, versions.values[seen], versions.times[seen]);
    }
    return this.leftOuter ? this.output.leftAlone(value, time) : true;
  }

  private forget(versions: TimedRows): void {
    const valid = versions.after(this.now) - 1;
    if (valid < versions.head) return;
    const expired = versions.times[valid] + this.ttl < this.now;
    versions.dropTo(expired ? valid + 1 : valid);
  }

  /** When a row is to be answered, or the first version has been replaced or has expired. */
  private dueAt({ waiting, versions }: KeyVersions): number {
    const second = versions.head + 1;
    const replaced = second < versions.end ? versions.times[second] : Number.POSITIVE_INFINITY;
    return Math.min(waiting.first, replaced, versions.first + this.ttl + 1);
  }
}
