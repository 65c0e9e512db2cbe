import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { Aggregate } from './aggregate.ts';
import type { WindowInfo } from './window.ts';

/**
 * An aggregate in two steps: `read` may fail and changes nothing, `fold` changes the accumulator and
 * does not fail. So nothing has to be copied for undoing an `add`, and a value that goes into several
 * windows is read once. All aggregates of the library are of this form.
 */
export interface Fold<T, A, R, E = R> extends Aggregate<T, A, R> {
  /**
   * What is of interest in a value; `SKIPPED` for nothing. Throws for what cannot be taken in. (A
   * property and not a method: a method's parameter would not tell TypeScript what `T` is.)
   */
  readonly read: (value: T) => unknown;
  /** Takes in what `read` returned for a value, before it is called for another; never throws. */
  fold(accumulator: A, input: unknown, value: T): A;
  result(accumulator: A, info: WindowInfo): R;
  /** The result when nothing was taken in, as behind `where`. */
  readonly empty: E;
}

/** Any aggregate of the library over values of this kind. */
// biome-ignore lint/suspicious/noExplicitAny: what it accumulates is between it and itself
export type AnyFold<T> = Fold<T, any, any, any>;

/** What `read` returns for a value that is not to be taken in. */
export const SKIPPED: unique symbol = Symbol('skipped');

export function isFold(aggregate: object): aggregate is Fold<unknown, unknown, unknown> {
  const { read, fold } = aggregate as Partial<Fold<unknown, unknown, unknown>>;
  return typeof read === 'function' && typeof fold === 'function';
}

/** Throws `INVALID_INPUT`, naming the aggregate and what it was given. */
export function refuseInput(aggregate: string, given: unknown, takes: string): never {
  fail('INVALID_INPUT', `${aggregate} was given ${described(given)}; it takes ${takes}.`);
}
