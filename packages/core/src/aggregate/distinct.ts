import { type Fold, refuseInput } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';

/** What can be told apart by itself. */
export type Distinguishable = string | number | boolean | bigint | null | undefined;

/**
 * How many different ones there are of a text, number or the like of each value. Exact: all that
 * were seen are kept, once each.
 */
export function distinct<T>(
  of: (value: T) => Distinguishable,
): Fold<T, Set<Distinguishable>, number> {
  checkFunction('distinct', of);
  return new Distinct(of);
}

class Distinct<T> implements Fold<T, Set<Distinguishable>, number> {
  readonly empty = 0;
  private readonly of: (value: T) => Distinguishable;

  constructor(of: (value: T) => Distinguishable) {
    this.of = of;
  }

  create(): Set<Distinguishable> {
    return new Set();
  }

  read(value: T): Distinguishable {
    const given: unknown = this.of(value);
    if (given !== null && (typeof given === 'object' || typeof given === 'function')) {
      refuseInput('distinct', given, 'text, a number, a boolean or the like');
    }
    return given as Distinguishable;
  }

  fold(seen: Set<Distinguishable>, input: unknown): Set<Distinguishable> {
    return seen.add(input as Distinguishable);
  }

  add(seen: Set<Distinguishable>, value: T): Set<Distinguishable> {
    return seen.add(this.read(value));
  }

  merge(left: Set<Distinguishable>, right: Set<Distinguishable>): Set<Distinguishable> {
    for (const one of right) left.add(one);
    return left;
  }

  result(seen: Set<Distinguishable>): number {
    return seen.size;
  }
}
