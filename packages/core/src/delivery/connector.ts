import type { DeliveryToken } from './token.ts';

/** A result of a pipeline as a system outside gets it. */
export interface Delivered<T> {
  readonly value: T;
  /** The key of the stream, as text; `undefined` where it has none. */
  readonly key: string | undefined;
  /** Milliseconds since 1970: the event time of the value; of a window's result, end − 1. */
  readonly timestamp: number;
}

/** What each call of a connector is told. */
export interface CallContext {
  readonly pipeline: string;
  /** The name of the sink. */
  readonly sink: string;
  /** The task that calls, by its number in the plan. */
  readonly task: number;
  /** Aborted when the call has taken longer than `timeout`, or the pipeline stops. */
  readonly signal: AbortSignal;
  /** 1 for the first call, and one more for each that has failed since the last batch was written. */
  readonly attempt: number;
}

export interface WriteContext<C> extends CallContext {
  /** What `open` gave. */
  readonly connection: C;
  /** Names the batch: it is the same, with the same results, whenever the batch comes again. */
  readonly token: DeliveryToken;
}

/**
 * How results get into a system outside. The functions run on the threads of the processors, those of
 * one task one after another. They may be asynchronous; what they throw or reject with has failed, and
 * is done again.
 */
export interface Connector<T, C = undefined> {
  /**
   * Makes a connection: before the first batch of a task, and again after a call has failed, for what
   * became of the one before is unknown. Default: none.
   */
  open?(context: CallContext): C | PromiseLike<C>;
  /**
   * Writes one batch. When it is done the results are taken, and never come again; until then they are
   * written again, also by another task after a crash. One transaction with the token has them once.
   */
  write(results: readonly Delivered<T>[], context: WriteContext<C>): unknown;
  /** Ends a connection. It is waited for a second at most, and what it throws is of no interest. */
  close?(connection: C): unknown;
}

/** A connector as the graph keeps it: the builder has checked its types. */
export type AnyConnector = Connector<unknown, unknown>;

/** How a connector is called; in milliseconds. */
export interface CallLimits {
  readonly timeoutMs: number;
  /** How often a call is made again before the pipeline fails; +∞: without end. */
  readonly retries: number;
  /** The wait before the first of them. It doubles with each, up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}
