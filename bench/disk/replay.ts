import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Engine, type RecordView } from 'lite-streams';
import type { Totals } from '../pipelines/readings.ts';
import type { Effort, Measurable, Series } from '../runner/measurable.ts';
import type { ReadingProducerData, SendOrder } from '../threads/reading-producer.ts';
import { checkTally, tallyOf } from '../throughput/reading.ts';
import { Place } from './place.ts';

const PIPELINE = new URL('../pipelines/readings.ts', import.meta.url);
const PRODUCER = new URL('../threads/reading-producer.ts', import.meta.url);
const VALUE_BYTES = 200;
/** With its entry in a frame. */
const STORED_BYTES = 256 + 8;
const READINGS = { full: 4_000_000, quick: 500_000 };

/**
 * Bytes of log per second that a processor reads back from disk, from the beginning, running a user
 * function on every record. Files that fit are in the system's memory: what is measured is ours.
 */
export default async ({ quick }: Effort): Promise<Measurable> => {
  const place = new Place();
  const readings = quick ? READINGS.quick : READINGS.full;
  await fill(place.path, readings);
  return {
    async measure(): Promise<Series[]> {
      const tookMs = await replay(place.path, readings);
      const rate = (readings * STORED_BYTES) / (tookMs / 1000);
      const note = `${(readings / tookMs / 1000).toFixed(2)} M records/s`;
      return [{ name: 'replay', unit: 'GB/s', samples: [rate / 1e9], note }];
    },
    close: () => place.remove(),
  };
};

async function fill(directory: string, readings: number): Promise<void> {
  await using engine = await Engine.start({ directory, processors: 1, acks: 'os' });
  const topic = engine.topic('readings');
  const workerData: ReadingProducerData = { topic: topic.name, valueBytes: VALUE_BYTES };
  const thread = new Worker(PRODUCER, engine.threadOptions({ workerData }));
  await once(thread, 'message');
  const order: SendOrder = { from: 0, to: readings, endOfPass: true };
  const sent = once(thread, 'message');
  thread.postMessage(order);
  await sent;
  await thread.terminate();
}

async function replay(directory: string, readings: number): Promise<number> {
  await using engine = await Engine.start({ directory, processors: 1, acks: 'os' });
  engine.topic('readings');
  const totals = engine.topic('totals', { durable: false }).consume({ group: 'bench' });
  const startMs = performance.now();
  const job = await engine.run(PIPELINE, { keepGroup: false });
  let tally = tallyOf(0, 0);
  while (tally.count < readings) {
    const { value: batch } = await totals.next();
    for (const record of batch as Iterable<RecordView>) {
      const { thread: _thread, ...seen } = JSON.parse(record.text) as Totals;
      if (seen.count >= tally.count) tally = seen;
    }
  }
  const tookMs = performance.now() - startMs;
  checkTally(tally, tallyOf(0, readings));
  await job.stop();
  return tookMs;
}
