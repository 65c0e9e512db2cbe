import type { Key } from '@lite-streams/core';
import type { RowStore } from '@lite-streams/core/internal';

/** Rows outside of the heap, by key. */
export interface RowFile<V> {
  read(key: Key): V | undefined;
  /** All at once; `undefined` deletes. */
  write(rows: Iterable<readonly [Key, V | undefined]>): void;
  /** Up to `limit` rows that come after `after` in the file's own order. */
  page(after: Key | undefined, limit: number): readonly (readonly [Key, V])[];
}

interface Cached<V> {
  /** `undefined`: there is none. */
  value: V | undefined;
  /** Whether the file does not have it yet. */
  dirty: boolean;
}

/** Rows that are visited at once when all are. */
const PAGE = 256;

/**
 * Rows of a file with the latest of them on the heap, in two generations: what is used comes into the
 * young one; when that is full, its changes are written in one go, and the old one is forgotten.
 */
export class CachedRows<V> implements RowStore<V> {
  private readonly file: RowFile<V>;
  private readonly most: number;
  private young = new Map<Key, Cached<V>>();
  private old = new Map<Key, Cached<V>>();
  /** How often changes have been written to the file. */
  private written = 0;

  /** `most`: rows of a generation. */
  constructor(file: RowFile<V>, most: number) {
    this.file = file;
    this.most = most;
  }

  get(key: Key): V | undefined {
    return this.cached(key).value;
  }

  set(key: Key, value: V): void {
    this.put(key, value);
  }

  changed(key: Key, value: V): void {
    this.put(key, value);
  }

  delete(key: Key): boolean {
    const had = this.get(key) !== undefined;
    if (had) this.put(key, undefined);
    return had;
  }

  /** What is visited does not take the place of what is used. */
  *entries(): Generator<readonly [Key, V], undefined> {
    this.writeOut();
    let last: Key | undefined;
    for (;;) {
      const page = this.file.page(last, PAGE);
      const { written } = this;
      for (const [key, stored] of page) {
        // What was read of the file is good until something is written to it.
        if (this.written !== written) break;
        const known = this.young.get(key) ?? this.old.get(key);
        const value = known === undefined ? stored : known.value;
        last = key;
        if (value !== undefined) yield [key, value];
      }
      if (this.written === written && page.length < PAGE) return;
    }
  }

  private cached(key: Key): Cached<V> {
    const young = this.young.get(key);
    if (young !== undefined) return young;
    const old = this.old.get(key) ?? { value: this.file.read(key), dirty: false };
    this.keep(key, old);
    return old;
  }

  private put(key: Key, value: V | undefined): void {
    const known = this.young.get(key);
    if (known === undefined) {
      this.keep(key, { value, dirty: true });
      return;
    }
    known.value = value;
    known.dirty = true;
  }

  private keep(key: Key, row: Cached<V>): void {
    if (this.young.size >= this.most) {
      this.writeOut();
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, row);
  }

  private writeOut(): void {
    const { file, young } = this;
    this.written++;
    file.write(changesOf(young));
    for (const row of young.values()) row.dirty = false;
  }
}

function* changesOf<V>(
  rows: ReadonlyMap<Key, Cached<V>>,
): Generator<readonly [Key, V | undefined]> {
  for (const [key, { value, dirty }] of rows) if (dirty) yield [key, value];
}
