import type { ListTable, MapKey, MapTable, ValueTable } from './backend.ts';
import type { Key } from './key-groups.ts';

/** Something per key, wherever it is: what tables are made over. */
export interface RowStore<V> {
  get(key: Key): V | undefined;
  set(key: Key, value: V): void;
  /** What `get` gave, or `set` was given, has been changed in place. */
  changed(key: Key, value: V): void;
  delete(key: Key): boolean;
  /** May be changed meanwhile; each is as it is when its turn comes. */
  entries(): Iterator<readonly [Key, V], undefined>;
}

/** Throws for a row that cannot be kept. */
export type CheckRow = (row: unknown) => void;

const takesAll: CheckRow = () => {};

export class StoredValues implements ValueTable {
  private readonly store: RowStore<unknown>;
  private readonly check: CheckRow;
  private readonly rounds: Rounds<unknown>;

  constructor(store: RowStore<unknown>, check = takesAll) {
    this.store = store;
    this.check = check;
    this.rounds = new Rounds(store);
  }

  get(key: Key): unknown {
    return this.store.get(key);
  }

  set(key: Key, row: unknown): void {
    this.check(row);
    this.store.set(key, row);
  }

  delete(key: Key): void {
    this.store.delete(key);
  }

  entries(): Iterable<readonly [Key, unknown]> {
    return iterable(this.store);
  }

  sweep(gone: (row: unknown) => boolean, budget: number): void {
    for (let visited = 0; visited < budget; visited++) {
      const entry = this.rounds.next();
      if (entry === undefined) return;
      if (gone(entry[1])) this.store.delete(entry[0]);
    }
  }
}

export type StoredMap = Map<MapKey, unknown>;

export class StoredMaps implements MapTable {
  private readonly store: RowStore<StoredMap>;
  private readonly check: CheckRow;
  private readonly rounds: Rounds<StoredMap>;

  constructor(store: RowStore<StoredMap>, check = takesAll) {
    this.store = store;
    this.check = check;
    this.rounds = new Rounds(store);
  }

  get(key: Key, name: MapKey): unknown {
    return this.store.get(key)?.get(name);
  }

  set(key: Key, name: MapKey, row: unknown): void {
    this.check(row);
    const map = this.store.get(key);
    if (map === undefined) {
      this.store.set(key, new Map([[name, row]]));
    } else {
      map.set(name, row);
      this.store.changed(key, map);
    }
  }

  delete(key: Key, name: MapKey): void {
    const map = this.store.get(key);
    if (!map?.delete(name)) return;
    if (map.size === 0) this.store.delete(key);
    else this.store.changed(key, map);
  }

  clear(key: Key): void {
    this.store.delete(key);
  }

  of(key: Key): Iterable<readonly [MapKey, unknown]> {
    return this.store.get(key) ?? [];
  }

  entries(): Iterable<readonly [Key, StoredMap]> {
    return iterable(this.store);
  }

  sweep(gone: (row: unknown) => boolean, budget: number): void {
    for (let visited = 0; visited < budget; ) {
      const entry = this.rounds.next();
      if (entry === undefined) return;
      const [key, map] = entry;
      visited += map.size;
      for (const [name, row] of map) if (gone(row)) this.delete(key, name);
    }
  }
}

/** A list in place, until it is handed out: then the next change makes another. */
export interface StoredList {
  rows: unknown[];
  shared: boolean;
}

export class StoredLists implements ListTable {
  private readonly store: RowStore<StoredList>;
  private readonly check: CheckRow;
  private readonly rounds: Rounds<StoredList>;

  constructor(store: RowStore<StoredList>, check = takesAll) {
    this.store = store;
    this.check = check;
    this.rounds = new Rounds(store);
  }

  get(key: Key): readonly unknown[] | undefined {
    const list = this.store.get(key);
    if (list === undefined) return undefined;
    list.shared = true;
    return list.rows;
  }

  add(key: Key, row: unknown): void {
    this.check(row);
    const list = this.store.get(key);
    if (list === undefined) {
      this.store.set(key, { rows: [row], shared: false });
    } else {
      own(list).push(row);
      this.store.changed(key, list);
    }
  }

  set(key: Key, rows: readonly unknown[]): void {
    for (const row of rows) this.check(row);
    if (rows.length === 0) this.store.delete(key);
    else this.store.set(key, { rows: rows.slice(), shared: false });
  }

  length(key: Key): number {
    return this.store.get(key)?.rows.length ?? 0;
  }

  truncate(key: Key, length: number): void {
    const list = this.store.get(key);
    if (list === undefined) return;
    if (length === 0) {
      this.store.delete(key);
    } else {
      own(list).length = length;
      this.store.changed(key, list);
    }
  }

  *entries(): Generator<readonly [Key, readonly unknown[]], undefined> {
    for (const [key, { rows }] of iterable(this.store)) yield [key, rows];
  }

  sweep(gone: (row: unknown) => boolean, budget: number): void {
    for (let visited = 0; visited < budget; ) {
      const entry = this.rounds.next();
      if (entry === undefined) return;
      const [key, { rows }] = entry;
      visited += rows.length;
      if (rows.some(gone))
        this.set(
          key,
          rows.filter(row => !gone(row)),
        );
    }
  }
}

function own(list: StoredList): unknown[] {
  if (list.shared) {
    list.rows = list.rows.slice();
    list.shared = false;
  }
  return list.rows;
}

function iterable<V>(store: RowStore<V>): Iterable<readonly [Key, V]> {
  return { [Symbol.iterator]: () => store.entries() };
}

/** Goes round over something that may change meanwhile. */
class Rounds<V> {
  private readonly store: RowStore<V>;
  private iterator: Iterator<readonly [Key, V], undefined> | undefined;

  constructor(store: RowStore<V>) {
    this.store = store;
  }

  /** The next one; `undefined` at the end of a round. */
  next(): readonly [Key, V] | undefined {
    this.iterator ??= this.store.entries();
    const step = this.iterator.next();
    if (step.done !== true) return step.value;
    this.iterator = undefined;
    return undefined;
  }
}
