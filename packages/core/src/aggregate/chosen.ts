import { kept } from '../record/kept.ts';
import type { Fold } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import { compareRanks, type Rank, type Ranked, rankIn } from './rank.ts';

/** The smallest value, of equal ones the first; or the largest, of equal ones the last. */
export class Chosen<T> implements Fold<T, Ranked<T> | undefined, T, undefined> {
  readonly empty = undefined;
  readonly merge: Fold<T, Ranked<T> | undefined, T>['merge'];
  private readonly name: 'first' | 'last';
  private readonly by: ((value: T) => Rank) | undefined;

  constructor(name: 'first' | 'last', by: ((value: T) => Rank) | undefined) {
    if (by !== undefined) checkFunction(name, by);
    this.name = name;
    this.by = by;
    this.merge =
      by === undefined
        ? undefined
        : (left, right) => (right === undefined ? left : this.fold(left, right.rank, right.value));
  }

  create(): undefined {
    return undefined;
  }

  read(value: T): Rank {
    return this.by === undefined ? 0 : rankIn(this.name, this.by(value));
  }

  fold(chosen: Ranked<T> | undefined, input: unknown, value: T): Ranked<T> {
    const rank = input as Rank;
    if (chosen !== undefined) {
      const order = compareRanks(rank, chosen.rank);
      if (this.name === 'first' ? order >= 0 : order < 0) return chosen;
    }
    return { rank, value: kept(value) };
  }

  add(chosen: Ranked<T> | undefined, value: T): Ranked<T> {
    return this.fold(chosen, this.read(value), value);
  }

  result(chosen: Ranked<T> | undefined): T {
    // Behind `where` nothing may have been taken in; the types there say so.
    return chosen === undefined ? (this.empty as never) : chosen.value;
  }
}
