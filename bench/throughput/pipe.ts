import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Consumer, Engine, type EngineOptions, type RecordView } from 'lite-streams';
import type { Place } from '../disk/place.ts';
import type { Totals } from '../pipelines/readings.ts';
import type { Measurable, Series, Setup } from '../runner/measurable.ts';
import type { ReadingProducerData, SendOrder } from '../threads/reading-producer.ts';
import { checkTally, type Tally, tallyOf } from './reading.ts';

const PIPELINE = new URL('../pipelines/readings.ts', import.meta.url);
const PRODUCER = new URL('../threads/reading-producer.ts', import.meta.url);

export interface PipeOptions {
  readonly name: string;
  readonly producers: number;
  readonly processors: number;
  /** Bytes of each value, 16 or more. */
  readonly valueBytes: number;
  /** Readings of one round. */
  readonly readings: { readonly full: number; readonly quick: number };
  /** Options of the engine beside its processors, and a place on disk if its topics are durable. */
  readonly engine?: EngineOptions;
  readonly place?: () => Place;
  /** What is printed, from readings per second. */
  series(readingsPerSecond: number): Series;
}

/**
 * Producer threads → a topic of the default shards → processors that run a user function on every
 * record. Nothing is lost: the pipeline's group holds the producers back. Each pass is checked by
 * the count and the sums of what the user function saw.
 */
export function pipe(options: PipeOptions): Setup {
  return async () => {
    const place = options.place?.();
    const { processors } = options;
    const engine = await Engine.start({ ...options.engine, processors, directory: place?.path });
    engine.topic('readings');
    const totals = engine.topic('totals').consume({ group: 'bench', from: 'earliest' });
    await engine.run(PIPELINE);
    const workerData: ReadingProducerData = { topic: 'readings', valueBytes: options.valueBytes };
    const threads = Array.from(
      { length: options.producers },
      () => new Worker(PRODUCER, engine.threadOptions({ workerData })),
    );
    await Promise.all(threads.map(thread => once(thread, 'message')));
    return new Pipe(options, engine, threads, totals, place);
  };
}

class Pipe implements Measurable {
  private readonly options: PipeOptions;
  private readonly engine: Engine;
  private readonly threads: readonly Worker[];
  private readonly totals: Consumer;
  /** The latest totals of each processor. */
  private readonly latest = new Map<number, Tally>();
  private readonly place: Place | undefined;
  private sent = 0;

  constructor(
    options: PipeOptions,
    engine: Engine,
    threads: Worker[],
    totals: Consumer,
    place: Place | undefined,
  ) {
    this.place = place;
    this.options = options;
    this.engine = engine;
    this.threads = threads;
    this.totals = totals;
  }

  async measure({ quick }: { quick: boolean }): Promise<Series[]> {
    const readings = quick ? this.options.readings.quick : this.options.readings.full;
    // The first fifth brings code and caches up to speed: it is not timed.
    await this.pass(Math.ceil(readings / 5));
    const startMs = performance.now();
    await this.pass(readings);
    const seconds = (performance.now() - startMs) / 1000;
    checkTally(this.seen(), tallyOf(0, this.sent));
    return [this.options.series(readings / seconds)];
  }

  async close(): Promise<void> {
    await this.totals.close();
    await Promise.all(this.threads.map(thread => thread.terminate()));
    await this.engine.stop();
    this.place?.remove();
  }

  /** Has the producers share so many readings, and waits until all have been processed. */
  private async pass(readings: number): Promise<void> {
    const { threads } = this;
    const share = Math.ceil(readings / threads.length);
    const allSent = threads.map(thread => once(thread, 'message'));
    for (const thread of threads) {
      const order: SendOrder = { from: this.sent, to: this.sent + share, endOfPass: true };
      thread.postMessage(order);
      this.sent += share;
    }
    while (this.seen().count < this.sent) {
      const { value: batch } = await this.totals.next();
      for (const record of batch as Iterable<RecordView>) {
        const { thread, ...tally } = JSON.parse(record.text) as Totals;
        // They come by several shards, between which there is no order.
        if (tally.count >= (this.latest.get(thread)?.count ?? 0)) this.latest.set(thread, tally);
      }
    }
    await Promise.all(allSent);
  }

  private seen(): Tally {
    const sum: Tally = { count: 0, sequences: 0, values: 0 };
    for (const { count, sequences, values } of this.latest.values()) {
      sum.count += count;
      sum.sequences += sequences;
      sum.values += values;
    }
    return sum;
  }
}
