import { KeyObjects } from '../state/key-objects.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import { Cell } from '../window/guard.ts';
import type { PaneLogic } from '../window/pane.ts';
import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Incremental, Operator } from './operator.ts';
import type { WindowOutput } from './window-output.ts';

/** The window of one key that is filling. */
class Filling {
  readonly cell: Cell;
  count = 0;
  least = Number.POSITIVE_INFINITY;
  largest = Number.NEGATIVE_INFINITY;

  constructor(cell: Cell) {
    this.cell = cell;
  }
}

export interface CountWindowParts {
  readonly size: number;
  readonly logic: PaneLogic;
  readonly output: WindowOutput;
  readonly faults: Faults;
  readonly counts: RecordCounts;
  readonly step: string;
}

/** Windows of so many values per key. Time passes through; the end of input fires what is left. */
export class CountWindowOperator implements Operator, Incremental {
  private readonly parts: CountWindowParts;
  private readonly next: Operator;
  private readonly keys = new KeyObjects<Filling>(({ cell, count, least, largest }) => [
    cell.accumulator,
    count,
    least,
    largest,
  ]);
  /** The windows that the end of input still has to fire. */
  private ending: Iterator<[unknown, Filling], undefined> | undefined;

  constructor(parts: CountWindowParts, next: Operator) {
    this.parts = parts;
    this.next = next;
  }

  push(value: unknown, context: ContextCell): boolean {
    const { logic, faults, counts, step } = this.parts;
    const { key, timestamp } = context;
    let full: Filling;
    try {
      full = this.add(key, value);
    } catch (error) {
      const outcome = this.retry(error, key, value);
      if (outcome.failed) return faults.deadLetter(step, outcome.error, value, context);
      full = outcome.value as Filling;
    }
    if (logic.guard.settles) logic.guard.settle(full.cell, value);
    counts.windowed++;
    this.keys.note(key);
    full.count++;
    if (timestamp < full.least) full.least = timestamp;
    if (timestamp > full.largest) full.largest = timestamp;
    if (full.count === 1) this.keys.set(key, full);
    if (full.count < this.parts.size) return true;
    this.keys.delete(key);
    return this.fire(full);
  }

  watermark(watermark: number): boolean {
    return this.next.watermark(watermark);
  }

  end(): boolean {
    this.ending = this.keys.entries();
    return this.fireRest();
  }

  resume(): boolean {
    if (!this.next.resume() || !this.parts.output.proceed()) return false;
    return this.ending === undefined ? true : this.fireRest();
  }

  snapshot(writer: SnapshotWriter): void {
    this.keys.snapshot(writer, undefined);
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    return this.keys.snapshotChanges(writer, undefined, leastPart);
  }

  restore(reader: SnapshotReader): void {
    this.keys.restore(
      reader,
      () => {},
      (key, parts) => {
        const [accumulator, count, least, largest] = parts as [unknown, number, number, number];
        const filling = new Filling(new Cell(key, accumulator));
        filling.count = count;
        filling.least = least;
        filling.largest = largest;
        this.keys.set(key, filling);
      },
    );
  }

  /** Adds to the window of a key and returns it, or throws and leaves all as it was. */
  private add(key: unknown, value: unknown): Filling {
    const { logic, step } = this.parts;
    const input = logic.read(value);
    const filling = this.keys.get(key) ?? new Filling(new Cell(key, logic.create()));
    const { cell } = filling;
    const kept = logic.guard.keep(cell);
    try {
      const accumulator = logic.add(cell.accumulator, input, value);
      if (accumulator instanceof Promise) refusePromise(step, accumulator);
      cell.accumulator = accumulator;
    } catch (error) {
      logic.guard.restore(cell, kept);
      throw error;
    }
    return filling;
  }

  private retry(error: unknown, key: unknown, value: unknown): ReturnType<Faults['retry']> {
    return this.parts.faults.retry(error, () => this.add(key, value));
  }

  private fireRest(): boolean {
    const rest = this.ending as Iterator<[unknown, Filling], undefined>;
    for (let step = rest.next(); step.done !== true; step = rest.next()) {
      const [key, filling] = step.value;
      this.keys.delete(key);
      if (!this.fire(filling)) return false;
    }
    this.ending = undefined;
    return this.next.end();
  }

  private fire({ cell, least, largest }: Filling): boolean {
    const window = Object.freeze({ start: least, end: largest + 1 });
    return this.parts.output.fire(cell, window, largest, false);
  }
}
