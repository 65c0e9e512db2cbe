import type { Disk } from './disk.ts';
import { ShardLog } from './shard-log.ts';
import { shardDirectory, type TopicStorage, topicIdentity } from './topic-storage.ts';

/** Recovers the log of a shard and opens it to write. Throws as `ShardLog.open`. */
export function openShardLog(disk: Disk, storage: TopicStorage, shard: number): ShardLog {
  const identity = topicIdentity(storage.topic);
  return ShardLog.open(disk, shardDirectory(storage, shard), { shard, identity });
}
