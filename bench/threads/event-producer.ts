// A thread that sends keyed events to a topic through the public API, a number of seconds of event
// time at a time.

import { parentPort, workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from 'lite-streams';
import {
  CLOSER,
  EVENTS_PER_SECOND,
  KEY_NAMES,
  keyIndexOf,
  timestampOf,
} from '../throughput/events.ts';
import { FIRST_TIMESTAMP } from '../workload.ts';

/** What it is told: which seconds of event time to send. */
export interface EventOrder {
  readonly fromSecond: number;
  readonly toSecond: number;
}

const port = parentPort;
if (port === null) throw new Error('threads/event-producer.ts runs as a worker thread');
const topic = attach((workerData as { engine: EngineDescriptor }).engine).topic('events');
const producer = topic.producer();
const value = new Uint8Array(16);
const sequenceWord = new Int32Array(value.buffer, 4, 1);

port.on('message', ({ fromSecond, toSecond }: EventOrder) => {
  const to = toSecond * EVENTS_PER_SECOND;
  for (let sequence = fromSecond * EVENTS_PER_SECOND; sequence < to; sequence++) {
    sequenceWord[0] = sequence;
    producer.sendSync({
      key: KEY_NAMES[keyIndexOf(sequence)],
      value,
      timestamp: FIRST_TIMESTAMP + timestampOf(sequence),
    });
  }
  // A record of the next second in every shard: time has come past the last window everywhere.
  const timestamp = FIRST_TIMESTAMP + toSecond * 1000;
  for (let shard = 0; shard < topic.shardCount; shard++) {
    producer.sendSync({ key: CLOSER, shard, timestamp });
  }
  producer.flushSync();
  port.postMessage('sent');
});
port.postMessage('ready');
