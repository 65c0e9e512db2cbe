import { fnv1a } from '../record/hash.ts';
import type { Key } from './key-groups.ts';
import type { RowStore } from './tables.ts';

/** Keys that one Map holds before further ones are spread over many. */
const SMALL = 65_536;
const SEGMENTS = 256;

/**
 * A Map by key that grows without a pause. A large Map that doubles moves all of its entries at once,
 * tens of milliseconds for a million; here each of many small ones doubles by itself. Up to `SMALL`
 * keys it is one Map, in the order in which the keys came. Values are never `undefined`.
 */
export class KeyMap<V> implements RowStore<V> {
  private readonly first = new Map<unknown, V>();
  private segments: Map<unknown, V>[] | undefined;
  private further = 0;

  get size(): number {
    return this.first.size + this.further;
  }

  get(key: unknown): V | undefined {
    const { segments } = this;
    const value = this.first.get(key);
    if (segments === undefined || value !== undefined) return value;
    return segments[segmentOf(key)].get(key);
  }

  has(key: unknown): boolean {
    return this.get(key) !== undefined;
  }

  set(key: unknown, value: V): void {
    const { first } = this;
    if (first.size < SMALL && this.further === 0) first.set(key, value);
    else if (first.has(key)) first.set(key, value);
    else this.setFurther(key, value);
  }

  /** Nothing has to be done: values are here themselves. */
  changed(): void {}

  delete(key: unknown): boolean {
    if (this.first.delete(key)) return true;
    if (this.segments === undefined || !this.segments[segmentOf(key)].delete(key)) return false;
    this.further--;
    return true;
  }

  clear(): void {
    this.first.clear();
    this.segments = undefined;
    this.further = 0;
  }

  /** May be changed meanwhile, as a Map may. */
  *entries(): Generator<[Key, V], undefined> {
    // Who has keyed values has given only such keys.
    yield* this.first as Map<Key, V>;
    for (const segment of this.segments ?? []) yield* segment as Map<Key, V>;
  }

  /** Without those that come beyond `SMALL` while they are visited. */
  values(): IteratorObject<V, undefined> {
    return this.segments === undefined ? this.first.values() : this.allValues(this.segments);
  }

  [Symbol.iterator](): Generator<[Key, V], undefined> {
    return this.entries();
  }

  private *allValues(segments: readonly Map<unknown, V>[]): Generator<V, undefined> {
    yield* this.first.values();
    for (const segment of segments) yield* segment.values();
  }

  private setFurther(key: unknown, value: V): void {
    this.segments ??= Array.from({ length: SEGMENTS }, () => new Map<unknown, V>());
    const segment = this.segments[segmentOf(key)];
    const before = segment.size;
    segment.set(key, value);
    this.further += segment.size - before;
  }
}

/**
 * Bits that the key groups do not use: a task has few of them, and its keys are alike in those.
 */
function segmentOf(key: unknown): number {
  if (typeof key === 'string') return (fnv1a(key) >>> 8) % SEGMENTS;
  return typeof key === 'number' ? Math.imul(key, 0x9e3779b1) >>> 24 : 0;
}
