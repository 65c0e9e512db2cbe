import type { MapKey, MapTable, ValueTable } from './backend.ts';
import { ALL, ChangedKeys, ChangedNames } from './changed-keys.ts';
import type { Changing } from './increments.ts';
import type { Key } from './key-groups.ts';

/** Makes an entry of a snapshot: a key alone says that it has nothing any more, so does a name alone. */
export type EntryOf<E, R = unknown> = (key: Key, ...row: readonly R[]) => E;

/** One row, one list of rows, or one object per key. */
interface Rows<R> {
  get(key: Key): R | undefined;
  entries(): Iterable<readonly [key: Key, row: R]>;
}

/** What has changed in them. */
export class KeyChanges<E, R = unknown> implements Changing<readonly [Key, R], E> {
  private readonly rows: Rows<R>;
  private readonly entryOf: EntryOf<E, R>;
  private readonly keys = new ChangedKeys();

  constructor(rows: Rows<R>, entryOf: EntryOf<E, R>) {
    this.rows = rows;
    this.entryOf = entryOf;
  }

  note(key: unknown): void {
    this.keys.note(key);
  }

  noteAnew(most: number): void {
    this.keys.noteAnew(most);
  }

  get overrun(): boolean {
    return this.keys.overrun;
  }

  *changed(): Generator<E, undefined> {
    for (const key of this.keys) {
      const row = this.rows.get(key);
      yield row === undefined ? this.entryOf(key) : this.entryOf(key, row);
    }
  }

  items(): Iterable<readonly [Key, R]> {
    return this.rows.entries();
  }

  isNoted([key]: readonly [Key, R]): boolean {
    return this.keys.has(key);
  }

  entries([key, row]: readonly [Key, R]): E[] {
    return [this.entryOf(key, row)];
  }
}

type MapItem = readonly [key: Key, rows: Iterable<readonly [name: MapKey, row: unknown]>];

/** The same for rows by name. */
export class NameChanges<E> implements Changing<MapItem, E> {
  private readonly table: MapTable;
  private readonly entryOf: EntryOf<E>;
  private readonly names = new ChangedNames();

  constructor(table: MapTable, entryOf: EntryOf<E>) {
    this.table = table;
    this.entryOf = entryOf;
  }

  /** `isNew`: it had no row. */
  note(key: Key, name: MapKey, isNew: boolean): void {
    this.names.note(key, name, isNew);
  }

  noteAll(key: Key): void {
    this.names.noteAll(key);
  }

  noteAnew(most: number): void {
    this.names.noteAnew(most);
  }

  get overrun(): boolean {
    return this.names.overrun;
  }

  *changed(): Generator<E, undefined> {
    const { table, entryOf } = this;
    for (const [key, names] of this.names) {
      if (names === ALL) {
        yield entryOf(key);
        for (const [name, row] of table.of(key)) yield entryOf(key, name, row);
        continue;
      }
      for (const [name, isNew] of names) {
        const row = table.get(key, name);
        // One that has gone and come again stands behind the others.
        if (isNew || row === undefined) yield entryOf(key, name);
        if (row !== undefined) yield entryOf(key, name, row);
      }
    }
  }

  items(): Iterable<MapItem> {
    return this.table.entries();
  }

  isNoted([key]: MapItem): boolean {
    return this.names.hasAll(key);
  }

  /** Names in earlier snapshots may stand in another order. */
  *entriesAgain(item: MapItem): Generator<E, undefined> {
    yield this.entryOf(item[0]);
    yield* this.entries(item);
  }

  *entries([key, rows]: MapItem): Generator<E, undefined> {
    for (const [name, row] of rows) yield this.entryOf(key, name, row);
  }
}

/** Takes up an entry's row, or its absence. What is gone by now may still be among those of earlier snapshots. */
export function restoreValue(
  table: ValueTable,
  key: Key,
  row: readonly unknown[],
  gone: (row: unknown) => boolean,
): void {
  if (row.length === 0 || gone(row[0])) table.delete(key);
  else table.set(key, row[0]);
}

/** The same for a row by name. */
export function restoreName(
  table: MapTable,
  key: Key,
  row: readonly unknown[],
  gone: (row: unknown) => boolean,
): void {
  const name = row[0] as MapKey;
  if (row.length === 0) table.clear(key);
  else if (row.length === 1 || gone(row[1])) table.delete(key, name);
  else table.set(key, name, row[1]);
}
