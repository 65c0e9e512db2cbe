import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Consumer, Engine, type RecordView } from 'lite-streams';
import { moduleOf, type Query } from './catalog.ts';
import { sendSide } from './encoded.ts';
import type { EventOrder, EventProducerData } from './threads/event-producer.ts';
import { KINDS, TOPIC_OF } from './topics.ts';

export interface QueryRunOptions {
  readonly producers: number;
  readonly processors: number;
  readonly shards: number;
}

/** What a stretch of events cost. */
export interface Cost {
  readonly seconds: number;
  /** Processor time of the whole process: producers, owners, collection of garbage, everything. */
  readonly cpuSeconds: number;
}

type Job = Awaited<ReturnType<Engine['run']>>;

const PRODUCER = new URL('./threads/event-producer.ts', import.meta.url);

const READ_EVERY_MS = 8;

/**
 * A query on threads: producer threads replay events that they made beforehand through the shards, a
 * consumer on this thread reads every result.
 */
export class QueryRun {
  private readonly engine: Engine;
  private readonly threads: readonly Worker[];
  private readonly job: Job;
  private readonly output: Consumer;
  private readonly reading: Promise<void>;
  private results = 0;
  private open = true;
  /** Told of every result. */
  private expected = Number.POSITIVE_INFINITY;
  private arrived = (): void => {};

  /** `seen` is given every record of the output, in order for each key. */
  static async start(
    query: Query,
    { producers, processors, shards }: QueryRunOptions,
    seen: (record: RecordView) => void,
  ): Promise<QueryRun> {
    const engine = await Engine.start({ processors, shards });
    for (const kind of KINDS) engine.topic(TOPIC_OF[kind]);
    const output = engine.topic(query.name).consume({ group: 'results', from: 'earliest' });
    if (query.side) sendSide(engine.topic('side', { slots: 1 << 14 }));
    const job = await engine.run(moduleOf(query));
    const threads = Array.from({ length: producers }, (_, index) => {
      const workerData: EventProducerData = { index, producers };
      return new Worker(PRODUCER, engine.threadOptions({ workerData }));
    });
    await answers(threads);
    return new QueryRun(engine, threads, job, output, seen);
  }

  private constructor(
    engine: Engine,
    threads: readonly Worker[],
    job: Job,
    output: Consumer,
    seen: (record: RecordView) => void,
  ) {
    this.engine = engine;
    this.threads = threads;
    this.job = job;
    this.output = output;
    this.reading = this.read(seen);
  }

  /**
   * Replays the events that arrive from `from` to `to`, and waits until all results of them are read.
   * The last time the input ends, and whatever is open with it.
   */
  async replay(from: number, to: number, end: boolean): Promise<Cost> {
    await this.order({ kind: 'prepare', from, to });
    const startMs = performance.now();
    const start = process.cpuUsage();
    await this.order({ kind: 'replay', end });
    if (end) {
      for (const kind of KINDS) this.engine.topic(TOPIC_OF[kind]).end();
      await this.job.drained();
    } else {
      await this.job.caughtUp();
    }
    await this.readAll();
    const { user, system } = process.cpuUsage(start);
    return { seconds: (performance.now() - startMs) / 1000, cpuSeconds: (user + system) / 1e6 };
  }

  stats(): ReturnType<Job['stats']> {
    return this.job.stats();
  }

  async close(): Promise<void> {
    this.open = false;
    await this.reading;
    await Promise.all(this.threads.map(thread => thread.terminate()));
    await this.engine.stop();
  }

  private async order(order: EventOrder): Promise<void> {
    const answered = answers(this.threads);
    for (const thread of this.threads) thread.postMessage(order);
    await answered;
  }

  /**
   * Looks for results every few milliseconds: a consumer that waits is woken for each batch, and would
   * measure its own waking.
   */
  private async read(seen: (record: RecordView) => void): Promise<void> {
    while (this.open) {
      for (let batch = this.output.poll(); batch !== undefined; batch = this.output.poll()) {
        batch.forEach(seen);
        this.results += batch.length;
      }
      if (this.results >= this.expected) this.arrived();
      await setTimeout(READ_EVERY_MS);
    }
    this.output.close();
  }

  /** Waits until as many results have been read as the job has made. */
  private async readAll(): Promise<void> {
    const { out } = await this.job.stats();
    if (this.results >= out) return;
    this.expected = out;
    await new Promise<void>(resolve => {
      this.arrived = resolve;
    });
    this.expected = Number.POSITIVE_INFINITY;
  }
}

async function answers(threads: readonly Worker[]): Promise<void> {
  await Promise.all(threads.map(thread => once(thread, 'message')));
}
