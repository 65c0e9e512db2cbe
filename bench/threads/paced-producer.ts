// A thread that appends records at a fixed rate, each carrying the time at which it was due: whatever
// holds the thread up counts against the records that it delays.

import { parentPort, workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from 'lite-streams';
import { nowUs } from '../latency/clock.ts';
import { END_OF_PASS, SEQUENCE_AT, VALUE_AT } from '../throughput/reading.ts';

/** What it is told. */
export interface PacedOrder {
  readonly records: number;
  readonly perSecond: number;
}

const port = parentPort;
if (port === null) throw new Error('threads/paced-producer.ts runs as a worker thread');
const topic = attach((workerData as { engine: EngineDescriptor }).engine).topic('due');
const value = new Uint8Array(16);
const integers = new Int32Array(value.buffer);
const doubles = new Float64Array(value.buffer);

port.on('message', ({ records, perSecond }: PacedOrder) => {
  const everyUs = 1e6 / perSecond;
  const startUs = nowUs();
  for (let sequence = 0; sequence < records; sequence++) {
    const dueUs = startUs + sequence * everyUs;
    while (nowUs() < dueUs);
    append(sequence, dueUs, undefined);
  }
  append(END_OF_PASS, 0, 0);
});
port.postMessage('ready');

function append(sequence: number, dueUs: number, shard: number | undefined): void {
  integers[SEQUENCE_AT >> 2] = sequence;
  doubles[VALUE_AT >> 3] = dueUs;
  // A full shard is delay like any other: the record was due when it was due.
  while (topic.tryAppend({ value, timestamp: Date.now(), shard }) < 0);
}
