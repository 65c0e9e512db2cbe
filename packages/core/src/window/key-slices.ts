import type { Cell } from './guard.ts';
import type { PaneLogic } from './pane.ts';

/**
 * What one key has of overlapping windows: an accumulator for each slice of time in which it has any
 * values, a slice being the time between two neighbouring edges of windows. A value is added to one
 * slice, however many windows it is in; a window that fires merges its slices.
 *
 * Windows fire in the order of their ends, so that two stacks do (as in a queue made of two): of the
 * slices before `split` the merged suffixes are kept, of those from there on the merged whole. A
 * window takes one suffix and the whole: two merges, and each slice is merged twice in its life.
 *
 * ```text
 *   slices    a    b    c  |  d    e
 *   kept     abc   bc   c  |   de           the window [b, e] is bc · de
 *                   split ─┘
 * ```
 *
 * A value behind the watermark may change a slice that has been merged: then all is merged anew.
 */
export class KeySlices {
  readonly key: unknown;
  /** Slices in rising order: where they begin, and what is in them. */
  private readonly starts: number[] = [];
  private readonly cells: Cell[] = [];
  /** Of slice `i`, below `split`: the slices `[i, split)` merged. */
  private readonly suffixes: unknown[] = [];
  private split = 0;
  /** The slices `[split, settled)` merged, if there are any. */
  private whole: unknown = undefined;
  private settled = 0;

  constructor(key: unknown) {
    this.key = key;
  }

  get empty(): boolean {
    return this.starts.length === 0;
  }

  /** The accumulator of the slice that begins at `start`. */
  at(start: number): Cell | undefined {
    const { starts } = this;
    for (let i = starts.length - 1; i >= 0; i--) {
      if (starts[i] === start) return this.cells[i];
      if (starts[i] < start) return undefined;
    }
    return undefined;
  }

  /** Puts in the accumulator of a slice that had none. */
  insert(start: number, cell: Cell): void {
    const { starts } = this;
    let at = starts.length;
    if (at === 0 || starts[at - 1] < start) {
      starts.push(start);
      this.cells.push(cell);
      return;
    }
    while (at > 0 && starts[at - 1] > start) at--;
    starts.splice(at, 0, start);
    this.cells.splice(at, 0, cell);
    if (at < this.settled) this.unsettle();
  }

  /** The accumulator of the slice at `start` has changed. */
  touched(start: number): void {
    if (this.settled > 0 && start <= this.starts[this.settled - 1]) this.unsettle();
  }

  /** Whether any slice begins in `[start, end)`. */
  has(start: number, end: number): boolean {
    const from = this.firstFrom(start);
    return from < this.starts.length && this.starts[from] < end;
  }

  /** Forgets the slices that begin before `start`. */
  evict(start: number): void {
    const count = this.firstFrom(start);
    if (count === 0) return;
    if (count === this.starts.length) {
      this.starts.length = this.cells.length = 0;
      this.unsettle();
      return;
    }
    this.starts.splice(0, count);
    this.cells.splice(0, count);
    if (count > this.split) this.unsettle();
    else {
      this.suffixes.splice(0, count);
      this.split -= count;
      this.settled -= count;
    }
  }

  /**
   * The slices that begin in `[start, end)`, of which there are some, merged into an accumulator of the
   * caller's own. Calls come in the order of `end`. Throws what user code throws.
   */
  merged(start: number, end: number, logic: PaneLogic): unknown {
    const from = this.firstFrom(start);
    try {
      if (from >= this.split) this.flip(from, end, logic);
      this.settle(end, logic);
    } catch (error) {
      this.unsettle();
      throw error;
    }
    const suffix = logic.copy(this.suffixes[from]);
    return this.settled === this.split ? suffix : logic.merge(suffix, this.whole);
  }

  /** The same for a window of the past, by itself. */
  mergedAlone(start: number, end: number, logic: PaneLogic): unknown {
    const { starts, cells } = this;
    const from = this.firstFrom(start);
    let merged = logic.copy(cells[from].accumulator);
    for (let i = from + 1; i < starts.length && starts[i] < end; i++) {
      merged = logic.merge(merged, cells[i].accumulator);
    }
    return merged;
  }

  /** Each slice with its accumulator. */
  *[Symbol.iterator](): Generator<[start: number, accumulator: unknown], undefined> {
    for (let i = 0; i < this.starts.length; i++) yield [this.starts[i], this.cells[i].accumulator];
  }

  /** The first slice that does not begin before `start`. */
  private firstFrom(start: number): number {
    const { starts } = this;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Nothing is merged any more. */
  private unsettle(): void {
    this.suffixes.length = 0;
    this.whole = undefined;
    this.split = this.settled = 0;
  }

  /** All slices from `from` on that begin before `end` become suffixes. */
  private flip(from: number, end: number, logic: PaneLogic): void {
    const { starts, cells, suffixes } = this;
    let split = from;
    while (split < starts.length && starts[split] < end) split++;
    suffixes.length = split;
    for (let i = split - 1; i >= from; i--) {
      const { accumulator } = cells[i];
      suffixes[i] =
        i === split - 1
          ? logic.copy(accumulator)
          : logic.merge(logic.copy(accumulator), suffixes[i + 1]);
    }
    this.split = this.settled = split;
    this.whole = undefined;
  }

  /** Takes the slices that begin before `end` into the whole. */
  private settle(end: number, logic: PaneLogic): void {
    const { starts, cells } = this;
    while (this.settled < starts.length && starts[this.settled] < end) {
      const { accumulator } = cells[this.settled];
      this.whole =
        this.settled === this.split
          ? logic.copy(accumulator)
          : logic.merge(this.whole, accumulator);
      this.settled++;
    }
  }
}
