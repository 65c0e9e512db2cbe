import type { SnapshotReader, SnapshotWriter } from './snapshot.ts';
import { TASK_STATE } from './snapshot.ts';

/** A snapshot on the heap: copies of the values, by group. */
export class MemorySnapshot implements SnapshotWriter {
  private readonly sections = new Map<number, unknown[]>();
  private current: unknown[] | undefined;

  group(group: number): void {
    if (this.sections.has(group)) throw new Error(`key group ${group} is written twice`);
    this.current = [];
    this.sections.set(group, this.current);
  }

  put(value: unknown): void {
    if (this.current === undefined) throw new Error('a value is written before its key group');
    this.current.push(structuredClone(value));
  }

  /** How many values there are. */
  get size(): number {
    let size = 0;
    for (const values of this.sections.values()) size += values.length;
    return size;
  }

  /** Reads it for a task that owns the key groups `[from, to)`; all of them by default. */
  reader(from = 0, to: number = Number.POSITIVE_INFINITY): SnapshotReader {
    return readerOf([this], from, to);
  }

  /** Reads what several tasks wrote as one: their own states first. */
  static together(snapshots: readonly MemorySnapshot[], from: number, to: number): SnapshotReader {
    return readerOf(snapshots, from, to);
  }

  /** The sections that a task with the key groups `[from, to)` restores. */
  *sectionsFor(from: number, to: number): Generator<[group: number, values: readonly unknown[]]> {
    for (const [group, values] of this.sections) {
      if (group === TASK_STATE || (group >= from && group < to)) yield [group, values];
    }
  }
}

function readerOf(snapshots: readonly MemorySnapshot[], from: number, to: number): SnapshotReader {
  const sections = snapshots.flatMap(snapshot => [...snapshot.sectionsFor(from, to)]);
  sections.sort(([left], [right]) => left - right);
  let at = -1;
  let taken = 0;
  return {
    nextGroup() {
      at++;
      taken = 0;
      return sections[at]?.[0];
    },
    more: () => taken < sections[at][1].length,
    take: () => structuredClone(sections[at][1][taken++]),
  };
}
