import type { Connector } from '../delivery/connector.ts';
import type { CheckpointOptions } from '../epoch/options.ts';
import type { AsOfSpec } from '../join/as-of.ts';
import type { IntervalSpec } from '../join/interval.ts';
import type { JoinContext, JoinType } from '../join/join.ts';
import type { JoinWindows } from '../join/spec.ts';
import type { UnboundedSpec } from '../join/unbounded.ts';
import type { Context } from '../operator/context.ts';
import type { AsyncContext } from '../operator/map-async.ts';
import type {
  ConnectFunctions,
  ProcessFunctions,
  StateSpecs,
} from '../operator/process-context.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import type { Key } from '../state/key-groups.ts';
import type { TimeKind } from '../time/clock.ts';
import type { Duration } from '../time/duration.ts';
import type { WatermarkStrategy } from '../time/watermark.ts';
import type {
  Aggregate,
  Aggregated,
  AggregateFields,
  Emitted,
  WindowFunction,
} from '../window/aggregate.ts';
import type { CountWindows } from '../window/counting.ts';
import type { Early } from '../window/early.ts';
import type { AnyFold } from '../window/fold.ts';
import type { GlobalWindows } from '../window/global.ts';
import type { HoppingWindows } from '../window/hopping.ts';
import type { SessionWindows } from '../window/session.ts';
import type { TumblingWindows } from '../window/tumbling.ts';
import type { AnyTrigger, Trigger } from '../window/user-trigger.ts';
import type { Panes } from '../window/window.ts';
import type { Pipeline } from './pipeline.ts';

export interface StepOptions {
  /** How errors, dead letters and `explain()` call the step; by default its kind and number. */
  readonly name?: string | undefined;
}

export interface PipelineOptions {
  /** The topic for records that user code refused. Default `<pipeline>.dead-letters`. */
  readonly deadLetters?: string | undefined;
  /**
   * Keeps the state of the pipeline in epochs, so that it goes on from the last one after a failure.
   * Default: no checkpoints.
   */
  readonly checkpoint?: CheckpointOptions | undefined;
}

export interface SourceOptions<T> extends StepOptions {
  /** Event time of a value, in whole milliseconds since 1970. Default: the record's timestamp. */
  readonly timestamp?: ((value: T, record: RecordView) => number | Date) | undefined;
  /** How far time has come. Default `monotonic()`. */
  readonly watermark?: WatermarkStrategy<T> | undefined;
  /** Wall-clock time after which a silent producer no longer holds time back. Default: never. */
  readonly idleTimeout?: Duration | undefined;
}

export interface WindowOptions extends StepOptions {
  /** How long after its end a window still takes records. Default 0. */
  readonly allowedLateness?: Duration | undefined;
  /** The topic for records that come later still. They are counted with and without it. */
  readonly lateTo?: string | undefined;
  /**
   * Whether a window that fires again (early, or because of a late record) gives all of its values or
   * only those since it fired before. Default `accumulating`.
   */
  readonly panes?: Panes | undefined;
  /**
   * The time that the window goes by: that of the records, or the machine's clock when a record
   * arrives. By the clock nothing is late, and a replay gives other windows. Default `event`.
   */
  readonly time?: TimeKind | undefined;
  /** Results before its end. Default: none. */
  readonly early?: Early | undefined;
  /**
   * `on-close`: one result, when nothing more can change it, `allowedLateness` after its end. Time is
   * held back by as much for what follows, so that it is not late there. Default: a result at the
   * end, and one more for each record that comes within `allowedLateness`.
   */
  readonly emit?: 'on-close' | undefined;
}

/** Beside windows of time: those that have no end in time. */
export interface CountWindowOptions extends StepOptions {
  readonly panes?: Panes | undefined;
  /** Results before it is full. Default: none. */
  readonly early?: Early | undefined;
}

export interface GlobalWindowOptions extends StepOptions {
  readonly panes?: Panes | undefined;
  /** Results before the end of input. Default: none. */
  readonly early?: Early | undefined;
}

/** When the window fires, by code of your own, in place of its end and of `early`. */
export interface Triggered<T, S, K> {
  readonly trigger?: Trigger<T, S, K> | undefined;
}

/** All options there are: which go together, and with which windows, the builder checks. */
export interface AnyWindowOptions extends WindowOptions {
  readonly trigger?: AnyTrigger | undefined;
}

