import { isLogged } from '../broker/acknowledgement.ts';
import { Router } from '../broker/partitioner.ts';
import { registerProducer } from '../broker/producer-id.ts';
import { type ShardBatch, ShardBatches } from '../broker/shard-batch.ts';
import type { Topic } from '../broker/topic.ts';
import type { HeldOutputs } from '../epoch/held-outputs.ts';
import type { OutputSnapshot, ShardOutput } from '../epoch/task-snapshot.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { EpochOutputs, EpochRecordSink, RecordSink } from '../operator/endpoints.ts';
import { RecordPile } from '../record/record-pile.ts';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Appender } from '../shard/appender.ts';
import { KERNEL, KIND } from '../shard/layout.ts';
import { ShardScan } from '../shard/shard-scan.ts';

const BATCH_RECORDS = 256;
const BATCH_BYTES = 32 * 1024;

/** Aimed at the mark that is looked at. */
const MARK = new RecordView();

/** What is still to be appended to a shard of the output of one epoch. */
interface Pending {
  readonly token: number;
  readonly bytes: Uint8Array;
  records: number;
  /** Where in `bytes` the next record begins. */
  at: number;
  /** Of an epoch that somebody else may have appended a part of: where to look for it, and until when. */
  lookFrom: number | undefined;
  readonly lookTo: number;
  marked: boolean;
}

/**
 * A task's way into a topic when outputs are given exactly once. Records are kept until their epoch has
 * been committed, as a part of it, and are appended then: nobody ever reads what may be taken back.
 *
 * Before them, in each shard, goes a mark with the epoch's token. Whoever goes on from the epoch after
 * a crash counts the records that stand behind such marks, and appends the rest: a log keeps what was
 * appended as a prefix, so the rest is what is missing.
 */
export class EpochSink implements EpochRecordSink, EpochOutputs {
  readonly epochs = this;
  readonly places: readonly WaitingPlace[];
  private readonly topic: Topic;
  private readonly held: HeldOutputs;
  private readonly appenders: readonly Appender[];
  private readonly shardBatches: ShardBatches;
  private readonly batches: readonly ShardBatch[];
  private readonly begun: boolean[];
  private readonly writer: RecordWriter;
  private readonly router: Router;
  private readonly staging: number;
  private readonly room: number;
  /** The epoch that is being made, by shard; and those that wait for their commit, in order. */
  private piles: readonly RecordPile[];
  private readonly sealed: OutputSnapshot[] = [];
  /** Committed, by shard, in order. */
  private readonly pending: Pending[][];
  /** Where each shard ended when the last of them was appended; undefined: that has been acknowledged. */
  private ends: number[] | undefined;
  private open = true;

  /** Throws `TOO_MANY_PRODUCERS`, `TOPIC_ENDED`. */
  constructor(topic: Topic, held: HeldOutputs) {
    if (topic.ended) topic.refuse(0);
    this.topic = topic;
    this.held = held;
    this.places = [...topic.roomPlaces, ...topic.logPlaces];
    this.room = topic.options.maxRecordBytes;
    this.writer = new RecordWriter({ maxRecordBytes: this.room });
    this.router = new Router(topic.options.partitioner, topic.shardCount);
    this.appenders = registerProducer(topic.name, topic.shards, topic.thread);
    this.shardBatches = new ShardBatches(this.appenders, BATCH_RECORDS, BATCH_BYTES, topic.now());
    this.batches = this.shardBatches.list;
    this.staging = topic.scratch.alloc(this.room, this);
    this.begun = this.batches.map(batch => this.begin(batch));
    this.piles = this.batches.map(() => new RecordPile());
    this.pending = this.batches.map(() => []);
  }

  tryAppend(
    key: Parameters<RecordSink['tryAppend']>[0],
    value: Parameters<RecordSink['tryAppend']>[1],
    timestamp: number,
    headers: Parameters<RecordSink['tryAppend']>[3],
  ): boolean {
    const { scratch } = this.topic;
    const { writer, staging } = this;
    const bytes = writer.write(scratch, staging, this.room, key, value, timestamp, headers);
    const shard = this.router.route(writer, scratch.u8);
    this.piles[shard].add(scratch.u8, staging, bytes);
    this.held.add(bytes);
    return true;
  }

  /** What was taken over since the last call, as a part of an epoch; `undefined` when there is nothing. */
  seal(token: number): OutputSnapshot | undefined {
    const { topic, piles } = this;
    const shards: ShardOutput[] = [];
    for (const [shard, pile] of piles.entries()) {
      if (pile.records === 0) continue;
      const end = topic.shards[shard];
      const from = end.offsetOf(end.published());
      shards.push({ shard, from, records: pile.records, bytes: pile.take() });
    }
    if (shards.length === 0) return undefined;
    const output = { topic: topic.name, token, shards };
    this.sealed.push(output);
    return output;
  }

  /** All that was sealed belongs to an epoch that stands. */
  commit(): void {
    for (const output of this.sealed.splice(0)) this.queue(output, false);
  }

