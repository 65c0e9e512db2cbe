// What the other packages, the benches and the stress tests need beyond the public face.

export { Batch } from './broker/batch.ts';
export { Directory } from './broker/directory.ts';
export type { Acks } from './broker/options.ts';
export {
  checkTopicOptionNames,
  DEFAULT_TOPIC_OPTIONS,
  TOPIC_OPTIONS,
  type TopicEnvironment,
} from './broker/options.ts';
export { Router } from './broker/partitioner.ts';
export { registerProducer } from './broker/producer-id.ts';
export { OUT_OF_RANGE } from './broker/start-from.ts';
export { ByteChannelReader } from './channel/byte-reader.ts';
export { ByteChannelWriter } from './channel/byte-writer.ts';
export { FRAME } from './channel/channel.ts';
export { createChannelMemory } from './channel/layout.ts';
export { LocalChannel } from './channel/local.ts';
export type { ValueDecoder, ValueEncoder } from './channel/value-codec.ts';
export { ValueReader } from './codec/value-reader.ts';
export { ValueWriter } from './codec/value-writer.ts';
export { checkOptionNames, type NamesOf } from './config/option-names.ts';
export { checkSavepointName, MemoryDriver } from './epoch/memory-driver.ts';
export { fail, shown } from './errors.ts';
export { aborted, unlessAborted } from './memory/abort.ts';
export { Bell } from './memory/bell.ts';
export { park, parkSync, type WaitingPlace } from './memory/park.ts';
export { Scratch, scratch } from './memory/scratch.ts';
export { WorkRow } from './memory/work-row.ts';
export { ContextCell } from './operator/context.ts';
export { addCounts, COUNT_NAMES, noCounts, unaccounted } from './operator/counters.ts';
export type { RecordSink, SourceInput } from './operator/endpoints.ts';
export { Faults } from './operator/faults.ts';
export type { Operator } from './operator/operator.ts';
export { Outlet } from './operator/outlet.ts';
export { windowOperator } from './pipeline/chain.ts';
export { refuseCycle } from './pipeline/cycles.ts';
export { EpochSink } from './pipeline/epoch-sink.ts';
export { type Explanation, explainPlan, explanationOf } from './pipeline/explain.ts';
export { HeldWatermarks } from './pipeline/held-watermarks.ts';
export { TaskHost } from './pipeline/host.ts';
export { isCaughtUp, jobStats, notAccountedFor } from './pipeline/job.ts';
export { pipelineOf } from './pipeline/pipeline.ts';
export { plainDecoder, plainEncoder } from './pipeline/plain-codec.ts';
export {
  type ChannelPlan,
  givesByEpochs,
  outputsOf,
  type Plan,
  planPipeline,
  type StagePlan,
  type TaskPlan,
} from './pipeline/plan.ts';
export { TopicSink } from './pipeline/topic-sink.ts';
export { TopicSource } from './pipeline/topic-source.ts';
export { callInHand, describeCall } from './pipeline/user-call.ts';
export { describeDelivery, OUTSIDE, USER_CODE, whyHeld } from './pipeline/why.ts';
export type { Wiring } from './pipeline/wiring.ts';
export { fnv1a, murmur2 } from './record/hash.ts';
export type { RecordMemory } from './record/record.ts';
export { RecordView } from './record/view.ts';
export { RecordWriter } from './record/writer.ts';
export { Appender, takeCell } from './shard/appender.ts';
export { CopiedRun } from './shard/copied-run.ts';
export {
  type GroupPlace,
  groupPlace,
  type ShardReader,
  shardReader,
} from './shard/group-access.ts';
export { GroupCursor } from './shard/group-cursor.ts';
export { GroupReader } from './shard/group-reader.ts';
export type { ShardHistory, TopicHistory } from './shard/history.ts';
export { type Kernel, kernelImports } from './shard/kernel.ts';
export {
  CELL,
  KERNEL,
  KIND,
  LOG,
  LOG_ERRORS,
  planShard,
  type ShardGeometry,
  type ShardPlan,
  SLOT_BYTES,
} from './shard/layout.ts';
export { type OwnerOptions, ShardOwner } from './shard/owner.ts';
export { Shard } from './shard/shard.ts';
export { SlotRun } from './shard/slot-run.ts';
export {
  type CheckRow,
  type RowStore,
  type StoredList,
  StoredLists,
  type StoredMap,
  StoredMaps,
  StoredValues,
} from './state/tables.ts';
export { WatermarkCombiner } from './time/combiner.ts';
export { SlidingAssigner } from './window/sliding.ts';
export { resolveWindow } from './window/spec.ts';
