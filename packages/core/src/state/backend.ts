import type { Key } from './key-groups.ts';

/** What a map state's entries are named by. */
export type MapKey = string | number;

/**
 * Where the keyed state of one operator in one task lies. The heap is one such place
 * (`heapBackend`); another keeps the same rows elsewhere. Rows are never `undefined`.
 *
 * A table's owner treats rows as unchangeable: a change is a `set`. So a table may hand out the very
 * row that it was given, or a copy.
 */
export interface StateBackend {
  /** A name is asked for once. */
  values(name: string): ValueTable;
  maps(name: string): MapTable;
  lists(name: string): ListTable;
  /** The task is done with it, or given up: nothing of it is needed any more. */
  close?(): void;
}

/** Rows are visited round and round, a few at a time, and those that are gone are let go of. */
export interface Sweepable {
  /** Visits about `budget` rows and deletes those that `gone` is true for. */
  sweep(gone: (row: unknown) => boolean, budget: number): void;
}

/**
 * A row per key.
 *
 * Of every table: `entries` visits it key by key, once each, and shows each key as it is when its turn
 * comes. Rows may be set and deleted meanwhile; keys that come meanwhile may be missed.
 */
export interface ValueTable extends Sweepable {
  get(key: Key): unknown;
  set(key: Key, row: unknown): void;
  delete(key: Key): void;
  entries(): Iterable<readonly [key: Key, row: unknown]>;
}

/** Rows by name per key, in the order in which the names came (a backend on disk: any order). */
export interface MapTable extends Sweepable {
  get(key: Key, name: MapKey): unknown;
  set(key: Key, name: MapKey, row: unknown): void;
  delete(key: Key, name: MapKey): void;
  /** All of a key. */
  clear(key: Key): void;
  of(key: Key): Iterable<readonly [name: MapKey, row: unknown]>;
  entries(): Iterable<readonly [key: Key, rows: Iterable<readonly [name: MapKey, row: unknown]>]>;
}

/** A list of rows per key. One without rows is none. */
export interface ListTable extends Sweepable {
  /** What was handed out does not change any more; `undefined` for none. */
  get(key: Key): readonly unknown[] | undefined;
  add(key: Key, row: unknown): void;
  /** Replaces all rows; none of them deletes the list. */
  set(key: Key, rows: readonly unknown[]): void;
  length(key: Key): number;
  /** Drops the rows from `length` on. */
  truncate(key: Key, length: number): void;
  entries(): Iterable<readonly [key: Key, rows: readonly unknown[]]>;
}
