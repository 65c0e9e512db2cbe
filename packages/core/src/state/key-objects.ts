import { readByGroup, writeByGroup } from './grouped.ts';
import { Increments } from './increments.ts';
import { type Key, keyGroupOf } from './key-groups.ts';
import { KeyMap } from './key-map.ts';
import type { SnapshotReader, SnapshotWriter } from './snapshot.ts';
import { KeyChanges } from './table-changes.ts';

/** In a snapshot: a key and what its object is made of; of one that has gone the key alone. */
type Entry = readonly [key: unknown, ...parts: unknown[]];

/**
 * Keyed state that is an object for each key, and snapshots of it, whole or of what has changed. A key
 * that has changed is written with all that it has; the step notes it.
 */
export class KeyObjects<V> {
  private readonly objects = new KeyMap<V>();
  private readonly changes: KeyChanges<Entry, V>;
  private readonly increments: Increments<Entry>;

  constructor(partsOf: (object: V) => readonly unknown[]) {
    const entryOf = (key: Key, object?: V): Entry =>
      object === undefined ? [key] : [key, ...partsOf(object)];
    this.changes = new KeyChanges(this.objects, entryOf);
    this.increments = new Increments([this.changes]);
  }

  get(key: unknown): V | undefined {
    return this.objects.get(key);
  }

  /** Notes nothing: whoever changes the object does. */
  set(key: unknown, object: V): void {
    this.objects.set(key, object);
  }

  /** In the order in which the keys came, up to 65,536 of them. */
  entries(): Generator<[Key, V], undefined> {
    return this.objects.entries();
  }

  /** Notes it, too. */
  delete(key: unknown): void {
    this.changes.note(key);
    this.objects.delete(key);
  }

  /** The key's object changes. */
  note(key: unknown): void {
    this.changes.note(key);
  }

  snapshot(writer: SnapshotWriter, taskState: unknown): void {
    writeByGroup(writer, taskState, this.increments.whole(), groupOf);
  }

  /** See `Incremental`. */
  snapshotChanges(writer: SnapshotWriter, taskState: unknown, leastPart?: number): number {
    const { entries, layers } = this.increments.take(leastPart);
    writeByGroup(writer, taskState, entries, groupOf);
    return layers;
  }

  /**
   * Tells the states of the tasks, then of each key's last entry what `partsOf` had given: objects are made
   * once, however many entries there are, for others may know them from then on. So all entries are
   * in memory at once, beside the objects that are made of them.
   */
  restore(
    reader: SnapshotReader,
    onTaskState: (state: unknown) => void,
    onKey: (key: unknown, parts: readonly unknown[]) => void,
  ): void {
    const last = new KeyMap<readonly unknown[]>();
    readByGroup(reader, onTaskState, entry => {
      const [key, ...parts] = entry as Entry;
      last.set(key, parts);
    });
    for (const [key, parts] of last) if (parts.length > 0) onKey(key, parts);
  }
}

function groupOf([key]: Entry): number {
  return keyGroupOf(key);
}
