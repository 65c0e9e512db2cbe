import type { Fold } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import { type NumberOf, numberIn } from './number-input.ts';

/** How many numbers there were, and their sum. */
export interface MeanState {
  n: number;
  sum: number;
}

/** The mean of a number of each value. */
export function mean<T>(of: NumberOf<T>): Fold<T, MeanState, number, undefined> {
  checkFunction('mean', of);
  return new Mean(of);
}

class Mean<T> implements Fold<T, MeanState, number, undefined> {
  readonly empty = undefined;
  private readonly of: NumberOf<T>;

  constructor(of: NumberOf<T>) {
    this.of = of;
  }

  create(): MeanState {
    return { n: 0, sum: 0 };
  }

  read(value: T): number {
    return numberIn('mean', this.of(value));
  }

  fold(state: MeanState, input: unknown): MeanState {
    state.n++;
    state.sum += input as number;
    return state;
  }

  add(state: MeanState, value: T): MeanState {
    return this.fold(state, this.read(value));
  }

  merge(left: MeanState, right: MeanState): MeanState {
    left.n += right.n;
    left.sum += right.sum;
    return left;
  }

  result({ n, sum }: MeanState): number {
    // Behind `where` nothing may have been taken in; the types there say so.
    return n === 0 ? (this.empty as never) : sum / n;
  }
}
