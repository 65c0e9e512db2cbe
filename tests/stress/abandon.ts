import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Batch, type RecordView, Topic, type TopicDescriptor } from '@lite-streams/core';
import { KERNEL } from '@lite-streams/core/internal';
import { isWhole } from './payload.ts';

/** What a producer thread that may be killed at any moment is given. */
export interface AbandonTask {
  readonly topic: TopicDescriptor;
  readonly thread: number;
  readonly batchRecords: number;
  /** A kernel to die in; the one that ships by default. */
  readonly kernel?: WebAssembly.Module;
  /** Word 0: how many records are certainly in the log; word 1: not 0 once it has to stop. */
  readonly progress: SharedArrayBuffer;
}

/** What an owner thread is given; it is told of further exits by messages. */
export interface OwnerTask {
  readonly topic: TopicDescriptor;
  readonly thread: number;
  readonly exited: readonly number[];
  readonly kernel: WebAssembly.Module;
}

export interface AbandonReport {
  readonly producers: number;
  readonly owners: number;
  readonly records: number;
  readonly aborted: number;
  readonly seconds: number;
  readonly faults: readonly string[];
}

const PRODUCERS = 5;
const LONGEST_PAUSE_MS = 8;
const OWNER_SHARE = 4;
const PATIENCE_MS = 60_000;
/** Rings so small that the threads get in each other's way, and batches long enough to die in. */
const OPTIONS = { shards: 2, slots: 1_024, shardBytes: 128 * 1024, maxRecordBytes: 512 };
const BATCHES = [1, 16, 256];

interface ProducerThread {
  readonly thread: number;
  readonly worker: Worker;
  readonly progress: Int32Array;
  readonly exited: Promise<unknown>;
}

/**
 * Kills producers and the owner of a topic at random moments, and checks that what a producer knew
 * to be in the log is there, once, in order and whole, and that the shards live on.
 */
export class Abandonment {
  private readonly topic = Topic.create('abandon', OPTIONS, { firstOffset: 2 ** 32 - 10_000 });
  private readonly paused: WebAssembly.Module;
  private readonly random: () => number;
  private readonly faults: string[] = [];
  /** For each producer thread the next counter that each shard must deliver. */
  private readonly expected = new Map<number, number[]>();
  private readonly acknowledged = new Map<number, Int32Array>();
  private readonly exited: number[] = [];
  private producers: ProducerThread[] = [];
  private owner: Worker;
  private threads = 1;
  private killed = { producers: 0, owners: 0 };
  private records = 0;

  constructor(seed: number, paused: WebAssembly.Module) {
    this.paused = paused;
    this.random = randomNumbers(seed);
    this.topic.owner = { look: () => {} };
    this.owner = this.startOwner();
  }

  async run(kills: number): Promise<AbandonReport> {
    const started = performance.now();
    const reading = this.read();
    this.producers = Array.from({ length: PRODUCERS }, () => this.startProducer());
    for (let kill = 0; kill < kills; kill++) {
      await pause(this.below(LONGEST_PAUSE_MS + 1));
      if (this.below(OWNER_SHARE) === 0) await this.killOwner();
      else await this.killProducer(await this.nextVictim());
    }
    await this.stop();
    await withPatience(reading, 'the log does not end');
    this.check();
    await this.owner.terminate();
    const aborted = this.topic.stats().reduce((sum, shard) => sum + shard.aborted, 0);
    return {
      ...this.killed,
      records: this.records,
      aborted,
      seconds: (performance.now() - started) / 1000,
      faults: this.faults,
    };
  }

  private async killProducer(index: number): Promise<void> {
    const { thread, worker, exited } = this.producers[index];
    void worker.terminate();
    await exited;
    this.tellOwner(thread);
    this.producers[index] = this.startProducer();
    this.killed.producers++;
  }

  /** Most are killed at work, some while they begin. */
  private async nextVictim(): Promise<number> {
    const lateMs = performance.now() + PATIENCE_MS;
    const start = this.below(PRODUCERS);
    if (this.below(8) === 0) return start;
    for (let i = start; performance.now() < lateMs; i++) {
      const index = i % PRODUCERS;
      if (Atomics.load(this.producers[index].progress, 0) > 0) return index;
      if (index === start) await pause(1);
    }
    throw new Error('no producer gets to work');
  }

