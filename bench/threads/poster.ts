// A thread that posts readings to its parent, as the peers' benches do.

import { parentPort } from 'node:worker_threads';
import type { PostOrder } from '../peers/post-message.ts';
import { type Reading, readingOf, SENSORS } from '../throughput/reading.ts';

const port = parentPort;
if (port === null) throw new Error('threads/poster.ts runs as a worker thread');

port.on('message', ({ readings, perMessage }: PostOrder) => {
  if (perMessage === 0) {
    for (let sequence = 0; sequence < readings; sequence++) port.postMessage(reading(sequence));
    return;
  }
  for (let first = 0; first < readings; first += perMessage) {
    const length = Math.min(perMessage, readings - first);
    port.postMessage(Array.from({ length }, (_, index) => reading(first + index)));
  }
});

function reading(sequence: number): Reading {
  return { sensor: sequence % SENSORS, sequence, value: readingOf(sequence) };
}
