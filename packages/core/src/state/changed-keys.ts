import type { MapKey } from './backend.ts';
import type { Key } from './key-groups.ts';
import { KeyMap } from './key-map.ts';

/** Stands for no key. */
const NONE = Symbol('none');

/**
 * The keys of which something has changed since the last snapshot. Nothing is noted before the first
 * one: it is whole, and a pipeline without checkpoints never has any.
 */
export class ChangedKeys {
  private noting = false;
  private readonly keys = new KeyMap<true>();
  /** Changes of one key come together. */
  private last: unknown = NONE;

  note(key: unknown): void {
    if (!this.noting || key === this.last) return;
    this.last = key;
    this.keys.set(key, true);
  }

  has(key: unknown): boolean {
    return this.keys.size > 0 && this.keys.has(key);
  }

  /** A snapshot has been made: notes what changes from now on. */
  noteAnew(): void {
    this.noting = true;
    this.last = NONE;
    this.keys.clear();
  }

  *[Symbol.iterator](): Generator<Key, undefined> {
    for (const [key] of this.keys) yield key;
  }
}

/** The names of one key that were noted, in order, and whether each has come since; or all that it ever had. */
type Names = Map<MapKey, boolean> | typeof ALL;

export const ALL = Symbol('all');

/** The same where a key has rows by name: of a large map, only what has changed is written. */
export class ChangedNames {
  private noting = false;
  private readonly byKey = new KeyMap<Names>();

  /** `isNew`: the name had no row, and stands behind all others of its key now. */
  note(key: Key, name: MapKey, isNew: boolean): void {
    if (!this.noting) return;
    const names = this.byKey.get(key);
    if (names === ALL) return;
    if (names === undefined) {
      this.byKey.set(key, new Map([[name, isNew]]));
    } else if (isNew) {
      names.delete(name);
      names.set(name, true);
    } else if (!names.has(name)) {
      names.set(name, false);
    }
  }

  /** All that the key has had is gone. */
  noteAll(key: Key): void {
    if (this.noting) this.byKey.set(key, ALL);
  }

  /** Whether all is written again that the key has. */
  hasAll(key: Key): boolean {
    return this.byKey.size > 0 && this.byKey.get(key) === ALL;
  }

  noteAnew(): void {
    this.noting = true;
    this.byKey.clear();
  }

  [Symbol.iterator](): Iterator<[Key, Names], undefined> {
    return this.byKey.entries();
  }
}
