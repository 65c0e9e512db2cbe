import type { Fold } from '../window/fold.ts';
import { Chosen } from './chosen.ts';
import type { Rank, Ranked } from './rank.ts';

/**
 * The value that is largest by a number (or a list of numbers, see `Rank`), of equal ones that which
 * came last; `last(v => v.time)` is the latest. Without `by` the last to arrive: that cannot be told
 * of panes that are merged, so sessions refuse it, and hopping windows share no work.
 */
export function last<T>(by?: (value: T) => Rank): Fold<T, Ranked<T> | undefined, T, undefined> {
  return new Chosen('last', by);
}
