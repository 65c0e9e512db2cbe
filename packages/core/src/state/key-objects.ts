import { ChangedKeys } from './changed-keys.ts';
import { readByGroup, writeByGroup } from './grouped.ts';
import { type Changing, Increments } from './increments.ts';
import { type Key, keyGroupOf } from './key-groups.ts';
import { KeyMap } from './key-map.ts';
import type { SnapshotReader, SnapshotWriter } from './snapshot.ts';

/** In a snapshot: a key and what its object is made of; of one that has gone the key alone. */
type Entry = readonly [key: unknown, ...parts: unknown[]];

/**
 * Keyed state that is an object for each key, and snapshots of it, whole or of what has changed. A key
 * that has changed is written with all that it has; the step notes it.
 */
export class KeyObjects<V> implements Changing<[Key, V], Entry> {
  private readonly partsOf: (object: V) => readonly unknown[];
  private readonly objects = new KeyMap<V>();
  private readonly noted = new ChangedKeys();
  private readonly increments = new Increments<Entry>([this]);

  constructor(partsOf: (object: V) => readonly unknown[]) {
    this.partsOf = partsOf;
  }

  get(key: unknown): V | undefined {
    return this.objects.get(key);
  }

  /** Notes nothing: whoever changes the object does. */
  set(key: unknown, object: V): void {
    this.objects.set(key, object);
  }

  /** Notes it, too. */
  delete(key: unknown): void {
    this.noted.note(key);
    this.objects.delete(key);
  }

  /** The key's object changes. */
  note(key: unknown): void {
    this.noted.note(key);
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

  noteAnew(most: number): void {
    this.noted.noteAnew(most);
  }

  get overrun(): boolean {
    return this.noted.overrun;
  }

  *changed(): Generator<Entry, undefined> {
    for (const key of this.noted) {
      const object = this.objects.get(key);
      yield object === undefined ? [key] : [key, ...this.partsOf(object)];
    }
  }

  /** In the order in which the keys came, up to 65,536 of them. */
  items(): Generator<[Key, V], undefined> {
    return this.objects.entries();
  }

  isNoted([key]: [Key, V]): boolean {
    return this.noted.has(key);
  }

  entries([key, object]: [Key, V]): Entry[] {
    return [[key, ...this.partsOf(object)]];
  }
}

function groupOf([key]: Entry): number {
  return keyGroupOf(key);
}
