import { fail } from '../errors.ts';
import { CELLS, type Scratch } from '../memory/scratch.ts';
import {
  type Encoder,
  encoder,
  enterAppends,
  leaveAppends,
  NOT_ENCODED,
} from '../record/encoder.ts';
import { badRecord } from '../record/limits.ts';
import type { RecordInput } from '../record/record.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Appender } from '../shard/appender.ts';
import { KERNEL, KIND, metaOf } from '../shard/layout.ts';
import { Router } from './partitioner.ts';
import { registerProducer } from './producer-id.ts';
import type { Topic } from './topic.ts';

const SHARD_WORD = CELLS.shard >> 2;
const SEQUENCE_WORD = CELLS.sequence >> 2;
const LEFT_TO_WRITER = NOT_ENCODED;

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
  /** Encodes and appends in one call; none where records cannot be routed by a mask of the hash. */
  private readonly encoder: Encoder | undefined;
  private readonly appendText: Encoder['append'] | undefined;
  private readonly first: number = 0;
  private readonly mask: number;
  private readonly cell: number;
  private readonly meta: number;

  constructor(topic: Topic) {
    this.topic = topic;
    this.scratch = topic.scratch;
    this.appenders = registerProducer(topic.name, topic.shards, topic.thread);
    this.room = topic.options.maxRecordBytes;
    this.writer = new RecordWriter({ maxRecordBytes: this.room });
    this.router = new Router(topic.options.partitioner, topic.shardCount);
    this.staging = topic.scratch.alloc(this.room, this);
    this.mask = topic.shardCount - 1;
    this.cell = topic.shards[0].cellAddress(this.appenders[0].producer);
    this.meta = metaOf(this.appenders[0].producer, KIND.data);
    const masked = topic.options.partitioner === 'fnv1a' && (topic.shardCount & this.mask) === 0;
    this.encoder = masked ? encoder() : undefined;
    this.appendText = this.encoder?.append;
    if (this.encoder !== undefined) {
      const appends = topic.shards.map(shard => shard.kernel.append);
      this.first = enterAppends(this.encoder, appends, this);
    }
  }

  /** Returns the offset, or −1 when there is no room. Throws what is wrong with the record. */
  append(record: RecordInput): number {
    const { key, value, headers } = record;
    const { appendText } = this;
    const timestamp = record.timestamp ?? this.topic.now();
    if (
      appendText !== undefined &&
      typeof key === 'string' &&
      typeof value === 'string' &&
      // WebAssembly would make a number of whatever it is given.
      typeof timestamp === 'number' &&
      (headers === undefined || headers === null) &&
      record.shard === undefined
    ) {
      const result = appendText(
        key,
        value,
        timestamp,
        this.staging,
        this.staging + this.room,
        this.first,
        this.mask,
        this.cell,
        this.meta,
      );
      if (result !== LEFT_TO_WRITER) return this.offsetAfter(result, this.scratch.i32[SHARD_WORD]);
    }
    return this.write(record, timestamp);
  }

  /** The way of every other record: encode, route, append. */
  private write(record: RecordInput, timestamp: number): number {
    if (typeof record !== 'object') badRecord(record);
    const { scratch } = this;
    const bytes = this.writer.write(
      scratch,
      this.staging,
      this.room,
      record.key,
      record.value,
      timestamp,
      record.headers,
    );
    const shard =
      record.shard === undefined
        ? this.router.route(this.writer, scratch.u8)
        : checkShard(record.shard, this.appenders.length, this.topic.name);
    return this.offsetAfter(this.appenders[shard].append(this.staging, 1, bytes), shard);
  }

  private offsetAfter(result: number, shard: number): number {
    this.lastShard = shard;
    if (result > 0) this.topic.bell.ring();
    else if (result < 0) {
      if (result === KERNEL.REFUSED) this.topic.refuse(shard);
      return -1;
    }
    return this.topic.shards[shard].offsetOf(this.scratch.i32[SEQUENCE_WORD]);
  }

  close(): void {
    const { scratch } = this;
    let wake = 0;
    for (const appender of this.appenders) wake |= appender.end(this.topic.now());
    // Where there was no room for the end of this producer, the owner appends it.
    this.topic.owner?.look();
    scratch.free(this.staging, this.room, this);
    if (this.encoder !== undefined) {
      leaveAppends(this.encoder, this.first, this.appenders.length, this);
    }
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
