// A thread that appends events at a fixed rate, their event time going on with the clock.

import { parentPort, workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from 'lite-streams';
import { nowUs } from '../latency/clock.ts';
import { type PacedWindowsOrder, PER_MS, SENSORS } from '../latency/paced-windows.ts';
import { READING_BYTES, SENSOR_AT } from '../throughput/reading.ts';

const port = parentPort;
if (port === null) throw new Error('threads/paced-window-producer.ts runs as a worker thread');
const topic = attach((workerData as { engine: EngineDescriptor }).engine).topic('paced');
const value = new Uint8Array(READING_BYTES);
const integers = new Int32Array(value.buffer);

port.on('message', ({ startUs, fromMs, durationMs }: PacedWindowsOrder) => {
  for (let sequence = 0; sequence < durationMs * PER_MS; sequence++) {
    const dueUs = startUs + (sequence * 1000) / PER_MS;
    while (nowUs() < dueUs);
    integers[SENSOR_AT >> 2] = sequence % SENSORS;
    const timestamp = fromMs + Math.floor(sequence / PER_MS);
    while (topic.tryAppend({ value, timestamp }) < 0);
  }
});
port.postMessage('ready');
