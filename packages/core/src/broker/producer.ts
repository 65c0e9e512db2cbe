import { checkOption } from '../config/config.ts';
import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import { type ErrorCode, fail, StreamError } from '../errors.ts';
import { aborted, unlessAborted, type WaitOptions } from '../memory/abort.ts';
import { later, park, parkSync } from '../memory/park.ts';
import type { Scratch } from '../memory/scratch.ts';
import { type Encoder, encoder, LARGEST_ENCODED, STAGED } from '../record/encoder.ts';
import { badRecord } from '../record/limits.ts';
import type { RecordInput } from '../record/record.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Appender } from '../shard/appender.ts';
import { KERNEL, KIND } from '../shard/layout.ts';
import { Acknowledgements, acknowledgedAtOnce, acknowledgedToSync } from './acknowledgement.ts';
import { checkShard } from './append-handle.ts';
import type { TopicOptions } from './options.ts';
import { Router } from './partitioner.ts';
import { registerProducer } from './producer-id.ts';
import { type Records, sendAll } from './send-all.ts';
import { type ShardBatch, ShardBatches } from './shard-batch.ts';
import type { Topic } from './topic.ts';

export interface ProducerOptions {
  /** Records of a shard that go out as one batch at most. Default: the topic's, 256. */
  batchRecords?: number | undefined;
  /** Bytes of a shard's batch at most. Default: the topic's, 64 KiB. */
  batchBytes?: number | undefined;
  /** Milliseconds that a batch may wait for more records. Default: the topic's, 0, which is until the thread's next microtask. */
  lingerMs?: number | undefined;
  /** Calls of `send` that may wait for room at once. Default: the topic's, 16,384. */
  maxWaitingSends?: number | undefined;
}

/** What a shard refuses whatever the record is. */
const OF_SHARDS: ReadonlySet<ErrorCode> = new Set([
  'TOPIC_ENDED',
  'SHARD_STOPPED',
  'SHARD_POISONED',
]);

const NAMES: NamesOf<ProducerOptions> = {
  batchRecords: true,
  batchBytes: true,
  lingerMs: true,
  maxWaitingSends: true,
};

/** What everybody who sends in the same batch waits for. */
interface Delivery {
  promise: Promise<void>;
  resolve: () => void;
  reject: (cause: unknown) => void;
  /** Settles when the batches are in the log, whenever that is acknowledged. */
  appended: PromiseWithResolvers<void>;
}

/**
 * Appends records in batches: encoded at once into memory of this thread, claimed and published
 * together. It belongs to one thread. A full shard holds it back: `send` waits, `sendSync` blocks,
 * `offer` says no.
 *
 * It counts for its topic's watermarks from when it is made until it is closed.
 */
export class Producer {
  private readonly topic: Topic;
  private readonly scratch: Scratch;
  private readonly appenders: readonly Appender[];
  private readonly shardBatches: ShardBatches;
  private readonly batches: readonly ShardBatch[];
  private readonly writer: RecordWriter;
  private readonly router: Router;
  private readonly staging: number;
  private readonly room: number;
  private readonly lingerMs: number;
  private delivery: Delivery | undefined;
  /** What is in the log and not acknowledged; none where being in the log is all. */
  private readonly acknowledgements: Acknowledgements<Delivery> | undefined;
  /** The last delivery that went into the log; those before it are settled no later. */
  private last: Delivery | undefined;
  /** Why records that were taken are in no log, until a flush or the closing has told it. */
  private lost: { readonly cause: unknown } | undefined;
  /** The end, in each shard, of what this producer has appended: an offset, for it may be long ago. */
  private readonly ends: number[];
  private scheduled = false;
  private readonly keysDoNotMatter: boolean;
  /** Encodes at the end of the batch of the key's shard; none where a mask of its hash is not that. */
  private readonly stage: Encoder['stage'] | undefined;
  /** The shard of records without a key: round robin, but a batch at a time (Kafka's "sticky"). */
  private turn = 0;
  private draining = false;
  /** Settles when the last record that waits for room has been taken; none: nobody waits. */
  private line: Promise<void> | undefined;
  /** How many wait. */
  private waiting = 0;
  private readonly maxWaitingSends: number;
  private closing: Promise<void> | undefined;
  private open = true;
  private ended = false;

