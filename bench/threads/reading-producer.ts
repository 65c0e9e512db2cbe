// A thread that sends readings to a topic through the public API, and says with a record to each shard
// where a pass has ended.

import { parentPort, workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from 'lite-streams';
import {
  END_OF_PASS,
  READING_BYTES,
  readingOf,
  SENSOR_AT,
  SENSORS,
  SEQUENCE_AT,
  VALUE_AT,
} from '../throughput/reading.ts';
import { FIRST_TIMESTAMP } from '../workload.ts';

/** What the thread is made with. */
export interface ReadingProducerData {
  readonly topic: string;
  readonly valueBytes: number;
}

/** What it is told: which sequences to send, and whether the pass ends with them. */
export interface SendOrder {
  readonly from: number;
  readonly to: number;
  readonly endOfPass: boolean;
}

const port = parentPort;
if (port === null) throw new Error('threads/reading-producer.ts runs as a worker thread');
const data = workerData as ReadingProducerData & { engine: EngineDescriptor };
const topic = attach(data.engine).topic(data.topic);
const producer = topic.producer();

// One record after another is written here; the producer has copied it when it returns.
const value = new Uint8Array(data.valueBytes);
const integers = new Int32Array(value.buffer);
const doubles = new Float64Array(value.buffer, 0, (VALUE_AT >> 3) + 1);
value.fill(0x5a, READING_BYTES);
const SENSOR_WORD = SENSOR_AT >> 2;
const SEQUENCE_WORD = SEQUENCE_AT >> 2;
const VALUE_WORD = VALUE_AT >> 3;

port.on('message', ({ from, to, endOfPass }: SendOrder) => {
  send(from, to);
  if (endOfPass) {
    integers[SEQUENCE_WORD] = END_OF_PASS;
    for (let shard = 0; shard < topic.shardCount; shard++) {
      producer.sendSync({ value, shard, timestamp: timestampOf(to) });
    }
  }
  producer.flushSync();
  port.postMessage('sent');
});
port.postMessage('ready');

function send(from: number, to: number): void {
  for (let sequence = from; sequence < to; sequence++) {
    integers[SENSOR_WORD] = sequence % SENSORS;
    integers[SEQUENCE_WORD] = sequence;
    doubles[VALUE_WORD] = readingOf(sequence);
    producer.sendSync({ value, timestamp: timestampOf(sequence) });
  }
}

function timestampOf(sequence: number): number {
  return FIRST_TIMESTAMP + (sequence >> 10);
}
