import type { Fold } from '../window/fold.ts';

/** How many values there are. */
export function count(): Fold<unknown, number, number> {
  return COUNT;
}

const COUNT: Fold<unknown, number, number> = Object.freeze({
  empty: 0,
  create: () => 0,
  read: () => undefined,
  fold: (n: number) => n + 1,
  add: (n: number) => n + 1,
  merge: (left: number, right: number) => left + right,
  result: (n: number) => n,
});
