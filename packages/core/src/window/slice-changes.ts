import type { Changing } from '../state/increments.ts';
import type { Cell } from './guard.ts';
import type { KeySlices } from './key-slices.ts';

/** A slice in a snapshot. */
export type PlainSlice = readonly [key: unknown, start: number, accumulator: unknown];

/**
 * Slices as snapshots see them. What only time takes away may be in one still: slices that no open
 * window has. A key's slices are visited together, for they move when the first of them go.
 */
export class SliceChanges implements Changing<KeySlices, PlainSlice> {
  private readonly byKey: ReadonlyMap<unknown, KeySlices>;
  /** The number of the changes since the last snapshot; 0: nobody wants to know. */
  private noting = 0;
  private starts: number[] = [];
  private cells: Cell[] = [];

  constructor(byKey: ReadonlyMap<unknown, KeySlices>) {
    this.byKey = byKey;
  }

  /** The accumulator of the slice at `start` has changed, or is new. */
  note(start: number, cell: Cell): void {
    if (cell.noted === this.noting) return;
    cell.noted = this.noting;
    this.starts.push(start);
    this.cells.push(cell);
  }

  noteAnew(): void {
    this.noting++;
    this.starts = [];
    this.cells = [];
  }

  *changed(): Generator<PlainSlice, undefined> {
    for (const [i, { key, accumulator }] of this.cells.entries()) {
      yield [key, this.starts[i], accumulator];
    }
  }

  items(): Iterable<KeySlices> {
    return this.byKey.values();
  }

  isNoted(): boolean {
    return false;
  }

  *entries(slices: KeySlices): Generator<PlainSlice, undefined> {
    for (const [start, accumulator] of slices) yield [slices.key, start, accumulator];
  }
}
