import { join } from 'node:path';
import type { TopicOptions } from '@lite-streams/core';
import type { Disk } from '../storage/disk.ts';
import { MARKS_NAME, readMarks } from '../storage/marks.ts';
import { ShardLogReader } from '../storage/shard-log-reader.ts';
import { shardDirectory, type TopicStorage, topicIdentity } from '../storage/topic-storage.ts';
import { type FollowOptions, LogConsumer } from './log-consumer.ts';

/** One topic of a directory, as it lies on disk. */
export class LogTopic {
  readonly name: string;
  /** What the topic was made with. */
  readonly options: Readonly<TopicOptions>;
  readonly disk: Disk;
  readonly storage: TopicStorage;

  /** Made by `log.topic`. */
  constructor(directory: string, name: string, options: TopicOptions, disk: Disk) {
    this.name = name;
    this.options = Object.freeze({ ...options });
    this.storage = { directory, topic: name };
    this.disk = disk;
  }

  get shardCount(): number {
    return this.options.shards;
  }

  /**
   * Reads the topic, and what is appended while it does. With a `group`, where that stopped. Throws
   * `DIRECTORY_LOCKED` when another process reads in the group, `OFFSET_OUT_OF_RANGE`,
   * `INVALID_OPTION`, `LOG_DAMAGED`, `STORAGE_FAILED`.
   */
  consume(options: FollowOptions = {}): LogConsumer {
    return LogConsumer.open(this, options);
  }

  /** The oldest offset of a shard that is on disk, and the end of what can be read there now. */
  range(shard: number): { earliest: number; end: number } {
    const reader = this.reader(shard);
    try {
      const first = this.firstOffset(reader, shard);
      return { earliest: first ?? 0, end: this.endOf(reader, shard) };
    } finally {
      reader.close();
    }
  }

  reader(shard: number): ShardLogReader {
    const identity = topicIdentity(this.name);
    return new ShardLogReader(this.disk, shardDirectory(this.storage, shard), { shard, identity });
  }

  /** The oldest offset on disk; `undefined` while there is no log yet. */
  firstOffset(reader: ShardLogReader, shard: number): number | undefined {
    const there = this.disk.stat(shardDirectory(this.storage, shard)) !== undefined;
    return there ? reader.firstOffset() : undefined;
  }

  /** The end of what can be read, found from what was known to be on disk on. */
  endOf(reader: ShardLogReader, shard: number): number {
    const first = this.firstOffset(reader, shard);
    if (first === undefined) return 0;
    let end = Math.max(first, this.durableOffset(shard));
    for (let run = reader.read(end); run !== undefined; run = reader.read(end)) {
      end = run.offset + run.count;
    }
    return end;
  }

  /** Everything below was on disk when the marks of the shard were written last. */
  durableOffset(shard: number): number {
    const path = join(shardDirectory(this.storage, shard), MARKS_NAME);
    return readMarks(this.disk, path)?.durableOffset ?? 0;
  }
}
