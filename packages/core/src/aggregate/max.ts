import type { Fold } from '../window/fold.ts';
import { Extreme } from './extreme.ts';
import type { NumberOf } from './number-input.ts';

/** The largest of a number of each value. For the value itself, see `last(by)`. */
export function max<T>(of: NumberOf<T>): Fold<T, number | undefined, number, undefined> {
  return new Extreme('max', of);
}
