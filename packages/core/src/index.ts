export { count } from './aggregate/count.ts';
export { distinct } from './aggregate/distinct.ts';
export { first } from './aggregate/first.ts';
export { last } from './aggregate/last.ts';
export { max } from './aggregate/max.ts';
export { type MeanState, mean } from './aggregate/mean.ts';
export { min } from './aggregate/min.ts';
export type { NumberOf } from './aggregate/number-input.ts';
export { type PercentileOptions, percentile } from './aggregate/percentile.ts';
export type { Rank, Ranked } from './aggregate/rank.ts';
export type { Distinguishable, Seen } from './aggregate/seen.ts';
export type { Sketch } from './aggregate/sketch.ts';
export { sum } from './aggregate/sum.ts';
export { topN } from './aggregate/top-n.ts';
export { where } from './aggregate/where.ts';
export type { Batch } from './broker/batch.ts';
export type { ConsumeOptions, Consumer } from './broker/consumer.ts';
export type { Acks, TopicOptions } from './broker/options.ts';
export type { Partitioner } from './broker/partitioner.ts';
export type { Producer, ProducerOptions } from './broker/producer.ts';
export type { Records } from './broker/send-all.ts';
export type { Snapshot, SnapshotQuery } from './broker/snapshot.ts';
export type { OutOfRange, StartFrom } from './broker/start-from.ts';
export {
  type GroupInfo,
  type ShardLag,
  type ShardStats,
  Topic,
  type TopicDescriptor,
} from './broker/topic.ts';
export { type Environment, resolveConfig } from './config/config.ts';
export type { Option } from './config/option.ts';
export {
  type Config,
  type ConfigInput,
  environmentNames,
  OPTIONS,
  type OptionName,
} from './config/options.ts';
export type { CallContext, Connector, Delivered, WriteContext } from './delivery/connector.ts';
export type { DeliveryStats, SlowestDelivery } from './delivery/delivery-sink.ts';
export { DeliveryToken } from './delivery/token.ts';
export type { CheckpointMode, CheckpointOptions } from './epoch/options.ts';
export { ERRORS, type ErrorCode, StreamError } from './errors.ts';
export { type AsOfSpec, asOf } from './join/as-of.ts';
export { type IntervalOptions, type IntervalSpec, interval } from './join/interval.ts';
export type { JoinContext, JoinType } from './join/join.ts';
export type { JoinSpec, JoinWindows } from './join/spec.ts';
export { type UnboundedSpec, unbounded } from './join/unbounded.ts';
export type { WaitOptions } from './memory/abort.ts';
export type { Context } from './operator/context.ts';
export type { RecordCounts } from './operator/counters.ts';
export type { AsyncContext } from './operator/map-async.ts';
export type {
  ConnectFunctions,
  ProcessContext,
  ProcessFunctions,
  StateHandles,
  StateSpecs,
  Timer,
  Timers,
} from './operator/process-context.ts';
export {
  type Payload,
  type ProcessedWindow,
  Processor,
  type ProcessorOptions,
} from './operator/processor.ts';
export { pipeline } from './pipeline/builder.ts';
export type { ExplainOptions } from './pipeline/explain.ts';
export type { Job, JobStats } from './pipeline/job.ts';
export type { LocalEngineOptions } from './pipeline/local-options.ts';
export {
  LocalEngine,
  type LocalJob,
  type LocalRunOptions,
} from './pipeline/local-runtime.ts';
export { Pipeline } from './pipeline/pipeline.ts';
export type {
  ConnectedStreams,
  CountWindowOptions,
  DedupeOptions,
  DeliverOptions,
  Forked,
  GlobalWindowOptions,
  JoinOptions,
  LeftOf,
  LookupOptions,
  MapAsyncOptions,
  PipelineOptions,
  RightOf,
  Routes,
  SinkOptions,
  SourceOptions,
  Split,
  StepOptions,
  Stream,
  Triggered,
  WindowedStream,
  WindowJoinOptions,
  WindowOptions,
} from './pipeline/stream.ts';
export type { SlowestInput, TaskStats } from './pipeline/task-stats.ts';
export type { UserCall } from './pipeline/user-call.ts';
export type { HeldTime } from './pipeline/why.ts';
export { kept } from './record/kept.ts';
export type { HeadersInput, RecordCopy, RecordInput } from './record/record.ts';
export type { RecordView } from './record/view.ts';
export { bytes } from './serde/bytes.ts';
export {
  type FlatbufferSerde,
  flatbuffer,
  type Packable,
  type TableClass,
} from './serde/flatbuffer.ts';
export { json } from './serde/json.ts';
export { records } from './serde/records.ts';
export type { Serde } from './serde/serde.ts';
export { type FieldType, type TableValue, table, type ValueOf } from './serde/table.ts';
export { text } from './serde/text.ts';
export type { ListTable, MapKey, MapTable, StateBackend, ValueTable } from './state/backend.ts';
export type { Key } from './state/key-groups.ts';
export {
  type ListState,
  listState,
  type MapState,
  mapState,
  type StateOptions,
  type StateSpec,
  type ValueState,
  valueState,
} from './state/spec.ts';
export { type Clock, systemClock, type TimeKind, VirtualClock } from './time/clock.ts';
export type { Duration } from './time/duration.ts';
export { punctuated } from './time/punctuated.ts';
export {
  boundedOutOfOrderness,
  manual,
  monotonic,
  type WatermarkGenerator,
  type WatermarkStrategy,
} from './time/watermark.ts';
export type {
  Aggregate,
  Aggregated,
  AggregateFields,
  Emitted,
  ResultOf,
  WindowFunction,
} from './window/aggregate.ts';
export { counting } from './window/counting.ts';
export { type Early, type EveryCount, type EveryTime, every, everyCount } from './window/early.ts';
export type { AnyFold, Fold } from './window/fold.ts';
export { type GlobalWindows, global } from './window/global.ts';
export { hopping } from './window/hopping.ts';
export { type SessionWindows, session } from './window/session.ts';
export { tumbling } from './window/tumbling.ts';
export type { Trigger, TriggerContext, Verdict } from './window/user-trigger.ts';
export type { Panes, Window, WindowInfo } from './window/window.ts';
