export type { Batch } from './broker/batch.ts';
export type { ConsumeOptions, Consumer } from './broker/consumer.ts';
export type { TopicOptions } from './broker/options.ts';
export type { Partitioner } from './broker/partitioner.ts';
export type { Producer, ProducerOptions } from './broker/producer.ts';
export type { Snapshot, SnapshotQuery } from './broker/snapshot.ts';
export type { OutOfRange, StartFrom } from './broker/start-from.ts';
export {
  type GroupInfo,
  type ShardLag,
  type ShardStats,
  Topic,
  type TopicDescriptor,
} from './broker/topic.ts';
export { ERRORS, type ErrorCode, StreamError } from './errors.ts';
export type { HeadersInput, RecordCopy, RecordInput } from './record/record.ts';
export type { RecordView } from './record/view.ts';
