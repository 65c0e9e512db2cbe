import { fail } from '../errors.ts';
import { kept } from '../record/kept.ts';
import type { Fold } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import { compareRanks, type Rank, type Ranked, rankIn } from './rank.ts';

/**
 * The `n` values that are largest by a number (or a list of numbers, see `Rank`), the largest first;
 * of equal ones those that came first. Throws `INVALID_PIPELINE` for an `n` that is no whole number
 * from 1 on.
 */
export function topN<T>(n: number, by: (value: T) => Rank): Fold<T, Ranked<T>[], T[]> {
  if (!Number.isSafeInteger(n) || n < 1) {
    fail('INVALID_PIPELINE', `topN(${String(n)}, by): it takes a whole number from 1 on.`);
  }
  checkFunction('topN', by);
  return new TopN(n, by);
}

class TopN<T> implements Fold<T, Ranked<T>[], T[]> {
  readonly empty: T[] = [];
  private readonly n: number;
  private readonly by: (value: T) => Rank;

  constructor(n: number, by: (value: T) => Rank) {
    this.n = n;
    this.by = by;
  }

  create(): Ranked<T>[] {
    return [];
  }

  read(value: T): Rank {
    return rankIn('topN', this.by(value));
  }

  /** Keeps `best` sorted, the largest first. */
  fold(best: Ranked<T>[], input: unknown, value: T): Ranked<T>[] {
    const rank = input as Rank;
    let at = best.length;
    while (at > 0 && compareRanks(best[at - 1].rank, rank) < 0) at--;
    if (at === this.n) return best;
    best.splice(at, 0, { rank, value: kept(value) });
    if (best.length > this.n) best.pop();
    return best;
  }

  add(best: Ranked<T>[], value: T): Ranked<T>[] {
    return this.fold(best, this.read(value), value);
  }

  merge(left: Ranked<T>[], right: Ranked<T>[]): Ranked<T>[] {
    for (const { rank, value } of right) this.fold(left, rank, value);
    return left;
  }

  result(best: Ranked<T>[]): T[] {
    return best.map(({ value }) => value);
  }
}