  /** Made by `topic.producer()`. */
  constructor(topic: Topic, options: ProducerOptions) {
    if (topic.ended) topic.refuse(0);
    const checked = checkOptions(options, topic.options);
    const { batchRecords, batchBytes, lingerMs, maxWaitingSends } = checked;
    this.topic = topic;
    this.scratch = topic.scratch;
    this.lingerMs = lingerMs;
    this.maxWaitingSends = maxWaitingSends;
    this.room = topic.options.maxRecordBytes;
    this.writer = new RecordWriter({ maxRecordBytes: this.room });
    this.router = new Router(topic.options.partitioner, topic.shardCount);
    this.keysDoNotMatter = topic.options.partitioner === 'roundrobin';
    const masked =
      topic.options.partitioner === 'fnv1a' && (topic.shardCount & (topic.shardCount - 1)) === 0;
    this.stage = masked && this.room >= LARGEST_ENCODED ? encoder()?.stage : undefined;
    this.appenders = registerProducer(topic.name, topic.shards, topic.thread);
    const nowMs = topic.now();
    this.shardBatches = new ShardBatches(this.appenders, batchRecords, batchBytes, nowMs);
    this.batches = this.shardBatches.list;
    this.staging = this.scratch.alloc(this.room, this);
    this.ends = topic.shards.map(shard => shard.offsetOf(shard.published()));
    this.acknowledgements = acknowledgedAtOnce(topic) ? undefined : new Acknowledgements(topic);
    for (const batch of this.batches) if (batch.start() > 0) topic.bell.ring();
  }

  /** The id under which the topic's shards know this producer. */
  get id(): number {
    return this.appenders[0].producer;
  }

  /**
   * Takes a record; resolves once it is acknowledged at the topic's level (`acks`: in memory, with
   * the operating system, on disk), together with all that were taken since the last time; a
   * rejection leaves open which of them are. Waits for room where there is none: await it before the
   * next call, or `TOO_MANY_WAITING` says so. Throws at once that, `CLOSED` and what is wrong with the
   * record; rejects with `TOPIC_ENDED`, `SHARD_STOPPED`, `SHARD_POISONED`, `ABORTED`: a record that had
   * not found room when its signal fired is not sent.
   */
  send(record: RecordInput, options?: WaitOptions): Promise<void> {
    this.checkOpen();
    if (options?.signal !== undefined) return this.sendUnlessAborted(record, options.signal);
    return this.sendNow(record);
  }

  /**
   * Sends all records of an iterable (an array, a generator, a Node.js or Web stream of records), waiting
   * where there is no room; resolves with how many there were, once all are acknowledged. Where it ends
   * early, by an error or its signal, those before are sent all the same. Rejects as `send` throws and
   * rejects, and with what the iterable throws.
   */
  sendAll(records: Records, options: WaitOptions = {}): Promise<number> {
    return sendAll(this, records, `Sending to the topic "${this.topic.name}"`, options);
  }

  private sendUnlessAborted(record: RecordInput, signal: AbortSignal): Promise<void> {
    const what = `A send to the topic "${this.topic.name}"`;
    if (signal.aborted) return Promise.reject(aborted(what, signal));
    const sent = this.sendNow(record, signal);
    return unlessAborted(sent, what, signal);
  }

  private sendNow(record: RecordInput, signal?: AbortSignal): Promise<void> {
    try {
      if (this.line !== undefined || !this.take(record)) return this.sendInLine(record, signal);
    } catch (error) {
      if (isOfTheRecord(error)) throw error;
      // With it may have gone what nobody awaits.
      this.lost ??= { cause: error };
      const refused = Promise.reject(error);
      refused.catch(ignore);
      return refused;
    }
    return (this.delivery ?? this.schedule()).promise;
  }

  /** Takes a record, blocking the thread while there is no room. Throws as `send`. */
  sendSync(record: RecordInput): void {
    this.checkOpen();
    while (!this.take(record)) this.appendSync();
    if (!this.scheduled) this.schedule();
  }

  /** Takes a record, or returns false because its shard's batch is full and the shard has no room. */
  offer(record: RecordInput): boolean {
    this.checkOpen();
    if (this.line !== undefined || !this.take(record)) return false;
    if (!this.scheduled) this.schedule();
    return true;
  }

