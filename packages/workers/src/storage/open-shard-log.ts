import type { TopicOptions } from '@lite-streams/core';
import type { Disk } from './disk.ts';
import { ShardLog } from './shard-log.ts';
import { shardDirectory, type TopicStorage, topicIdentity } from './topic-storage.ts';

/** What of a topic's options its logs are made with. */
export type LogShape = Partial<Pick<TopicOptions, 'segmentBytes' | 'compression'>>;

/** Recovers the log of a shard and opens it to write. Throws as `ShardLog.open`. */
export function openShardLog(
  disk: Disk,
  storage: TopicStorage,
  shard: number,
  { segmentBytes, compression }: LogShape,
): ShardLog {
  const identity = topicIdentity(storage.topic);
  const compress = compression === 'zstd';
  const directory = shardDirectory(storage, shard);
  return ShardLog.open(disk, directory, { shard, identity, segmentBytes, compress });
}
