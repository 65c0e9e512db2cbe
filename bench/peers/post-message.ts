import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Measurable } from '../runner/measurable.ts';
import { checkTally, type Reading, type Tally, tallyOf } from '../throughput/reading.ts';

const POSTER = new URL('../threads/poster.ts', import.meta.url);

/** What the posting thread is told. */
export interface PostOrder {
  readonly readings: number;
  /** How many go into one message; 0: each as an object of its own. */
  readonly perMessage: number;
}

/** Readings from a thread to this one by `postMessage`, each summed up by a function of the user's. */
export async function postMessages(
  name: string,
  perMessage: number,
  counts: { full: number; quick: number },
): Promise<Measurable> {
  const worker = new Worker(POSTER);
  await once(worker, 'online');
  return {
    async measure({ quick }) {
      const readings = quick ? counts.quick : counts.full;
      // The first tenth warms up: it is not timed.
      await pass(worker, { readings: Math.ceil(readings / 10), perMessage });
      const startMs = performance.now();
      await pass(worker, { readings, perMessage });
      const seconds = (performance.now() - startMs) / 1000;
      return [{ name, unit: 'records/s', samples: [readings / seconds] }];
    },
    async close() {
      await worker.terminate();
    },
  };
}

function pass(worker: Worker, order: PostOrder): Promise<void> {
  const tally: Tally = { count: 0, sequences: 0, values: 0 };
  const add = (reading: Reading) => {
    tally.count++;
    tally.sequences += reading.sequence;
    tally.values += reading.value;
  };
  return new Promise((resolve, reject) => {
    const receive = (message: Reading | Reading[]) => {
      if (Array.isArray(message)) for (const reading of message) add(reading);
      else add(message);
      if (tally.count < order.readings) return;
      worker.off('message', receive).off('error', reject);
      try {
        checkTally(tally, tallyOf(0, order.readings));
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    worker.on('message', receive).on('error', reject);
    worker.postMessage(order);
  });
}
