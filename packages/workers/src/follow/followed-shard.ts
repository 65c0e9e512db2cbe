import type { OutOfRange, StartFrom } from '@lite-streams/core';
import { fail, KIND, type ShardHistory, SlotRun } from '@lite-streams/core/internal';
import { DiskShardHistory } from '../storage/disk-history.ts';
import type { ShardLogReader } from '../storage/shard-log-reader.ts';
import type { LogTopic } from './log-topic.ts';

/** After so many looks that found nothing, the oldest file is asked for: ours may have been removed. */
const LOOKS_FOR_REMOVAL = 32;

/** Where a reader of a directory stands in one shard. */
export class FollowedShard {
  readonly shard: number;
  /** What the last `poll` found. */
  readonly run: SlotRun;
  /** The offset that is read next. */
  position: number;
  /** Everything below is done. */
  committed: number;
  /** How many offsets before those of the last `poll` retention had taken, unread. */
  lost = 0;
  /** How many offsets were passed over to go on at the end, and not told of yet. */
  passedOver = 0;
  /** Whether the topic has ended here and all of it has been read. */
  ended = false;

  private readonly topic: LogTopic;
  private readonly reader: ShardLogReader;
  private readonly history: ShardHistory;
  private looks = 0;
  private made = false;

  /** Begins where `from` is now. Throws `OFFSET_OUT_OF_RANGE`. */
  static from(topic: LogTopic, shard: number, from: StartFrom, policy: OutOfRange): FollowedShard {
    const reader = topic.reader(shard);
    const first = topic.firstOffset(reader, shard) ?? 0;
    const begin = startOf(topic, reader, shard, first, from, policy);
    return new FollowedShard(topic, shard, reader, begin);
  }

  private constructor(topic: LogTopic, shard: number, reader: ShardLogReader, position: number) {
    this.topic = topic;
    this.shard = shard;
    this.reader = reader;
    this.history = new DiskShardHistory(reader);
    this.position = position;
    this.committed = position;
    this.run = new SlotRun(NO_MEMORY);
  }

  /** Reads on: the number of records in `run`, or −1 when nothing is there yet. */
  poll(max: number): number {
    this.lost = 0;
    if (this.ended) return -1;
    let count = this.read(max);
    if (count === 0 && ++this.looks % LOOKS_FOR_REMOVAL === 0) {
      const first = this.topic.firstOffset(this.reader, this.shard) ?? 0;
      if (first > this.position) {
        this.lost = first - this.position;
        this.position = first;
        count = this.read(max);
      }
    }
    if (count === 0) return -1;
    this.looks = 0;
    this.position = this.run.offset + count;
    this.ended = this.run.kind(count - 1) === KIND.topicEnd;
    return this.run.countData();
  }

  /** Takes the last `poll` back, and what was lost before it: both will be polled again. */
  unpoll(): void {
    this.position = this.run.offset - this.lost;
    this.ended = false;
    this.looks = LOOKS_FOR_REMOVAL - 1;
  }

  /** Goes on at the end of what is there now; what lies before it is done. */
  toEnd(): void {
    const end = this.topic.endOf(this.reader, this.shard);
    this.passedOver += end - this.position;
    this.position = this.committed = end;
  }

  close(): void {
    this.history.close();
  }

  private read(max: number): number {
    // The log of a shard may be yet to be made.
    this.made ||= this.topic.firstOffset(this.reader, this.shard) !== undefined;
    if (!this.made) return 0;
    return this.history.read(this.position, max, this.run);
  }
}

const NONE = Buffer.alloc(0);
const NO_MEMORY = { u8: NONE, i32: new Int32Array(0), buffer: NONE };

function startOf(
  topic: LogTopic,
  reader: ShardLogReader,
  shard: number,
  first: number,
  from: StartFrom,
  policy: OutOfRange,
): number {
  if (from === 'earliest') return first;
  const end = topic.endOf(reader, shard);
  if (from === 'latest') return end;
  if (typeof from === 'object' && from !== null && 'timestamp' in from) {
    return end === first ? end : (reader.offsetOfTimestamp(from.timestamp) ?? end);
  }
  const offset = typeof from === 'object' && from !== null ? from.offset : Number.NaN;
  if (Number.isSafeInteger(offset) && offset >= first && offset <= end) return offset;
  // A log that ends before where a group stopped has lost what was not on disk yet.
  if (policy !== 'error' && offset > end) return end;
  if (policy === 'earliest') return first;
  if (policy === 'latest') return end;
  if (!Number.isSafeInteger(offset)) {
    const given = JSON.stringify(from);
    fail(
      'INVALID_OPTION',
      `from is ${given}; it must be "earliest", "latest", {offset} or {timestamp}.`,
    );
  }
  return fail(
    'OFFSET_OUT_OF_RANGE',
    `The offset ${offset} is not in shard ${shard} of the topic "${topic.name}", which holds ${first} to ${end}.`,
  );
}
