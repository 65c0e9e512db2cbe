import { refuseInput } from '../window/fold.ts';

/**
 * What values are compared by: a number, or a list of numbers of which the first that differ decide,
 * so that a value's own number can be the last word: `v => [v.price, -v.id]`.
 */
export type Rank = number | readonly number[];

/** A value and its rank, as accumulators keep it. */
export interface Ranked<T> {
  readonly rank: Rank;
  readonly value: T;
}

/** Throws `INVALID_INPUT` for what is no rank. */
export function rankIn(aggregate: string, given: unknown): Rank {
  if (Array.isArray(given)) {
    for (const one of given) if (!isOrdered(one)) refuseRank(aggregate, one);
    return given;
  }
  if (!isOrdered(given)) refuseRank(aggregate, given);
  return given;
}

/** Above 0 when `left` is larger, below 0 when `right` is. */
export function compareRanks(left: Rank, right: Rank): number {
  if (typeof left === 'number' && typeof right === 'number') return order(left, right);
  const ours = typeof left === 'number' ? [left] : left;
  const theirs = typeof right === 'number' ? [right] : right;
  const both = Math.min(ours.length, theirs.length);
  for (let i = 0; i < both; i++) {
    const decided = order(ours[i], theirs[i]);
    if (decided !== 0) return decided;
  }
  return ours.length - theirs.length;
}

/** Not by difference: that of two infinities is NaN. */
function order(left: number, right: number): number {
  if (left === right) return 0;
  return left > right ? 1 : -1;
}

function isOrdered(given: unknown): given is number {
  return typeof given === 'number' && !Number.isNaN(given);
}

function refuseRank(aggregate: string, given: unknown): never {
  refuseInput(aggregate, given, 'a number, or a list of numbers, to compare by');
}
