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
  /** Whether there were too many: then none is noted until the next snapshot. */
  overrun = false;
  private noting = false;
  private most = 0;
  private readonly keys = new KeyMap<true>();
  /** Changes of one key come together. */
  private last: unknown = NONE;

  note(key: unknown): void {
    if (!this.noting || key === this.last) return;
    this.last = key;
    this.keys.set(key, true);
    if (this.keys.size <= this.most) return;
    this.keys.clear();
    this.noting = false;
    this.overrun = true;
  }

  has(key: unknown): boolean {
    return this.keys.size > 0 && this.keys.has(key);
  }

  /** A snapshot has been made: notes what changes from now on, up to `most` keys. */
  noteAnew(most: number): void {
    this.noting = true;
    this.overrun = false;
    this.most = most;
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
  /** Whether there were too many: then none is noted until the next snapshot. */
  overrun = false;
  private noting = false;
  private most = 0;
  /** Names, and whole keys, that are noted. */
  private count = 0;
  private readonly byKey = new KeyMap<Names>();

  /** `isNew`: the name had no row, and stands behind all others of its key now. */
  note(key: Key, name: MapKey, isNew: boolean): void {
    if (!this.noting) return;
    const names = this.byKey.get(key);
    if (names === ALL) return;
    if (names === undefined) {
      this.byKey.set(key, new Map([[name, isNew]]));
    } else if (isNew) {
      if (names.delete(name)) this.count--;
      names.set(name, true);
    } else if (names.has(name)) {
      return;
    } else {
      names.set(name, false);
    }
    this.counted();
  }

  /** All that the key has had is gone. */
  noteAll(key: Key): void {
    if (!this.noting) return;
    const names = this.byKey.get(key);
    if (names === ALL) return;
    this.count -= names?.size ?? 0;
    this.byKey.set(key, ALL);
    this.counted();
  }

  /** Whether all is written again that the key has. */
  hasAll(key: Key): boolean {
    return this.byKey.size > 0 && this.byKey.get(key) === ALL;
  }

  noteAnew(most: number): void {
    this.noting = true;
    this.overrun = false;
    this.most = most;
    this.count = 0;
    this.byKey.clear();
  }

  [Symbol.iterator](): Iterator<[Key, Names], undefined> {
    return this.byKey.entries();
  }

  private counted(): void {
    if (++this.count <= this.most) return;
    this.byKey.clear();
    this.noting = false;
    this.overrun = true;
  }
}
