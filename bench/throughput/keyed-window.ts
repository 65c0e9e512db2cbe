import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Consumer, Engine, type RecordView } from 'lite-streams';
import type { KeyCount } from '../pipelines/keyed-window.ts';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import type { EventOrder } from '../threads/event-producer.ts';
import { CLOSER, EVENT_KEYS, EVENTS_PER_SECOND, EVENTS_PER_WINDOW } from './events.ts';

const PIPELINE = new URL('../pipelines/keyed-window.ts', import.meta.url);
const PRODUCER = new URL('../threads/event-producer.ts', import.meta.url);

/** Seconds of event time of one round. */
const SECONDS = { full: 8, quick: 2 };

/**
 * One producer thread → a topic of the default shards → an exchange by key → the count per key and
 * second of event time, on one processor. Each window of each of the 10,000 keys is checked.
 */
export default async (): Promise<Measurable> => {
  const engine = await Engine.start({ processors: 1 });
  engine.topic('events');
  const counts = engine.topic('counts').consume({ group: 'bench', from: 'earliest' });
  await engine.run(PIPELINE);
  const thread = new Worker(PRODUCER, engine.threadOptions());
  await once(thread, 'message');
  return new KeyedWindow(engine, thread, counts);
};

class KeyedWindow implements Measurable {
  private readonly engine: Engine;
  private readonly thread: Worker;
  private readonly counts: Consumer;
  private second = 0;

  constructor(engine: Engine, thread: Worker, counts: Consumer) {
    this.engine = engine;
    this.thread = thread;
    this.counts = counts;
  }

  async measure({ quick }: Effort): Promise<Series[]> {
    const seconds = quick ? SECONDS.quick : SECONDS.full;
    await this.pass(Math.ceil(seconds / 4));
    const startMs = performance.now();
    await this.pass(seconds);
    const elapsed = (performance.now() - startMs) / 1000;
    const rate = (seconds * EVENTS_PER_SECOND) / elapsed;
    return [{ name: 'keyed-window', unit: 'records/s', samples: [rate] }];
  }

  async close(): Promise<void> {
    await this.counts.close();
    await this.thread.terminate();
    await this.engine.stop();
  }

  /** Sends so many seconds of events, and waits until the windows of all of them are out. */
  private async pass(seconds: number): Promise<void> {
    const order: EventOrder = { fromSecond: this.second, toSecond: this.second + seconds };
    this.second = order.toSecond;
    const sent = once(this.thread, 'message');
    this.thread.postMessage(order);
    let windows = 0;
    while (windows < seconds * EVENT_KEYS) {
      const { value: batch } = await this.counts.next();
      for (const record of batch as Iterable<RecordView>) {
        const { key, count } = JSON.parse(record.text) as KeyCount;
        if (key === CLOSER) continue;
        expectEqual(`events of ${key}`, count, EVENTS_PER_WINDOW);
        windows++;
      }
    }
    expectEqual('windows', windows, seconds * EVENT_KEYS);
    await sent;
  }
}