  private async killOwner(): Promise<void> {
    await this.owner.terminate();
    this.owner = this.startOwner();
    this.killed.owners++;
  }

  private async stop(): Promise<void> {
    for (const { progress } of this.producers) Atomics.store(progress, 1, 1);
    for (const { thread, exited } of this.producers) {
      await withPatience(exited, `producer ${thread} does not stop`);
      this.tellOwner(thread);
    }
    this.topic.end();
  }

  private startProducer(): ProducerThread {
    const thread = ++this.threads;
    const progress = new SharedArrayBuffer(8);
    const batchRecords = BATCHES[this.below(BATCHES.length)];
    const topic = this.topic.descriptor();
    const kernel = this.below(4) === 0 ? undefined : this.paused;
    const task: AbandonTask = { topic, thread, batchRecords, progress, kernel };
    const worker = start('./abandon-producer.ts', task);
    const words = new Int32Array(progress);
    this.acknowledged.set(thread, words);
    return { thread, worker, progress: words, exited: once(worker, 'exit') };
  }

  private startOwner(): Worker {
    const topic = this.topic.descriptor();
    const exited = this.exited.slice();
    const task: OwnerTask = { topic, thread: ++this.threads, exited, kernel: this.paused };
    return start('./abandon-owner.ts', task);
  }

  private tellOwner(thread: number): void {
    this.exited.push(thread);
    this.owner.postMessage(thread);
  }

  private async read(): Promise<void> {
    const consumer = this.topic.consume({ group: 'g' });
    const take = (record: RecordView) => this.take(record);
    for await (const batch of consumer as AsyncIterable<Batch>) batch.forEach(take);
    consumer.close();
  }

  private take(record: RecordView): void {
    this.records++;
    if (!isWhole(record)) {
      this.fault(`the record at ${record.shard}:${record.offset} is not what was written`);
      return;
    }
    const thread = record.valueInt32(0);
    const counter = record.valueInt32(4);
    const { shardCount } = this.topic;
    let next = this.expected.get(thread);
    if (next === undefined) {
      next = Array.from({ length: shardCount }, (_, shard) => shard);
      this.expected.set(thread, next);
    }
    if (counter !== next[record.shard]) {
      this.fault(`producer ${thread}: ${counter} instead of ${next[record.shard]}`);
    }
    next[record.shard] = counter + shardCount;
  }

  private check(): void {
    for (const [thread, words] of this.acknowledged) {
      const certain = Atomics.load(words, 0);
      for (const [shard, next] of (this.expected.get(thread) ?? [0, 1]).entries()) {
        if (next >= certain) continue;
        this.fault(`producer ${thread}, shard ${shard}: ${certain} were certain, ${next} is next`);
      }
    }
    for (const { shard, openProducers } of this.topic.stats()) {
      if (openProducers > 0)
        this.fault(`shard ${shard}: ${openProducers} producers are still open`);
    }
    for (const shard of this.topic.shards) {
      const [published, claimed] = [shard.published(), shard.claimed()];
      if (published !== claimed) this.fault(`shard ${shard.number}: ${published} of ${claimed}`);
      for (let cell = 0; cell < shard.plan.producers; cell++) {
        const word = (shard.cellAddress(cell) + KERNEL.CELL_INTENT) >> 2;
        if ((shard.i32[word] & shard.i32[word + 1]) !== -1) {
          this.fault(`shard ${shard.number}: cell ${cell} has an intent`);
        }
      }
    }
  }

  private fault(message: string): void {
    if (this.faults.length < 20) this.faults.push(message);
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}

function start(file: string, workerData: AbandonTask | OwnerTask): Worker {
  return new Worker(new URL(file, import.meta.url), { workerData });
}

async function withPatience<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  const timer = new AbortController();
  const late = pause(PATIENCE_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(otherwise);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** Numbers from 0 to 1 that a seed repeats. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
