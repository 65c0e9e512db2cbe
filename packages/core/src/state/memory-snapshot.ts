import { ValueReader } from '../codec/value-reader.ts';
import { ValueWriter } from '../codec/value-writer.ts';
import { type Section, type SnapshotReader, type SnapshotWriter, TASK_STATE } from './snapshot.ts';

/** A snapshot as bytes on the heap, one piece per key group. */
export class MemorySnapshot implements SnapshotWriter {
  private readonly writer = new ValueWriter();
  private readonly sections = new Map<number, Uint8Array>();
  private current: number | undefined;

  group(group: number): void {
    this.close();
    if (this.sections.has(group)) throw new Error(`key group ${group} is written twice`);
    this.current = group;
  }

  /** Throws `UNSUPPORTED_VALUE` for what is not plain. */
  put(value: unknown): void {
    if (this.current === undefined) throw new Error('a value is written before its key group');
    this.writer.write(value);
  }

  /** What was written, as plain data; nothing more can be written to these groups. */
  get written(): Section[] {
    this.close();
    return Array.from(this.sections, ([group, bytes]) => ({ group, bytes }));
  }

  /** Reads it back for a task that owns the key groups `[from, to)`; all of them by default. */
  reader(from = 0, to: number = Number.POSITIVE_INFINITY): SnapshotReader {
    return MemorySnapshot.together([this], from, to);
  }

  /** Reads what several tasks wrote as one: their own states first. */
  static together(snapshots: readonly MemorySnapshot[], from: number, to: number): SnapshotReader {
    return readSections(...snapshots.map(snapshot => snapshot.sectionsOf(from, to)));
  }

  /** Reads one task's snapshots of what has changed as one: of its own states the last one holds. */
  static layered(snapshots: readonly MemorySnapshot[]): SnapshotReader {
    const last = snapshots.at(-1);
    const sections = snapshots.flatMap(snapshot =>
      snapshot.written.filter(({ group }) => group !== TASK_STATE || snapshot === last),
    );
    return readSections(sections);
  }

  private sectionsOf(from: number, to: number): Section[] {
    return this.written.filter(
      ({ group }) => group === TASK_STATE || (group >= from && group < to),
    );
  }

  private close(): void {
    if (this.current === undefined) return;
    this.sections.set(this.current, this.writer.take().slice());
    this.current = undefined;
  }
}

interface WrittenSection extends Section {
  readonly writer: number;
}

/** Reads the sections of one task, or of several, in the order of their groups. */
export function readSections(...tasks: readonly (readonly Section[])[]): SnapshotReader {
  const sections = tasks.flatMap((all, writer) => all.map(section => ({ ...section, writer })));
  return new SectionsReader(sections.sort((left, right) => left.group - right.group));
}

class SectionsReader implements SnapshotReader {
  writer = -1;
  private readonly sections: readonly WrittenSection[];
  private readonly reader = new ValueReader();
  private next = 0;

  constructor(sections: readonly WrittenSection[]) {
    this.sections = sections;
  }

  nextGroup(): number | undefined {
    const section = this.sections[this.next++];
    if (section === undefined) return undefined;
    this.reader.open(section.bytes);
    this.writer = section.writer;
    return section.group;
  }

  more(): boolean {
    return !this.reader.done;
  }

  take(): unknown {
    return this.reader.read();
  }
}
