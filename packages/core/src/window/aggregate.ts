import type { WindowInfo } from './window.ts';

/**
 * An incremental aggregate: one accumulator per key and window, and not the values themselves.
 *
 * Accumulators are plain (numbers, texts, objects, arrays, Maps, Sets), so that they can enter a
 * snapshot, and so that a failing `add` can be undone. `add` may change the accumulator it is given
 * or return another; it must give the same for the same inputs. Nothing may return a promise.
 */
export interface Aggregate<T, A, R = A, K = unknown> {
  /** An accumulator of no values. Also called once when the pipeline is built, to see its kind. */
  create(): A;
  /** Takes in a value and returns the accumulator to go on with. */
  add(accumulator: A, value: T): A;
  /** Joins two accumulators; lets overlapping windows share work. */
  merge?(left: A, right: A): A;
  /** What the window emits; by default the accumulator. `info` is reused from call to call. */
  result?(accumulator: A, info: WindowInfo<K>): R;
  /** A deep copy, for accumulators that are not plain. */
  copy?(accumulator: A): A;
}

/**
 * A function of all values of a window, in the order of arrival. What it returns is emitted: each
 * item of an iterable that is no text, nothing for `undefined`, or the one value.
 */
export type WindowFunction<T, R, K = unknown> = (
  key: K,
  values: readonly T[],
  window: WindowInfo<K>['window'],
) => R;

/** The items that a window function's or `flatMap`'s return value stands for. */
export type Emitted<R> = R extends string
  ? R
  : R extends Iterable<infer Item>
    ? Item
    : Exclude<R, undefined>;
