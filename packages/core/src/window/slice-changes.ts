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
  /** What is noted goes with its windows. */
  readonly overrun = false;
  private readonly byKey: ReadonlyMap<unknown, KeySlices>;
  /** The number of the changes since the last snapshot; 0: nobody wants to know. */
  private noting = 0;
  /** By where their slices begin. */
  private cells = new Map<number, Cell[]>();

  constructor(byKey: ReadonlyMap<unknown, KeySlices>) {
    this.byKey = byKey;
  }

  /** The accumulator of the slice at `start` has changed, or is new. */
  note(start: number, cell: Cell): void {
    if (cell.noted === this.noting) return;
    cell.noted = this.noting;
    const others = this.cells.get(start);
    if (others === undefined) this.cells.set(start, [cell]);
    else others.push(cell);
  }

  /** Slices that begin before `start` have gone: between two snapshots there may be any number of them. */
  evict(start: number): void {
    for (const one of this.cells.keys()) if (one < start) this.cells.delete(one);
  }

  noteAnew(): void {
    this.noting++;
    this.cells = new Map();
  }

  *changed(): Generator<PlainSlice, undefined> {
    for (const [start, cells] of this.cells) {
      for (const { key, accumulator } of cells) yield [key, start, accumulator];
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
