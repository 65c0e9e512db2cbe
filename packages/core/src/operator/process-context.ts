import type { StateSpec } from '../state/spec.ts';
import type { TimeKind } from '../time/clock.ts';
import type { Context } from './context.ts';

/** What a step of `process` remembers, by name. */
export type StateSpecs = Readonly<Record<string, StateSpec<unknown>>>;

/** The states of a step as its calls see them. */
export type StateHandles<S> = {
  readonly [N in keyof S]: S[N] extends StateSpec<infer H> ? H : never;
};

/** A timer that has come. */
export interface Timer {
  readonly kind: TimeKind;
  /** The time that it was set for. */
  readonly timestamp: number;
}

/** The timers of the key that a call is for: one per time and kind. Default kind: `event`. */
export interface Timers {
  /**
   * `onTimer` is called when the watermark (`event`) or the clock (`processing`) reaches `timestamp`,
   * at once if it has. At the end of the input every timer fires; one that is set after that would
   * go on for ever and is not: the answer is `false`. Throws `INVALID_TIMESTAMP` for what is not a
   * whole number of milliseconds.
   */
  set(timestamp: number, kind?: TimeKind): boolean;
  /** Whether there was one. */
  delete(timestamp: number, kind?: TimeKind): boolean;
}

/** What user code of `process` is told. One object, reused: do not keep it. */
export interface ProcessContext<K, S> extends Context<K> {
  /** Of the record, or of the timer. */
  readonly timestamp: number;
  /** Nothing with a timestamp ≤ this follows; −∞ at first, +∞ at the end. */
  readonly watermark: number;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly state: StateHandles<S>;
  readonly timers: Timers;
}

/**
 * Code with state and timers, per key. What a call returns is emitted: each item of an iterable that
 * is no text, nothing for `undefined`, or the one value; results of a record have its timestamp,
 * those of a timer the timer's. A call that throws leaves state and timers as they were and is made
 * again; in the end the record, or the timer with the state of its key, is a dead letter.
 */
export interface ProcessFunctions<T, K, S, R, Q> {
  /** What is remembered per key. Default: nothing. */
  readonly state?: S | undefined;
  onRecord(value: T, context: ProcessContext<K, S>): R;
  onTimer?(timer: Timer, context: ProcessContext<K, S>): Q;
}

/** The same for two inputs that share keys, state and timers. */
export interface ConnectFunctions<L, R, K, S, A, B, Q> {
  readonly state?: S | undefined;
  onLeft(value: L, context: ProcessContext<K, S>): A;
  onRight(value: R, context: ProcessContext<K, S>): B;
  onTimer?(timer: Timer, context: ProcessContext<K, S>): Q;
}
