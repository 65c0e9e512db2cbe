import { isAcknowledged } from '../broker/acknowledgement.ts';
import { Router } from '../broker/partitioner.ts';
import { registerProducer } from '../broker/producer-id.ts';
import { type ShardBatch, ShardBatches } from '../broker/shard-batch.ts';
import type { Topic } from '../broker/topic.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { RecordSink } from '../operator/endpoints.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Appender } from '../shard/appender.ts';
import { KERNEL } from '../shard/layout.ts';

const BATCH_RECORDS = 256;
const BATCH_BYTES = 32 * 1024;

/**
 * A task's own producer on a topic: batched like any producer, but it never waits and makes no
 * promises. Whoever uses it flushes it once per step.
 */
export class TopicSink implements RecordSink {
  readonly places: readonly WaitingPlace[];
  private readonly topic: Topic;
  private readonly appenders: readonly Appender[];
  private readonly shardBatches: ShardBatches;
  private readonly batches: readonly ShardBatch[];
  private readonly writer: RecordWriter;
  private readonly router: Router;
  private readonly staging: number;
  private readonly room: number;
  private readonly keysDoNotMatter: boolean;
  /** The shard of records without a key: round robin, but a batch at a time. */
  private turn = 0;
  /** Up to where an acknowledgement is waited for. */
  private ends: number[] | undefined;
  private open = true;

  /** Throws `TOO_MANY_PRODUCERS`, `TOPIC_ENDED`. */
  constructor(topic: Topic) {
    if (topic.ended) topic.refuse(0);
    this.topic = topic;
    this.places = [...topic.roomPlaces, ...topic.logPlaces];
    this.room = topic.options.maxRecordBytes;
    this.writer = new RecordWriter({ maxRecordBytes: this.room });
    this.keysDoNotMatter = topic.options.partitioner === 'roundrobin';
    this.router = new Router(topic.options.partitioner, topic.shardCount);
    this.appenders = registerProducer(topic.name, topic.shards, topic.thread);
    const now = topic.now();
    this.shardBatches = new ShardBatches(this.appenders, BATCH_RECORDS, BATCH_BYTES, now);
    this.batches = this.shardBatches.list;
    this.staging = topic.scratch.alloc(this.room, this);
    for (const batch of this.batches) if (batch.start() > 0) topic.bell.ring();
  }

  tryAppend(
    key: string | Uint8Array | null | undefined,
    value: string | Uint8Array | null | undefined,
    timestamp: number,
    headers: Readonly<Record<string, string | Uint8Array>> | null | undefined,
  ): boolean {
    const { scratch } = this.topic;
    const { writer, staging } = this;
    if (key === undefined || key === null || this.keysDoNotMatter) {
      return this.appendInTurn(key, value, timestamp, headers);
    }
    const bytes = writer.write(scratch, staging, this.room, key, value, timestamp, headers);
    const batch = this.batches[this.router.route(writer, scratch.u8)];
    if (!batch.fits(bytes) && !this.append(batch)) return false;
    batch.add(staging, bytes);
    return true;
  }

  /** Where the key does not pick the shard, the record is encoded in the batch of the shard in turn. */
  private appendInTurn(
    key: Parameters<RecordSink['tryAppend']>[0],
    value: Parameters<RecordSink['tryAppend']>[1],
    timestamp: number,
    headers: Parameters<RecordSink['tryAppend']>[3],
  ): boolean {
    const { batches, writer } = this;
    const { scratch } = this.topic;
    for (;;) {
      const batch = batches[this.turn];
      const { left } = batch;
      if (left > 0) {
        const bytes = writer.write(scratch, batch.end, left, key, value, timestamp, headers);
        if (bytes > 0) {
          batch.advance(bytes);
          return true;
        }
      }
      // Once it is out, it is the next shard's turn; one that is empty has room for any record.
      if (!this.append(batch)) return false;
    }
  }

  flush(): boolean {
    let all = true;
    for (const batch of this.batches) if (batch.records > 0 && !this.append(batch)) all = false;
    return all;
  }

  /** Of all that stands in the log now, this producer's records among it. */
  acknowledged(): boolean {
    const { topic } = this;
    this.ends ??= topic.shards.map(shard => shard.offsetOf(shard.published()));
    if (!isAcknowledged(topic, this.ends)) return false;
    this.ends = undefined;
    return true;
  }

  end(): void {
    if (!this.open) return;
    this.open = false;
    let wake = 0;
    for (const appender of this.appenders) wake |= appender.end(this.topic.now());
    // Where there was no room for the end of this producer, the owner appends it.
    this.topic.owner?.look();
    this.shardBatches.close();
    this.topic.scratch.free(this.staging, this.room, this);
    if (wake > 0) this.topic.bell.ring();
  }

  /** Appends a batch; false when its shard has no room. Throws when it never will have. */
  private append(batch: ShardBatch): boolean {
    const result = batch.append();
    if (result === KERNEL.REFUSED) this.topic.refuse(batch.appender.shard.number);
    if (result > 0) this.topic.bell.ring();
    if (result >= 0 && batch === this.batches[this.turn]) {
      this.turn = this.turn + 1 === this.batches.length ? 0 : this.turn + 1;
    }
    return result >= 0;
  }
}
