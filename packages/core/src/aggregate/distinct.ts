import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import { type Fold, refuseInput } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import { type Distinguishable, nothingSeen, type Seen, see, seeAll } from './seen.ts';

/** So many classes fit beside the one of all values. */
const MOST_CLASSES = 30;

/**
 * How many different ones there are of a text, number or the like of each value. Exact: all that
 * were seen are kept, once each; whole numbers take the least.
 */
export function distinct<T>(of: (value: T) => Distinguishable): Fold<T, Seen, number>;
/**
 * The same in all, and among the values that each of up to 30 tests holds for: `[all, ...classes]`. As
 * `distinct(of)` and `where(test, distinct(of))` for each, but what was seen is kept and looked up
 * once. (Flink's planner shares the state of distinct counts with filters in this way.)
 */
export function distinct<T>(
  of: (value: T) => Distinguishable,
  classes: readonly ((value: T) => unknown)[],
): Fold<T, Seen, number[]>;
export function distinct<T>(
  of: (value: T) => Distinguishable,
  classes?: readonly ((value: T) => unknown)[],
): Fold<T, Seen, number | number[]> {
  checkFunction('distinct', of);
  if (classes === undefined) return new Distinct(of, [], ([all]) => all);
  if (!Array.isArray(classes) || classes.length > MOST_CLASSES) {
    const what = Array.isArray(classes) ? `${classes.length} functions` : described(classes);
    const message = `distinct: the classes are ${what}; they must be up to ${MOST_CLASSES} functions, in an array.`;
    fail('INVALID_PIPELINE', message);
  }
  for (const test of classes) checkFunction('distinct', test);
  return new Distinct(of, classes, counts => [...counts]);
}

/** Of all values. */
const ALL = 1;

/** What was read of a value: the same object each time, for it is taken in before the next one is read. */
interface Read {
  given: Distinguishable;
  classes: number;
}

class Distinct<T, R> implements Fold<T, Seen, R> {
  readonly empty: R;
  private readonly of: (value: T) => Distinguishable;
  private readonly classes: readonly ((value: T) => unknown)[];
  private readonly resultOf: (counts: readonly number[]) => R;
  private readonly input: Read = { given: undefined, classes: ALL };

  constructor(
    of: (value: T) => Distinguishable,
    classes: readonly ((value: T) => unknown)[],
    resultOf: (counts: readonly number[]) => R,
  ) {
    this.of = of;
    this.classes = classes;
    this.resultOf = resultOf;
    this.empty = this.result(this.create());
  }

  create(): Seen {
    return nothingSeen(1 + this.classes.length);
  }

  read(value: T): Read {
    const { input, classes } = this;
    const given: unknown = this.of(value);
    if (given !== null && (typeof given === 'object' || typeof given === 'function')) {
      refuseInput('distinct', given, 'text, a number, a boolean or the like');
    }
    let all = ALL;
    for (let i = 0; i < classes.length; i++) if (classes[i](value)) all |= 2 << i;
    input.given = given as Distinguishable;
    input.classes = all;
    return input;
  }

  fold(seen: Seen, input: unknown): Seen {
    const { given, classes } = input as Read;
    see(seen, given, classes);
    return seen;
  }

  add(seen: Seen, value: T): Seen {
    return this.fold(seen, this.read(value));
  }

  merge(left: Seen, right: Seen): Seen {
    seeAll(left, right);
    return left;
  }

  result({ counts }: Seen): R {
    return this.resultOf(counts);
  }
}
