import type { Aggregate } from './aggregate.ts';
import { isFlat, isPrimitive, plainCopy } from './plain-copy.ts';

/** What a `JournalGuard` keeps beside an accumulator. */
interface Journal {
  /** A deep copy of what the accumulator was, and the values added since. */
  base: unknown;
  readonly values: unknown[];
  /** How many values are kept before the next copy. */
  limit: number;
}

/** One key's accumulator in one window. */
export class Cell {
  readonly key: unknown;
  accumulator: unknown;
  journal: Journal | undefined = undefined;
  /** The number of the changes that it is noted among. */
  noted = 0;

  constructor(key: unknown, accumulator: unknown) {
    this.key = key;
    this.accumulator = accumulator;
  }
}

/**
 * Makes a failing `add` undo-able: an accumulator may be changed in place, and the change may be
 * half done when `add` throws. `keep` comes before an `add`, `restore` undoes it (whether it
 * failed or not) given what `keep` returned, `settle` makes it final.
 */
export interface AccumulatorGuard {
  keep(cell: Cell): unknown;
  restore(cell: Cell, kept: unknown): void;
  settle(cell: Cell, value: unknown): void;
  /** Whether `settle` does anything. */
  readonly settles: boolean;
}

/** Numbers, texts, and whatever only we add to: `add` cannot change what was there before. */
export const NO_GUARD: AccumulatorGuard = {
  settles: false,
  keep: cell => cell.accumulator,
  restore: (cell, kept) => {
    cell.accumulator = kept;
  },
  settle: () => {},
};

/** Objects of primitives: a shallow copy costs a few nanoseconds and is a whole one. */
export const FLAT_GUARD: AccumulatorGuard = {
  settles: false,
  keep: cell => ({ ...(cell.accumulator as object) }),
  restore: NO_GUARD.restore,
  settle: () => {},
};

const SHORTEST_JOURNAL = 16;

/**
 * Everything else. Copying a growing accumulator at every `add` would be quadratic. So a deep copy
 * is taken only after as many values as the accumulator has parts, and the values since then are
 * kept beside it: a constant share of a copy per value. `restore` copies the base and adds the
 * values again, which is why `add` must give the same for the same inputs.
 */
export class JournalGuard implements AccumulatorGuard {
  readonly settles = true;
  private readonly aggregate: Aggregate<unknown, unknown, unknown>;

  constructor(aggregate: Aggregate<unknown, unknown, unknown>) {
    this.aggregate = aggregate;
  }

  keep(cell: Cell): unknown {
    cell.journal ??= this.begin(cell.accumulator);
    return undefined;
  }

  restore(cell: Cell): void {
    const { base, values } = cell.journal as Journal;
    let accumulator = this.copy(base).copy;
    for (const value of values) accumulator = this.aggregate.add(accumulator, value);
    cell.accumulator = accumulator;
  }

  settle(cell: Cell, value: unknown): void {
    const { values, limit } = cell.journal as Journal;
    values.push(value);
    if (values.length >= limit) cell.journal = this.begin(cell.accumulator);
  }

  private begin(accumulator: unknown): Journal {
    const { copy, parts } = this.copy(accumulator);
    return { base: copy, values: [], limit: Math.max(SHORTEST_JOURNAL, parts) };
  }

  private copy(accumulator: unknown): { copy: unknown; parts: number } {
    const { copy } = this.aggregate;
    if (copy === undefined) return plainCopy(accumulator);
    return { copy: copy.call(this.aggregate, accumulator), parts: SHORTEST_JOURNAL };
  }
}

/**
 * For values that cannot be kept, because they are views of a record: a deep copy before each `add`.
 * The cost grows with the accumulator; map such values to plain ones first to avoid it.
 */
export class CopyGuard implements AccumulatorGuard {
  readonly settles = false;
  private readonly aggregate: Aggregate<unknown, unknown, unknown>;

  constructor(aggregate: Aggregate<unknown, unknown, unknown>) {
    this.aggregate = aggregate;
  }

  keep(cell: Cell): unknown {
    const { copy } = this.aggregate;
    if (copy === undefined) return plainCopy(cell.accumulator).copy;
    return copy.call(this.aggregate, cell.accumulator);
  }

  restore(cell: Cell, kept: unknown): void {
    cell.accumulator = kept;
  }

  settle(): void {}
}

/** The cheapest guard that undoes everything, by what `create` makes. */
export function guardFor(
  aggregate: Aggregate<unknown, unknown, unknown>,
  valuesAreViews: boolean,
): AccumulatorGuard {
  const sample = aggregate.create();
  // `null` and `undefined` stand for an accumulator to come, often an object.
  if (isPrimitive(sample) && sample !== null && sample !== undefined) return NO_GUARD;
  if (aggregate.copy === undefined) {
    if (!isPrimitive(sample) && isFlat(sample as object)) return FLAT_GUARD;
    plainCopy(sample);
  }
  return valuesAreViews ? new CopyGuard(aggregate) : new JournalGuard(aggregate);
}