export interface JoinOptions<J extends JoinType> extends StepOptions {
  /**
   * Whether values without a partner are given too, each alone when no partner can come any more:
   * those of the `left`, of the `right`, or of both (`full`). Default `inner`: none.
   */
  readonly type?: J | undefined;
  /** The topic for values of either side that come too late. They are counted with and without it. */
  readonly lateTo?: string | undefined;
}

export interface WindowJoinOptions<J extends JoinType> extends JoinOptions<J> {
  /** How long after its end a window still takes values. Default 0. */
  readonly allowedLateness?: Duration | undefined;
}

export interface LookupOptions<J extends 'inner' | 'left'> extends StepOptions {
  /** Whether values that find nothing are given too (`left`). Default `inner`: they are not. */
  readonly type?: J | undefined;
}

/** What a join function is given for its left value, by the join's type. */
export type LeftOf<T, J extends JoinType> = J extends 'right' | 'full' ? T | undefined : T;
/** What a join function is given for its right value, by the join's type. */
export type RightOf<T, J extends JoinType> = J extends 'left' | 'full' ? T | undefined : T;

/** Makes one result of a left value and a right one. */
type Joining<L, R, K, O, J extends JoinType> = (
  left: LeftOf<L, J>,
  right: RightOf<R, J>,
  context: JoinContext<K>,
) => O;

export interface DedupeOptions<T, K> extends StepOptions {
  /** Values closer to one that has passed than this are the same. */
  readonly within: Duration;
  /** What, beside the key, makes two values the same: text or a number. Default: the key alone. */
  readonly by?: ((value: T, context: Context<K>) => string | number) | undefined;
  /** The time that `within` is measured in. Default `event`. */
  readonly time?: TimeKind | undefined;
}

export interface MapAsyncOptions extends StepOptions {
  /** Calls at a time in each task; with that many under way it takes no input. Default 16. */
  readonly concurrency?: number | undefined;
  /** Whether results keep the order of their inputs, or come as they are there. Default true. */
  readonly ordered?: boolean | undefined;
  /** A call that takes longer has failed, and its signal is aborted. Default 30 s. */
  readonly timeout?: Duration | undefined;
  /** How often a call that failed is made again, at once. Default: the engine's `userRetries`. */
  readonly retries?: number | undefined;
}

export interface SinkOptions<T, K> extends StepOptions {
  /** Key of the record. Default: the stream's key. */
  readonly key?:
    | ((value: T, context: Context<K>) => string | number | Uint8Array | null | undefined)
    | undefined;
  /** Headers of the record. Default: none. */
  readonly headers?:
    | ((value: T, context: Context<K>) => Readonly<Record<string, string | Uint8Array>>)
    | undefined;
  /**
   * Whether the topic ends when the pipeline has drained, so that a pipeline that reads it drains
   * too. Nobody else may write to it then. Default false.
   */
  readonly end?: boolean | undefined;
  /** Timestamp of the record. Default: the value's event time; of a window's result, end − 1. */
  readonly timestamp?: ((value: T, context: Context<K>) => number) | undefined;
}

export interface DeliverOptions<T> {
  /** How results are kept in their epoch until they are taken. Default: plain values as they are. */
  readonly serde?: Serde<T> | undefined;
  /** Results in a batch, at most. Default 500. */
  readonly maxBatch?: number | undefined;
  /** A call that takes longer has failed, and its signal is aborted. Default 30 s. */
  readonly timeout?: Duration | undefined;
  /** How often a call that failed is made again before the pipeline fails. Default: without end. */
  readonly retries?: number | undefined;
  /** The wait before it is made again; twice as long each time. Default 100 ms. */
  readonly backoff?: Duration | undefined;
  /** The longest wait. Default 30 s. */
  readonly maxBackoff?: Duration | undefined;
}

/**
 * A stream of values inside a pipeline that is being built. Each method adds a step and returns the
 * stream after it. All throw `INVALID_PIPELINE`, naming the step, for what cannot be.
 *
 * User code runs on other threads: it must not rely on variables that change. It is synchronous.
 */