  /**
   * Promises every shard that nothing with a timestamp at or before `timestampMs` follows from this
   * producer, in order with its records. For pipelines whose watermarks are `manual`.
   */
  watermark(timestampMs: number): void {
    this.checkOpen();
    this.forEachBatch(batch => this.flushSyncOne(batch));
    for (const appender of this.appenders) {
      this.blocking(appender, () => appender.appendControl(KIND.watermark, timestampMs));
    }
  }

  /**
   * Resolves once everything taken so far is acknowledged. Rejects as `send` does, also where what was
   * taken before has been refused since the last flush.
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    const what = `A flush of a producer of the topic "${this.topic.name}"`;
    await unlessAborted(this.flushed(), what, options.signal);
  }

  private async flushed(): Promise<void> {
    // Every refusal leaves the batch of one shard less; the others still go out.
    for (let tries = 0; tries <= this.batches.length && this.delivery !== undefined; tries++) {
      try {
        await this.append();
        break;
      } catch (cause) {
        this.lost ??= { cause };
      }
    }
    this.tellLost();
    const { acknowledgements, last } = this;
    if (acknowledgements === undefined || last === undefined) return;
    await last.promise;
  }

  private tellLost(): void {
    const { lost } = this;
    this.lost = undefined;
    if (lost !== undefined) throw lost.cause;
  }

  /** Resolves once everything taken so far is in the log. */
  private async append(): Promise<void> {
    const { delivery } = this;
    if (delivery === undefined) return;
    this.drain();
    await delivery.appended.promise;
  }

  /** Waits until nobody stands in line any more, whatever became of them. */
  private async lineEmpty(): Promise<void> {
    while (this.line !== undefined) await this.line;
  }

  /** Blocks until everything taken so far is acknowledged. Throws as `send` rejects. */
  flushSync(): void {
    this.appendSync();
    this.tellLost();
    if (this.acknowledgements !== undefined) acknowledgedToSync(this.topic, this.ends);
  }

  /** Blocks until everything taken so far is in the log. */
  private appendSync(): void {
    try {
      this.forEachBatch(batch => this.flushSyncOne(batch));
    } finally {
      this.delivered();
    }
  }

  /** Throws what the first of them threw, after the last: what one shard refuses holds up no other. */
  private forEachBatch(work: (batch: ShardBatch) => void): void {
    let refused: { readonly cause: unknown } | undefined;
    for (const batch of this.batches) {
      try {
        work(batch);
      } catch (cause) {
        refused ??= { cause };
      }
    }
    if (refused !== undefined) throw refused.cause;
  }

  /**
   * Sends what was taken, then ends this producer. A second call waits for the first. Rejects as `flush`
   * does; a signal ends the wait, and not the closing.
   */
  close(options: WaitOptions = {}): Promise<void> {
    this.open = false;
    this.closing ??= this.finish();
    const what = `Closing a producer of the topic "${this.topic.name}"`;
    return unlessAborted(this.closing, what, options.signal);
  }

  private async finish(): Promise<void> {
    try {
      await this.lineEmpty();
      await this.flushed();
    } finally {
      this.end();
    }
  }

