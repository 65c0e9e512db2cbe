import { readByGroup, writeByGroup } from './grouped.ts';
import { keyGroupOf } from './key-groups.ts';
import { KeyMap } from './key-map.ts';
import type { SnapshotReader, SnapshotWriter } from './snapshot.ts';

/** One value per key, on the heap of one task. */
export class KeyedStore<V> {
  private readonly values = new KeyMap<V>();

  get size(): number {
    return this.values.size;
  }

  get(key: unknown): V | undefined {
    return this.values.get(key);
  }

  set(key: unknown, value: V): void {
    this.values.set(key, value);
  }

  delete(key: unknown): void {
    this.values.delete(key);
  }

  /** In the order in which the keys came. */
  entries(): MapIterator<[unknown, V]> {
    return this.values.entries();
  }

  /** Writes every value under its key's group, as `plain` makes it. */
  snapshot(writer: SnapshotWriter, taskState: unknown, plain: (value: V) => unknown): void {
    writeByGroup(
      writer,
      taskState,
      Array.from(this.values, ([key, value]) => [key, plain(value)]),
      ([key]) => keyGroupOf(key),
    );
  }

  restore(
    reader: SnapshotReader,
    onTaskState: (state: unknown) => void,
    value: (plain: unknown, key: unknown) => V,
  ): void {
    readByGroup(reader, onTaskState, entry => {
      const [key, plain] = entry as [unknown, unknown];
      this.values.set(key, value(plain, key));
    });
  }
}
