// What the other packages, the benches and the stress tests need beyond the public face.
export { Directory } from './broker/directory.ts';
export { DEFAULT_TOPIC_OPTIONS, type TopicEnvironment } from './broker/options.ts';
export { Router } from './broker/partitioner.ts';
export { registerProducer } from './broker/producer-id.ts';
export { fail } from './errors.ts';
export { Bell } from './memory/bell.ts';
export { park, parkSync, type WaitingPlace } from './memory/park.ts';
export { Scratch, scratch } from './memory/scratch.ts';
export { fnv1a, murmur2 } from './record/hash.ts';
export { RecordView } from './record/view.ts';
export { RecordWriter } from './record/writer.ts';
export { Appender, takeCell } from './shard/appender.ts';
export { CopiedRun } from './shard/copied-run.ts';
export { GroupCursor } from './shard/group-cursor.ts';
export { GroupReader } from './shard/group-reader.ts';
export { type Kernel, kernelImports } from './shard/kernel.ts';
export {
  CELL,
  KERNEL,
  KIND,
  planShard,
  type ShardGeometry,
  type ShardPlan,
} from './shard/layout.ts';
export { type OwnerOptions, ShardOwner } from './shard/owner.ts';
export { Shard } from './shard/shard.ts';
export { SlotRun } from './shard/slot-run.ts';
