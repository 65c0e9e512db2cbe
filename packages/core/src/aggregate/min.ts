import type { Fold } from '../window/fold.ts';
import { Extreme } from './extreme.ts';
import type { NumberOf } from './number-input.ts';

/** The smallest of a number of each value. For the value itself, see `first(by)`. */
export function min<T>(of: NumberOf<T>): Fold<T, number | undefined, number, undefined> {
  return new Extreme('min', of);
}
