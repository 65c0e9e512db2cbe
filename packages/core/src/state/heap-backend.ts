import type { ListTable, MapKey, MapTable, StateBackend, ValueTable } from './backend.ts';
import type { Key } from './key-groups.ts';
import { KeyMap } from './key-map.ts';

/** State on the heap of the thread: the default. */
export const heapBackend: StateBackend = {
  values: () => new HeapValues(),
  maps: () => new HeapMaps(),
  lists: () => new HeapLists(),
};

/** Goes round over something that may change meanwhile. */
class Rounds<T> {
  private readonly begin: () => Iterator<T, undefined>;
  private iterator: Iterator<T, undefined> | undefined;

  constructor(begin: () => Iterator<T, undefined>) {
    this.begin = begin;
  }

  /** The next one; `undefined` at the end of a round. */
  next(): T | undefined {
    this.iterator ??= this.begin();
    const step = this.iterator.next();
    if (step.done !== true) return step.value;
    this.iterator = undefined;
    return undefined;
  }
}

type Row = NonNullable<unknown> | null;

class HeapValues implements ValueTable {
  private readonly rows = new KeyMap<Row>();
  private readonly rounds = new Rounds(() => this.rows.entries());

  get(key: Key): unknown {
    return this.rows.get(key);
  }

  set(key: Key, row: unknown): void {
    this.rows.set(key, row as Row);
  }

  delete(key: Key): void {
    this.rows.delete(key);
  }

  entries(): Iterable<[Key, unknown]> {
    return this.rows.entries() as Iterable<[Key, unknown]>;
  }

  sweep(gone: (row: unknown) => boolean, budget: number): void {
    for (let visited = 0; visited < budget; visited++) {
      const entry = this.rounds.next();
      if (entry === undefined) return;
      if (gone(entry[1])) this.rows.delete(entry[0]);
    }
  }
}

class HeapMaps implements MapTable {
  private readonly maps = new KeyMap<Map<MapKey, unknown>>();
  private readonly rounds = new Rounds(() => this.entries()[Symbol.iterator]());

  get(key: Key, name: MapKey): unknown {
    return this.maps.get(key)?.get(name);
  }

  set(key: Key, name: MapKey, row: unknown): void {
    const map = this.maps.get(key);
    if (map === undefined) this.maps.set(key, new Map([[name, row]]));
    else map.set(name, row);
  }

  delete(key: Key, name: MapKey): void {
    const map = this.maps.get(key);
    if (map?.delete(name) && map.size === 0) this.maps.delete(key);
  }

  clear(key: Key): void {
    this.maps.delete(key);
  }

  of(key: Key): Iterable<readonly [MapKey, unknown]> {
    return this.maps.get(key) ?? [];
  }

  *entries(): Generator<readonly [Key, MapKey, unknown], undefined> {
    for (const [key, map] of this.maps) {
      for (const [name, row] of map) yield [key as Key, name, row];
    }
  }

  sweep(gone: (row: unknown) => boolean, budget: number): void {
    for (let visited = 0; visited < budget; visited++) {
      const entry = this.rounds.next();
      if (entry === undefined) return;
      if (gone(entry[2])) this.delete(entry[0], entry[1]);
    }
  }
}

/** A list in place, until it is handed out: then the next change makes another. */
interface HeapList {
  rows: unknown[];
  shared: boolean;
}

class HeapLists implements ListTable {
  private readonly lists = new KeyMap<HeapList>();
  private readonly rounds = new Rounds(() => this.lists.entries());

  get(key: Key): readonly unknown[] | undefined {
    const list = this.lists.get(key);
    if (list === undefined) return undefined;
    list.shared = true;
    return list.rows;
  }

  add(key: Key, row: unknown): void {
    const list = this.lists.get(key);
    if (list === undefined) this.lists.set(key, { rows: [row], shared: false });
    else own(list).push(row);
  }

  set(key: Key, rows: readonly unknown[]): void {
    if (rows.length === 0) this.lists.delete(key);
    else this.lists.set(key, { rows: rows.slice(), shared: false });
  }

  length(key: Key): number {
    return this.lists.get(key)?.rows.length ?? 0;
  }

  truncate(key: Key, length: number): void {
    const list = this.lists.get(key);
    if (list === undefined) return;
    if (length === 0) this.lists.delete(key);
    else own(list).length = length;
  }

  *entries(): Generator<readonly [Key, readonly unknown[]], undefined> {
    for (const [key, { rows }] of this.lists) yield [key as Key, rows];
  }

  sweep(gone: (row: unknown) => boolean, budget: number): void {
    for (let visited = 0; visited < budget; ) {
      const entry = this.rounds.next();
      if (entry === undefined) return;
      const [key, { rows }] = entry;
      visited += rows.length;
      if (rows.some(gone))
        this.set(
          key as Key,
          rows.filter(row => !gone(row)),
        );
    }
  }
}

function own(list: HeapList): unknown[] {
  if (list.shared) {
    list.rows = list.rows.slice();
    list.shared = false;
  }
  return list.rows;
}
