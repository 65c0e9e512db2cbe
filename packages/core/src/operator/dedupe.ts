import { StreamError } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { MapKey, StateBackend } from '../state/backend.ts';
import { furthestBehind, readByGroup, writeByGroup } from '../state/grouped.ts';
import { type Changing, Increments } from '../state/increments.ts';
import { type Key, keyGroupOf } from '../state/key-groups.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { KeyChanges, NameChanges, restoreName, restoreValue } from '../state/table-changes.ts';
import type { Clock, TimeKind } from '../time/clock.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Incremental, Operator } from './operator.ts';

export interface DedupeParts {
  readonly step: string;
  readonly withinMs: number;
  readonly time: TimeKind;
  /** What, beside the key, makes two values the same. */
  readonly by: ((value: unknown, context: ContextCell) => unknown) | undefined;
  readonly backend: StateBackend;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly counts: RecordCounts;
}

/**
 * When values passed: one time, or several where values come so much out of order that one lies more
 * than `within` before another.
 */
type Passed = number | readonly number[];

/** In a snapshot: `[key, passed]`, or `[key, name, passed]`; without the last there is none any more. */
type Row = readonly [key: Key, ...row: unknown[]];

/** What has passed, by key, or by key and name. */
interface PassedRows {
  readonly changes: Changing<unknown, Row>;
  get(key: Key, name: MapKey): Passed | undefined;
  set(key: Key, name: MapKey, passed: Passed): void;
  sweep(gone: (row: unknown) => boolean, budget: number): void;
  restore(row: Row, gone: (row: unknown) => boolean): void;
}

/** Rows that are looked at for each value that comes, whether they are of use to anybody yet. */
const SWEPT_AT_ONCE = 4;

/** Lets pass the first of values that are the same and closer than `within`, and counts the others. */
export class DedupeOperator implements Operator, Incremental {
  private readonly parts: DedupeParts;
  private readonly next: Operator;
  private readonly rows: PassedRows;
  private readonly increments: Increments<Row>;
  private now = Number.NEGATIVE_INFINITY;

  constructor(parts: DedupeParts, next: Operator) {
    this.parts = parts;
    this.next = next;
    this.rows = parts.by === undefined ? byKey(parts.backend) : byName(parts.backend);
    this.increments = new Increments([this.rows.changes]);
  }

  push(value: unknown, context: ContextCell): boolean {
    const { by } = this.parts;
    if (by === undefined) return this.pass(undefined, value, context);
    let name: unknown;
    try {
      name = by(value, context);
    } catch (error) {
      return this.recover(by, error, value, context);
    }
    return this.passNamed(name, value, context);
  }

  watermark(watermark: number): boolean {
    this.now = watermark;
    return this.next.watermark(watermark);
  }

  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    return this.next.resume();
  }

  snapshot(writer: SnapshotWriter): void {
    writeByGroup(writer, this.now, this.increments.whole(), ([key]) => keyGroupOf(key));
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    const { entries, layers } = this.increments.take(leastPart);
    writeByGroup(writer, this.now, entries, ([key]) => keyGroupOf(key));
    return layers;
  }

  restore(reader: SnapshotReader): void {
    readByGroup(
      reader,
      furthestBehind(watermark => {
        this.now = watermark;
      }),
      entry => {
        // A time of long ago may be in a snapshot of what has changed.
        this.rows.restore(entry as Row, this.gone);
      },
    );
  }

  private recover(
    by: (value: unknown, context: ContextCell) => unknown,
    error: unknown,
    value: unknown,
    context: ContextCell,
  ): boolean {
    const { faults, step } = this.parts;
    const outcome = faults.retry(error, () => by(value, context));
    if (outcome.failed) return faults.deadLetter(step, outcome.error, value, context);
    return this.passNamed(outcome.value, value, context);
  }

  private passNamed(name: unknown, value: unknown, context: ContextCell): boolean {
    if (typeof name === 'string' || (typeof name === 'number' && !Number.isNaN(name))) {
      return this.pass(name, value, context);
    }
    const { faults, step } = this.parts;
    if (name instanceof Promise) refusePromise(step, name);
    const error = new StreamError(
      'INVALID_KEY',
      `Step "${step}" gave ${described(name)} to tell values apart by; it must be text or a number.`,
    );
    return faults.deadLetter(step, error, value, context);
  }

  private pass(name: MapKey | undefined, value: unknown, context: ContextCell): boolean {
    const { rows } = this;
    const { time, clock, counts } = this.parts;
    const key = context.key as Key;
    const at = time === 'event' ? context.timestamp : clock.now();
    const passed = rows.get(key, name as MapKey);
    if (passed !== undefined && this.isNear(passed, at)) {
      counts.duplicates++;
      return true;
    }
    rows.set(key, name as MapKey, passed === undefined ? at : this.withAnother(passed, at));
    rows.sweep(this.gone, SWEPT_AT_ONCE);
    return this.next.push(value, context);
  }

  private isNear(passed: Passed, at: number): boolean {
    const { withinMs } = this.parts;
    if (typeof passed === 'number') return Math.abs(at - passed) < withinMs;
    return passed.some(one => Math.abs(at - one) < withinMs);
  }

  private withAnother(passed: Passed, at: number): Passed {
    const all = typeof passed === 'number' ? [passed, at] : [...passed, at];
    const kept = all.filter(one => !this.gone(one));
    return kept.length > 1 ? kept : (kept[0] ?? at);
  }

  /** Whether nothing that is on time can be near to it any more. */
  private readonly gone = (row: unknown): boolean => {
    const { time, clock, withinMs } = this.parts;
    const last = typeof row === 'number' ? row : Math.max(...(row as number[]));
    return last + withinMs <= (time === 'event' ? this.now : clock.now());
  };
}

const entryOf = (...row: Row): Row => row;

function byKey(backend: StateBackend): PassedRows {
  const table = backend.values('passed');
  const changes = new KeyChanges(table, entryOf);
  return {
    changes,
    get: key => table.get(key) as Passed | undefined,
    set: (key, _name, passed) => {
      changes.note(key);
      table.set(key, passed);
    },
    sweep: (gone, budget) => table.sweep(gone, budget),
    restore: ([key, ...row], gone) => restoreValue(table, key, row, gone),
  };
}

function byName(backend: StateBackend): PassedRows {
  const table = backend.maps('passed');
  const changes = new NameChanges(table, entryOf);
  return {
    changes,
    get: (key, name) => table.get(key, name) as Passed | undefined,
    set: (key, name, passed) => {
      changes.note(key, name, table.get(key, name) === undefined);
      table.set(key, name, passed);
    },
    sweep: (gone, budget) => table.sweep(gone, budget),
    restore: ([key, ...row], gone) => restoreName(table, key, row, gone),
  };
}
