import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Engine, type RecordView } from 'lite-streams';
import type { Totals } from '../pipelines/readings.ts';
import { type Effort, type Measurable, type Series, wrong } from '../runner/measurable.ts';
import type { ReadingProducerData, SendOrder } from '../threads/reading-producer.ts';

const PIPELINE = new URL('../pipelines/readings.ts', import.meta.url);
const PRODUCER = new URL('../threads/reading-producer.ts', import.meta.url);

const SECONDS = { full: 60, quick: 4 };
/** Readings that the producer is told to send at a time. */
const PORTION = 1_000_000;
const MIB = 2 ** 20;

/**
 * Memory of the whole process after a minute of full load, against its cap: what an engine at rest
 * takes, plus the shared memory that the configuration gives its topics, all of it in use.
 */
export default async (): Promise<Measurable> => {
  const engine = await Engine.start({ processors: 1 });
  engine.topic('readings');
  const totals = engine.topic('totals').consume({ group: 'bench', from: 'earliest' });
  await engine.run(PIPELINE);
  const workerData: ReadingProducerData = { topic: 'readings', valueBytes: 200 };
  const thread = new Worker(PRODUCER, engine.threadOptions({ workerData }));
  await once(thread, 'message');
  await sleep(500);
  const restBytes = process.memoryUsage.rss();
  const configuredBytes = engine
    .topics()
    .flatMap(name => engine.topic(name).descriptor().memories)
    .reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  const capBytes = restBytes + configuredBytes;

  return {
    async measure({ quick }: Effort): Promise<Series[]> {
      const sent = await load(thread, quick ? SECONDS.quick : SECONDS.full);
      const usedBytes = process.memoryUsage.rss();
      let seen = 0;
      while (seen < sent) {
        const { value: batch } = await totals.next();
        for (const { text } of batch as Iterable<RecordView>) {
          seen = Math.max(seen, (JSON.parse(text) as Totals).count);
        }
      }
      if (seen > sent) wrong('records processed', seen, sent);
      const note =
        `${mib(usedBytes)} MiB; the cap is ${mib(restBytes)} at rest + ${mib(configuredBytes)} ` +
        `configured for topics; ${(sent / 1e6).toFixed(0)} M records`;
      const samples = [(100 * usedBytes) / capBytes];
      return [{ name: 'rss-steady', unit: '% of the cap', samples, note }];
    },
    async close() {
      await totals.close();
      await thread.terminate();
      await engine.stop();
    },
  };
};

/** Keeps the producer busy for so many seconds; returns how many readings it has sent. */
async function load(thread: Worker, seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1_000;
  let sent = 0;
  for (let last = false; !last; sent += PORTION) {
    last = performance.now() >= untilMs;
    const done = once(thread, 'message');
    const order: SendOrder = { from: sent, to: sent + PORTION, endOfPass: last };
    thread.postMessage(order);
    await done;
  }
  return sent;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
