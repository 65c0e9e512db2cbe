import type { Context } from '../operator/context.ts';
import type { ProcessFunctions, StateSpecs } from '../operator/process-context.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import type { Key } from '../state/key-groups.ts';
import type { TimeKind } from '../state/spec.ts';
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
import type { AnyFold } from '../window/fold.ts';
import type { HoppingWindows } from '../window/hopping.ts';
import type { TumblingWindows } from '../window/tumbling.ts';
import type { Panes } from '../window/window.ts';
import type { Pipeline } from './pipeline.ts';

export interface StepOptions {
  /** How errors, dead letters and `explain()` call the step; by default its kind and number. */
  readonly name?: string | undefined;
}

export interface PipelineOptions {
  /** The topic for records that user code refused. Default `<pipeline>.dead-letters`. */
  readonly deadLetters?: string | undefined;
}

export interface SourceOptions<T> extends StepOptions {
  /** Event time of a value, in whole milliseconds since 1970. Default: the record's timestamp. */
  readonly timestamp?: ((value: T, record: RecordView) => number | Date) | undefined;
  /** How far time has come. Default `monotonic()`. */
  readonly watermark?: WatermarkStrategy | undefined;
  /** Wall-clock time after which a silent producer no longer holds time back. Default: never. */
  readonly idleTimeout?: Duration | undefined;
}

export interface WindowOptions extends StepOptions {
  /** How long after its end a window still takes records. Default 0. */
  readonly allowedLateness?: Duration | undefined;
  /** The topic for records that come later still. They are counted with and without it. */
  readonly lateTo?: string | undefined;
  /**
   * Whether a window that fires again (because of a late record) gives all of its values or only
   * those since it fired before. Default `accumulating`.
   */
  readonly panes?: Panes | undefined;
}

export interface DedupeOptions<T, K> extends StepOptions {
  /** Values closer to one that has passed than this are the same. */
  readonly within: Duration;
  /** What, beside the key, makes two values the same: text or a number. Default: the key alone. */
  readonly by?: ((value: T, context: Context<K>) => string | number) | undefined;
  /** The time that `within` is measured in. Default `event`. */
  readonly time?: TimeKind | undefined;
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
  /** Timestamp of the record. Default: the value's event time; of a window's result, end − 1. */
  readonly timestamp?: ((value: T, context: Context<K>) => number) | undefined;
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
   * Groups values by event time. Without a key there is one window over all values, in one task.
   * `.aggregate()` or `.process()` has to follow.
   */
  window(spec: TumblingWindows | HoppingWindows, options?: WindowOptions): WindowedStream<T, K>;
  window(spec: CountWindows, options?: StepOptions): WindowedStream<T, K>;
  /**
   * Your own code with state and timers per key, after `keyBy`; see `ProcessFunctions`. What its calls
   * return is emitted.
   */
  process<S extends StateSpecs, R, Q = never>(
    functions: ProcessFunctions<T, K, S, R, Q>,
    options?: StepOptions,
  ): Stream<Emitted<R> | Emitted<Q>, K>;
  /**
   * Lets pass the first of values that have the same key (and the same `by`) and lie closer together
   * than `within`; the others count as `duplicates`. After `keyBy`.
   */
  dedupe(options: DedupeOptions<T, K>): Stream<T, K>;
  /** Appends every value to a topic and ends the pipeline. */
  to(topic: string, serde: Serde<T>, options?: SinkOptions<T, K>): Pipeline;
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

/** A pipeline without a source yet. */
export interface PipelineStart {
  /**
   * Reads a topic, from its earliest record on, as the group `pipeline/<name>`. A record whose value
   * `serde` cannot decode, or without a valid timestamp, is a dead letter.
   */
  from<T>(topic: string, serde: Serde<T>, options?: SourceOptions<T>): Stream<T>;
}
