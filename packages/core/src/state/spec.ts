import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import type { TimeKind } from '../time/clock.ts';
import type { Duration } from '../time/duration.ts';
import type { MapKey } from './backend.ts';

export type { TimeKind };

export interface StateOptions {
  /** How long a value, a map's entry or a list's item lives after it was written. Default: for ever. */
  readonly ttl?: Duration | undefined;
  /** The time that `ttl` is measured in. Default `event`. */
  readonly time?: TimeKind | undefined;
  /** Whether reading also begins the `ttl` anew. Default `write`: it does not. */
  readonly refresh?: 'write' | 'read' | undefined;
}

const NAMES: NamesOf<StateOptions> = { ttl: true, time: true, refresh: true };

/** What a step of `process` remembers under one name; `H` is how its calls see it. */
export interface StateSpec<H> {
  readonly kind: 'value' | 'map' | 'list';
  readonly initial: unknown;
  readonly options: StateOptions;
  /** Carries the type; there is never one. */
  readonly handle?: H;
}

/** A value of the key that a call is for. Do not change in place what `get` gives: `set` another. */
export interface ValueState<V> {
  /** The value, or the initial one. */
  get(): V;
  /** `undefined` clears it. */
  set(value: V): void;
  clear(): void;
}

/** Entries of the key that a call is for. Do not change in place what it gives: `set` another. */
export interface MapState<K extends MapKey, V> {
  get(name: K): V | undefined;
  has(name: K): boolean;
  set(name: K, value: V): void;
  delete(name: K): void;
  clear(): void;
  /** Visits the entries. */
  readonly size: number;
  keys(): K[];
  values(): V[];
  entries(): [K, V][];
}

/** Items of the key that a call is for. */
export interface ListState<V> {
  /** All items; the array does not change when items are added. */
  get(): readonly V[];
  add(item: V): void;
  set(items: readonly V[]): void;
  clear(): void;
  readonly length: number;
}

/**
 * One value per key. What has not been set is `initial`; an `initial` that is an object is copied for
 * each key.
 */
export function valueState<V>(
  initial?: undefined,
  options?: StateOptions,
): StateSpec<ValueState<V | undefined>>;
export function valueState<V>(initial: V, options?: StateOptions): StateSpec<ValueState<V>>;
export function valueState(
  initial?: unknown,
  options: StateOptions = {},
): StateSpec<ValueState<unknown>> {
  checkOptionNames('valueState()', options, NAMES);
  return { kind: 'value', initial, options };
}

/** A map per key. Its `ttl` is that of each entry. */
export function mapState<K extends MapKey = string, V = unknown>(
  options: StateOptions = {},
): StateSpec<MapState<K, V>> {
  checkOptionNames('mapState()', options, NAMES);
  return { kind: 'map', initial: undefined, options };
}

/** A list per key. Its `ttl` is that of each item. */
export function listState<V = unknown>(options: StateOptions = {}): StateSpec<ListState<V>> {
  checkOptionNames('listState()', options, NAMES);
  return { kind: 'list', initial: undefined, options };
}