  /** Takes up the output of a committed epoch, of which a part may have been appended. */
  resume(output: OutputSnapshot): void {
    for (const { bytes } of output.shards) this.held.takeOver(bytes.length);
    this.queue(output, true);
  }

  /** Appends what has been committed. `true` when all of it is acknowledged, and nothing is sealed. */
  flush(): boolean {
    let all = true;
    for (const shard of this.pending.keys()) if (!this.flushShard(shard)) all = false;
    return all && this.isAcknowledged();
  }

  /** Whether nothing of an epoch before is left to do. */
  get settled(): boolean {
    return this.sealed.length === 0 && this.flush();
  }

  end(): void {
    if (!this.open) return;
    this.open = false;
    let wake = 0;
    for (const appender of this.appenders) wake |= appender.end(this.topic.now());
    this.topic.owner?.look();
    this.shardBatches.close();
    this.topic.scratch.free(this.staging, this.room, this);
    if (wake > 0) this.topic.bell.ring();
  }

  private queue({ token, shards }: OutputSnapshot, resumed: boolean): void {
    for (const { shard, from, records, bytes } of shards) {
      const { shards } = this.topic;
      const lookFrom = resumed ? from : undefined;
      const lookTo = resumed ? shards[shard].claimed() : 0;
      this.pending[shard].push({ token, bytes, records, at: 0, lookFrom, lookTo, marked: false });
    }
  }

  private flushShard(number: number): boolean {
    const queue = this.pending[number];
    while (queue.length > 0) {
      if (!this.append(number, queue[0])) return false;
      this.held.release(queue[0].bytes.length);
      queue.shift();
      this.ends = this.topic.shards.map(shard => shard.published());
    }
    return true;
  }

  private append(number: number, pending: Pending): boolean {
    const batch = this.batches[number];
    if (pending.lookFrom !== undefined && !this.skipAppended(number, pending)) return false;
    if (pending.records === 0 && batch.records === 0) return true;
    this.begun[number] ||= this.begin(batch);
    if (!this.begun[number]) return false;
    if (!pending.marked) {
      const result = batch.appender.appendControl(KIND.epoch, pending.token);
      if (!this.hasRoom(result, number)) return false;
      pending.marked = true;
    }
    const { scratch } = this.topic;
    while (pending.records > 0) {
      const bytes = RecordPile.recordBytes(pending.bytes, pending.at);
      if (!batch.fits(bytes) && !this.hasRoom(batch.append(), number)) return false;
      scratch.u8.set(pending.bytes.subarray(pending.at, pending.at + bytes), batch.end);
      batch.advance(bytes);
      pending.at += bytes;
      pending.records--;
    }
    return batch.records === 0 || this.hasRoom(batch.append(), number);
  }

  /**
   * Leaves out what stands in the shard. Whoever appended it is gone, so it lies below what was claimed
   * when this began; `false` as long as not all of that is published, which the owner sees to.
   */
  private skipAppended(number: number, pending: Pending): boolean {
    const shard = this.topic.shards[number];
    if (((shard.published() - pending.lookTo) | 0) < 0) {
      this.topic.owner?.look();
      return false;
    }
    const scan = new ShardScan(shard, this.topic.history?.shard(number));
    try {
      const to = shard.offsetOf(pending.lookTo);
      const found = countMarked(scan, pending.lookFrom as number, to, pending.token);
      for (let i = 0; i < found; i++) {
        pending.at += RecordPile.recordBytes(pending.bytes, pending.at);
      }
      pending.records -= found;
    } finally {
      scan.close();
    }
    pending.lookFrom = undefined;
    return true;
  }

  private begin(batch: ShardBatch): boolean {
    const result = batch.start();
    if (result > 0) this.topic.bell.ring();
    return result >= 0;
  }

  private hasRoom(result: number, number: number): boolean {
    if (result === KERNEL.REFUSED) this.topic.refuse(number);
    if (result > 0) this.topic.bell.ring();
    return result >= 0;
  }

  private isAcknowledged(): boolean {
    if (this.ends === undefined) return true;
    for (const shard of this.topic.shards) {
      if (!isLogged(this.topic, shard, shard.offsetOf(this.ends[shard.number]))) return false;
    }
    this.ends = undefined;
    return true;
  }
}

/** How many records stand behind marks of a token, by the producers that set them. */
function countMarked(scan: ShardScan, from: number, to: number, token: number): number {
  const within = new Set<number>();
  let count = 0;
  scan.visit(from, to, (run, index) => {
    const producer = run.producer(index);
    switch (run.kind(index)) {
      case KIND.data:
        if (within.has(producer)) count++;
        return;
      case KIND.epoch:
        if (run.view(index, MARK).timestamp === token) within.add(producer);
        else within.delete(producer);
        return;
      case KIND.producerStart:
      case KIND.producerEnd:
        within.delete(producer);
        return;
      default:
    }
  });
  return count;
}