export interface Stream<T, K = string | undefined> {
  /** One value for each. */
  map<R>(map: (value: T, context: Context<K>) => R, options?: StepOptions): Stream<R, K>;
  /** Only those for which `keep` is truthy; the others count as `filtered`. */
  filter<S extends T>(
    keep: (value: T, context: Context<K>) => value is S,
    options?: StepOptions,
  ): Stream<S, K>;
  filter(keep: (value: T, context: Context<K>) => unknown, options?: StepOptions): Stream<T, K>;
  /** Any number of values for each: the items of an iterable, nothing for `undefined`. */
  flatMap<R>(
    expand: (value: T, context: Context<K>) => R,
    options?: StepOptions,
  ): Stream<Emitted<R>, K>;
  /** The same values, after `look` has seen them. */
  tap(look: (value: T, context: Context<K>) => void, options?: StepOptions): Stream<T, K>;
  /**
   * Brings values of one key together in one task. `key` returns text or a number; a record for
   * which it returns anything else is a dead letter.
   */
  keyBy<N extends Key>(
    key: (value: T, context: Context<K>) => N,
    options?: StepOptions,
  ): Stream<T, N>;
  /**
   * Keys by the record's own key, without an exchange: for topics whose records were routed by their
   * keys. There are as many tasks as the topic has shards. Directly in the stage of the source.
   */
  keyByRecord(options?: StepOptions): Stream<T, string>;
  /**
   * The values of several streams as one. Each keeps its time: windows behind it close when all of
   * them have come so far. A stream of another type gives a union.
   */
  merge<O extends readonly Stream<unknown, unknown>[]>(
    ...others: O
  ): Stream<T | ValueOf<O[number]>, K | KeyOf<O[number]>>;
  merge<O extends readonly Stream<unknown, unknown>[]>(
    ...others: [...O, StepOptions]
  ): Stream<T | ValueOf<O[number]>, K | KeyOf<O[number]>>;
  /**
   * The same values to several streams: a stream may be used once. They get the same objects, not
   * copies, so a step that changes one changes it for all.
   */
  fork<const N extends number>(count: N, options?: StepOptions): Forked<T, K, N>;
  /**
   * Each value to one of several streams: the first whose function is truthy for it. A value that none
   * wants counts as `filtered`.
   */
  split<R extends Routes<T, K>>(routes: R, options?: StepOptions): Split<T, K, R>;
  /**
   * Groups values by time or number. Without a key there is one window over all values, in one task.
   * `.aggregate()` or `.process()` has to follow; with sessions, an aggregate that has a `merge`.
   */
  window<S = undefined>(
    spec: TumblingWindows | HoppingWindows | SessionWindows,
    options?: WindowOptions & Triggered<T, S, K>,
  ): WindowedStream<T, K>;
  window<S = undefined>(
    spec: GlobalWindows,
    options?: GlobalWindowOptions & Triggered<T, S, K>,
  ): WindowedStream<T, K>;
  window(spec: CountWindows, options?: CountWindowOptions): WindowedStream<T, K>;
  /**
   * Your own code with state and timers per key, after `keyBy`; see `ProcessFunctions`. What its calls
   * return is emitted.
   */
  process<S extends StateSpecs, R, Q = never>(
    functions: ProcessFunctions<T, K, S, R, Q>,
    options?: StepOptions,
  ): Stream<Emitted<R> | Emitted<Q>, K>;
  /**
   * This stream and another one, keyed alike: `.process()` is your own code for the values of both,
   * which share state and timers. After `keyBy` on both.
   */
  connect<R>(right: Stream<R, K>): ConnectedStreams<T, R, K>;
  /**
   * Pairs of values of this stream and another one that have the same key, after `keyBy` on both:
   * those that lie within an `interval` of each other, that share a window (`tumbling`, `hopping`,
   * `session`), or that live at the same time (`unbounded`); or each value with the version `asOf` its
   * time. `join` makes one result of each pair. Of views of records it keeps copies.
   */
  join<R, O, J extends JoinType = 'inner'>(
    right: Stream<R, K>,
    spec: IntervalSpec,
    join: Joining<T, R, K, O, J>,
    options?: JoinOptions<J>,
  ): Stream<O, K>;
  join<R, O, J extends JoinType = 'inner'>(
    right: Stream<R, K>,
    spec: JoinWindows,
    join: Joining<T, R, K, O, J>,
    options?: WindowJoinOptions<J>,
  ): Stream<O, K>;
  join<R, O>(
    right: Stream<R, K>,
    spec: UnboundedSpec,
    join: Joining<T, R, K, O, 'inner'>,
    options?: JoinOptions<'inner'>,
  ): Stream<O, K>;
  join<R, O, J extends 'inner' | 'left' = 'inner'>(
    right: Stream<R, K>,
    spec: AsOfSpec,
    join: Joining<T, R, K, O, J>,
    options?: JoinOptions<J>,
  ): Stream<O, K>;
  /**
   * Each value with all values of a bounded stream that have its key: `side` is read to its end, by
   * every task, before the first value passes. A key of `undefined` or `null` finds nothing. Of
   * views of records in the side copies are kept.
   */
  lookup<S, SK, O, J extends 'inner' | 'left' = 'inner'>(
    side: Stream<S, SK>,
    keys: {
      readonly key: (value: T, context: Context<K>) => Key | null | undefined;
      readonly sideKey: (value: S, context: Context<SK>) => Key | null | undefined;
    },
    join: Joining<T, S, K, O, J>,
    options?: LookupOptions<J>,
  ): Stream<O, K>;
  /**
   * Lets pass the first of values that have the same key (and the same `by`) and lie closer together
   * than `within`; the others count as `duplicates`. After `keyBy`.
   */
  dedupe(options: DedupeOptions<T, K>): Stream<T, K>;
  /**
   * One value for each, from a function that may be asynchronous: calls to databases and services. A
   * value whose calls have failed is a dead letter. Watermarks wait for the inputs before them, and
   * a stop for nobody. Values must not be views of their records.
   */
  mapAsync<R>(
    call: (value: T, context: AsyncContext<K>) => R,
    options?: MapAsyncOptions,
  ): Stream<Awaited<R>, K>;
  /** Appends every value to a topic and ends the stream. Returns the pipeline, which may have more. */
  to(topic: string, serde: Serde<T>, options?: SinkOptions<T, K>): Pipeline;
  /**
   * Hands every value to a system outside, and ends the stream: batch by batch, once the epoch that
   * they are of has been committed, each batch with a token that is the same whenever it comes again.
   * Of a pipeline with `checkpoint`. `sink` names it in tokens, statistics and messages.
   */
  deliver<C = undefined>(
    sink: string,
    connector: Connector<T, C>,
    options?: DeliverOptions<T>,
  ): Pipeline;
}

