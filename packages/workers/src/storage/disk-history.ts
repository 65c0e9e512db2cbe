import { StreamError } from '@lite-streams/core';
import { type ShardHistory, SlotRun, type TopicHistory } from '@lite-streams/core/internal';
import type { Disk } from './disk.ts';
import { GroupOffsets } from './group-offsets.ts';
import { ShardLogReader } from './shard-log-reader.ts';
import { shardDirectory, type TopicStorage, topicIdentity } from './topic-storage.ts';

/** What a thread reads of a topic that its descriptor says is on disk. */
export function historyOf(storage: string | undefined, disk: Disk): TopicHistory | undefined {
  return storage === undefined ? undefined : new DiskHistory(JSON.parse(storage), disk);
}

/** The disk's part of a durable topic, for one thread. Files are opened when they are first read. */
export class DiskHistory implements TopicHistory {
  private readonly storage: TopicStorage;
  private readonly disk: Disk;
  private readonly groups: GroupOffsets;

  constructor(storage: TopicStorage, disk: Disk) {
    this.storage = storage;
    this.disk = disk;
    this.groups = new GroupOffsets(disk, storage.directory, storage.topic);
  }

  /** One of its own for each call: two readers of a shard stand at different places. */
  shard(number: number): ShardHistory {
    const belonging = { shard: number, identity: topicIdentity(this.storage.topic) };
    const directory = shardDirectory(this.storage, number);
    return new DiskShardHistory(new ShardLogReader(this.disk, directory, belonging));
  }

  committed(group: string): readonly number[] | undefined {
    return this.groups.read(group);
  }

  forget(group: string): boolean {
    return this.groups.forget(group);
  }
}

/** Hands out what a reader of the log finds, in as small pieces as are asked for. */
export class DiskShardHistory implements ShardHistory {
  private readonly reader: ShardLogReader;
  /** What the reader returned last, of which a part may have been handed out. */
  private readonly ahead: SlotRun;

  constructor(reader: ShardLogReader) {
    this.reader = reader;
    this.ahead = new SlotRun({ u8: NONE, i32: new Int32Array(0), buffer: NONE });
  }

  read(offset: number, max: number, run: SlotRun): number {
    const { ahead } = this;
    if (!(offset >= ahead.offset && offset < ahead.offset + ahead.count)) {
      const found = this.readOn(offset);
      if (found === undefined) return 0;
      ahead.within(found, 0, found.count);
    }
    const from = Math.max(0, offset - ahead.offset);
    const count = Math.min(ahead.count - from, max);
    run.within(ahead, from, count);
    return count;
  }

  offsetOfTimestamp(timestamp: number): number {
    this.ahead.count = 0;
    return this.reader.offsetOfTimestamp(timestamp) ?? -1;
  }

  close(): void {
    this.reader.close();
  }

  private readOn(offset: number): SlotRun | undefined {
    this.ahead.count = 0;
    try {
      return this.reader.read(offset);
    } catch (error) {
      // Retention was faster: whoever reads is told how much it took.
      if (error instanceof StreamError && error.code === 'OFFSET_OUT_OF_RANGE') return undefined;
      throw error;
    }
  }
}

const NONE = Buffer.alloc(0);
