import { fail } from '../errors.ts';
import type { Scratch } from '../memory/scratch.ts';
import type { RecordInput } from '../record/record.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Appender } from '../shard/appender.ts';
import { KERNEL } from '../shard/layout.ts';
import { Router } from './partitioner.ts';
import { registerProducer } from './producer-id.ts';
import type { Topic } from './topic.ts';

/** Appends records of one thread one by one, each visible at once: encoded in scratch, then claimed. */
export class AppendHandle {
  /** The shard that the last record went to, or would have. */
  lastShard = 0;

  private readonly topic: Topic;
  private readonly scratch: Scratch;
  private readonly appenders: Appender[];
  private readonly writer: RecordWriter;
  private readonly router: Router;
  private readonly room: number;
  private readonly staging: number;

  constructor(topic: Topic) {
    this.topic = topic;
    this.scratch = topic.scratch;
    this.appenders = registerProducer(topic.name, topic.shards, topic.thread);
    this.room = topic.options.maxRecordBytes;
    this.writer = new RecordWriter({ maxRecordBytes: this.room });
    this.router = new Router(topic.options.partitioner, topic.shardCount);
    this.staging = topic.scratch.alloc(this.room);
  }

  /** Returns the offset, or −1 when there is no room. Throws what is wrong with the record. */
  append(record: RecordInput): number {
    const { scratch } = this;
    const bytes = this.writer.write(
      scratch,
      this.staging,
      this.room,
      record.key,
      record.value,
      record.timestamp ?? this.topic.now(),
      record.headers,
    );
    const shard =
      record.shard === undefined
        ? this.router.route(this.writer, scratch.u8)
        : checkShard(record.shard, this.appenders.length, this.topic.name);
    this.lastShard = shard;
    const appender = this.appenders[shard];
    const result = appender.append(this.staging, 1, bytes);
    if (result > 0) this.topic.bell.ring();
    else if (result < 0) {
      if (result === KERNEL.REFUSED) this.topic.refuse(shard);
      return -1;
    }
    return appender.shard.offsetOf(appender.lastSequence());
  }

  close(): void {
    const { scratch } = this;
    let wake = 0;
    for (const appender of this.appenders) wake |= appender.end(this.topic.now());
    scratch.free(this.staging, this.room);
    if (wake > 0) this.topic.bell.ring();
  }
}

/** Throws `SHARD_OUT_OF_RANGE`. */
export function checkShard(shard: number, shards: number, topic: string): number {
  if (Number.isInteger(shard) && shard >= 0 && shard < shards) return shard;
  return fail(
    'SHARD_OUT_OF_RANGE',
    `The topic "${topic}" has no shard ${String(shard)}: its shards are 0 to ${shards - 1}.`,
  );
}
