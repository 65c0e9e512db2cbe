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
  /**
   * Joins two accumulators: what comes of it is as if all values had been added to one. Sessions need
   * it, and it lets overlapping windows share work. `left` may be changed and returned; `right` must
   * neither be changed nor live on as a part of what is returned, unless it never changes.
   */
  merge?(left: A, right: A): A;
  /** What the window emits; by default the accumulator. `info` is reused from call to call. */
  result?(accumulator: A, info: WindowInfo<K>): R;
  /** A deep copy, for accumulators that are not plain. */
  copy?(accumulator: A): A;
}

/** Aggregates by the names that their results are to have. */
export interface AggregateFields<T, K = unknown> {
  // What accumulators and results are is between an aggregate and itself.
  // biome-ignore lint/suspicious/noExplicitAny: `unknown` would be an accumulator of every kind
  readonly [name: string]: Aggregate<T, any, any, K>;
}

/** What an aggregate results in: what its `result` returns, or else its accumulator. */
export type ResultOf<G> = G extends { result(accumulator: never, info: never): infer R }
  ? R
  : G extends { create(): infer A }
    ? A
    : never;

/** What comes of `S` in `.aggregate(S)`: the result of one aggregate, or of several by name. */
export type Aggregated<S> = S extends { create(): unknown }
  ? ResultOf<S>
  : { [Name in keyof S]: ResultOf<S[Name]> };

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
    : // biome-ignore lint/suspicious/noConfusingVoidType: what a function without `return` gives
      Exclude<R, undefined | void>;