/** Two streams whose values meet by their keys. */
export interface ConnectedStreams<L, R, K> {
  process<S extends StateSpecs, A, B, Q = never>(
    functions: ConnectFunctions<L, R, K, S, A, B, Q>,
    options?: StepOptions,
  ): Stream<Emitted<A> | Emitted<B> | Emitted<Q>, K>;
}

/** The key that a window sees: without `keyBy`, none. */
export interface WindowedStream<T, K> {
  /**
   * One result per key and window, from an accumulator and not from the values themselves: by one
   * of the library's aggregates, by several at once under the names that their results are to have
   * (`{ n: count(), total: sum(v => v.x) }`), or by one of your own.
   */
  // That `S` stands beside what it extends is what tells TypeScript the `T` of `sum(v => v.x)`.
  aggregate<S extends AggregateFields<T, K> | AnyFold<T>>(
    aggregate: S | AnyFold<T>,
  ): Stream<Aggregated<S>, K>;
  aggregate<A, R = A>(aggregate: Aggregate<T, A, R, K>): Stream<R, K>;
  /** Results from all values of a key and window. */
  process<R>(process: WindowFunction<T, R, K>): Stream<Emitted<R>, K>;
}

/** The values of a stream. */
type ValueOf<S> = S extends Stream<infer T, infer _K> ? T : never;
/** The keys of a stream. */
type KeyOf<S> = S extends Stream<infer _T, infer K> ? K : never;

/** As many streams as were asked for. */
export type Forked<T, K, N extends number, A extends Stream<T, K>[] = []> = number extends N
  ? Stream<T, K>[]
  : A['length'] extends N
    ? A
    : Forked<T, K, N, [...A, Stream<T, K>]>;

/** What `split` takes: for each stream, what it wants. */
export type Routes<T, K> = Readonly<Record<string, (value: T, context: Context<K>) => unknown>>;

/** What a type guard promises. */
// biome-ignore lint/suspicious/noExplicitAny: a guard's type has to fit its parameter, whatever that is
type Promised<F> = F extends (value: any, context: never) => value is infer S ? S : never;

/** A stream for each route, of the type that a type guard promises. */
export type Split<T, K, R> = {
  readonly [N in keyof R]: Stream<[Promised<R[N]>] extends [never] ? T : Promised<R[N]>, K>;
};