  /** Like `close`, blocking; for threads that use nothing but the synchronous calls. */
  closeSync(): void {
    if (this.closing !== undefined) return;
    this.open = false;
    this.closing = Promise.resolve();
    try {
      this.flushSync();
    } finally {
      this.end();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends at once: sends what finds room now, and gives up the rest with `CLOSED`. */
  abandon(): void {
    if (this.closing !== undefined) return;
    this.open = false;
    this.closing = Promise.resolve();
    this.flushAll();
    for (const batch of this.batches) batch.clear();
    this.reject(this.closedError());
    this.acknowledgements?.giveUp(this.closedError());
    this.end();
  }

  /** Encodes a record into its shard's batch; false when there is no room for it now. */
  private take(record: RecordInput): boolean {
    const { batches, stage } = this;
    const { key, value, headers, timestamp = this.topic.now() } = record;
    if (
      stage !== undefined &&
      typeof key === 'string' &&
      typeof value === 'string' &&
      // WebAssembly would make a number of whatever it is given.
      typeof timestamp === 'number' &&
      (headers === undefined || headers === null) &&
      record.shard === undefined
    ) {
      const { table } = this.shardBatches;
      const result = stage(key, value, timestamp, this.staging, table, batches.length - 1);
      if (result === STAGED) return true;
      if (result >= 0 && !this.tryFlush(batches[result])) return false;
    }
    if (record.shard !== undefined) {
      return this.encodeInto(
        batches[checkShard(record.shard, batches.length, this.topic.name)],
        record,
      );
    }
    if (batches.length === 1) return this.encodeInto(batches[0], record);
    if (this.keysDoNotMatter || record.key === undefined || record.key === null) {
      const batch = batches[this.turn];
      // Once it is out, it is the next shard's turn.
      if (batch.left === 0 && !this.tryFlush(batch)) return false;
      return this.encodeInto(batches[this.turn], record);
    }
    // The shard is known only once the key has been encoded and hashed.
    const { staging, writer } = this;
    const bytes = this.encode(record, staging, this.room);
    const batch = batches[this.router.route(writer, this.scratch.u8)];
    if (!batch.fits(bytes) && !this.tryFlush(batch)) return false;
    batch.add(staging, bytes);
    return true;
  }

  /** Encodes a record at the end of a batch, flushing the batch first if it must. */
  private encodeInto(batch: ShardBatch, record: RecordInput): boolean {
    let bytes = batch.left === 0 ? -1 : this.encode(record, batch.end, batch.left);
    if (bytes < 0) {
      if (!this.tryFlush(batch)) return false;
      bytes = this.encode(record, batch.end, batch.left);
    }
    batch.advance(bytes);
    return true;
  }

  private encode(record: RecordInput, at: number, room: number): number {
    if (typeof record !== 'object') badRecord(record);
    return this.writer.write(
      this.scratch,
      at,
      room,
      record.key,
      record.value,
      record.timestamp ?? this.topic.now(),
      record.headers,
    );
  }

  /** Appends a batch now; false when the shard has no room. Throws where it never will. */
  private tryFlush(batch: ShardBatch): boolean {
    const { records } = batch;
    if (records === 0) return true;
    const result = batch.append();
    if (result >= 0) {
      const { appender } = batch;
      const { shard } = appender;
      this.ends[shard.number] = shard.offsetOf(appender.lastSequence()) + records;
      if (result > 0) this.topic.bell.ring();
      const { turn, batches } = this;
      if (batch === batches[turn]) this.turn = turn + 1 === batches.length ? 0 : turn + 1;
      return true;
    }
    if (result === KERNEL.REFUSED) this.failed(batch);
    return false;
  }

  private failed(batch: ShardBatch): never {
    batch.clear();
    try {
      return this.topic.refuse(batch.appender.shard.number);
    } catch (cause) {
      this.reject(cause);
      // What waits for other shards is somebody's to be told of, too.
      if (this.batches.some(({ records }) => records > 0)) this.schedule();
      throw cause;
    }
  }

  private flushSyncOne(batch: ShardBatch): void {
    if (this.tryFlush(batch)) return;
    this.blocking(batch.appender, () => (this.tryFlush(batch) ? 0 : KERNEL.FULL));
  }

  /** Repeats an append until there is room, blocking the thread in between. */
  private blocking(appender: Appender, append: () => number): void {
    const { topic } = this;
    const { number } = appender.shard;
    let result = append();
    if (result === KERNEL.FULL) {
      const tried = () => {
        result = append();
        return result !== KERNEL.FULL;
      };
      parkSync(topic.bell, [topic.roomPlaces[number]], tried, Number.POSITIVE_INFINITY);
    }
    if (result === KERNEL.REFUSED) topic.refuse(number);
    if (result > 0) topic.bell.ring();
  }

  /** Records that found no room go in one by one, in the order in which they came. */
  private sendInLine(record: RecordInput, signal?: AbortSignal): Promise<void> {
    if (this.waiting === this.maxWaitingSends) this.tooManyWait();
    this.waiting++;
    const sent = (this.line ?? Promise.resolve()).then(() => this.sendWhenRoom(record, signal));
    const taken = sent.then(({ delivery }) => delivery.promise);
    const line = sent.then(ignore, ignore).then(() => {
      this.waiting--;
      if (this.line === line) this.line = undefined;
    });
    this.line = line;
    taken.catch(ignore);
    return taken;
  }

  /** They would be a queue without a bound. */
  private tooManyWait(): never {
    const { topic, maxWaitingSends } = this;
    return fail(
      'TOO_MANY_WAITING',
      `${maxWaitingSends} calls of send wait for room in the topic "${topic.name}" (maxWaitingSends): ` +
        'await each before the next, or use sendAll, sendSync, or offer.',
    );
  }

  private async sendWhenRoom(
    record: RecordInput,
    signal: AbortSignal | undefined,
  ): Promise<{ delivery: Delivery }> {
    for (;;) {
      if (this.ended) throw this.closedError();
      signal?.throwIfAborted();
      if (this.take(record)) break;
      this.schedule();
      await this.append();
    }
    return { delivery: this.delivery ?? this.schedule() };
  }

  /** Arranges for the batches to go out, and makes the promise that their senders share. */
  private schedule(): Delivery {
    this.delivery ??= newDelivery(this.acknowledgements === undefined);
    if (!this.scheduled) {
      this.scheduled = true;
      if (this.lingerMs === 0) queueMicrotask(this.drainSoon);
      else later(this.drainSoon, this.lingerMs);
    }
    return this.delivery;
  }

  private readonly drainSoon = (): void => {
    this.scheduled = false;
    this.drain();
  };

  /** Sends all batches; where one finds no room, the rest follows when there is some. */
  private drain(): void {
    if (this.draining || this.drained()) return;
    this.draining = true;
    void park(this.topic.bell, this.topic.roomPlaces, () => this.drained());
  }

  /** When it says so, all is done: what is taken next, be it in the next microtask, is the next delivery's. */
  private drained(): boolean {
    // Its memory is another's by now.
    if (this.ended) return true;
    if (!this.flushAll()) return false;
    this.draining = false;
    this.delivered();
    return true;
  }

  /** Appends what finds room; false where some has none. Nobody has called: what is refused is told later. */
  private flushAll(): boolean {
    let all = true;
    for (const batch of this.batches) {
      try {
        if (!this.tryFlush(batch)) all = false;
      } catch (cause) {
        this.lost ??= { cause };
      }
    }
    return all;
  }

  private delivered(): void {
    const { delivery, acknowledgements } = this;
    this.delivery = undefined;
    if (delivery === undefined) return;
    delivery.appended.resolve();
    if (acknowledgements === undefined) {
      delivery.resolve();
      return;
    }
    this.last = delivery;
    acknowledgements.await(this.ends, delivery);
  }

  private reject(cause: unknown): void {
    const { delivery } = this;
    this.delivery = undefined;
    delivery?.appended.reject(cause);
    delivery?.reject(cause);
  }

  private end(): void {
    this.ended = true;
    let wake = 0;
    for (const appender of this.appenders) wake |= appender.end(this.topic.now());
    // Where there was no room for the end of this producer, the owner appends it.
    this.topic.owner?.look();
    this.shardBatches.close();
    this.topic.forget(this);
    this.scratch.free(this.staging, this.room, this);
    if (wake > 0) this.topic.bell.ring();
  }

  private checkOpen(): void {
    if (!this.open) throw this.closedError();
  }

  private closedError(): StreamError {
    const message = `The producer of the topic "${this.topic.name}" is closed: make another one.`;
    return new StreamError('CLOSED', message);
  }
}

/** Whether the call was wrong, and not the state that its shard is in. */
function isOfTheRecord(error: unknown): boolean {
  return !(error instanceof StreamError && OF_SHARDS.has(error.code));
}

function ignore(): void {}

function newDelivery(isAll: boolean): Delivery {
  const delivery = Promise.withResolvers<void>();
  // Whoever does not await `send` is told by the next `flush` or `close`, not by an unhandled rejection.
  delivery.promise.catch(ignore);
  // Where being in the log is all, the one promise is the other.
  if (isAll) return { ...delivery, appended: delivery };
  const appended = Promise.withResolvers<void>();
  appended.promise.catch(ignore);
  return { ...delivery, appended };
}

function checkOptions(
  options: ProducerOptions,
  defaults: TopicOptions,
): Required<{ [K in keyof ProducerOptions]: number }> {
  checkOptionNames('A producer', options, NAMES);
  const whole = {
    batchRecords: options.batchRecords ?? defaults.batchRecords,
    batchBytes: options.batchBytes ?? defaults.batchBytes,
    lingerMs: options.lingerMs ?? defaults.lingerMs,
    maxWaitingSends: options.maxWaitingSends ?? defaults.maxWaitingSends,
  };
  for (const name of Object.keys(whole) as (keyof typeof whole)[]) checkOption(name, whole[name]);
  return whole;
}
