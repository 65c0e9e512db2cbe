import { GroupCursor } from './group-cursor.ts';
import { GroupReader } from './group-reader.ts';
import type { TopicHistory } from './history.ts';
import { LogCursor } from './log-cursor.ts';
import { LogReader } from './log-reader.ts';
import type { Shard } from './shard.ts';

/** Where a group stands in a shard, whatever kind of shard it is; in offsets. */
export type GroupPlace = GroupCursor | LogCursor;

/** What reads a shard for one member of a group, whatever kind of shard it is. */
export type ShardReader = GroupReader | LogReader;

export function groupPlace(shard: Shard, group: number): GroupPlace {
  return shard.durable ? new LogCursor(shard, group) : new GroupCursor(shard, group);
}

export function shardReader(
  shard: Shard,
  group: number,
  member: number,
  history: TopicHistory | undefined,
): ShardReader {
  if (history === undefined || !shard.durable) {
    return new GroupReader(new GroupCursor(shard, group), member);
  }
  return new LogReader(new LogCursor(shard, group), history.shard(shard.number));
}
