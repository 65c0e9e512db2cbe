// A thread that makes its share of the events beforehand, as bytes, and replays them when it is told.

import { parentPort, workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor, type Producer } from 'lite-streams';
import { encoded } from '../encoded.ts';
import { Generator, type Kind } from '../generator/generator.ts';
import { nexmarkSettings } from '../settings.ts';
import { KINDS, TOPIC_OF } from '../topics.ts';

/** What the thread is made with: it sends every `producers`-th event, from `index` on. */
export interface EventProducerData {
  readonly index: number;
  readonly producers: number;
}

/** What it is told; it answers each with a message. */
export type EventOrder =
  | { readonly kind: 'prepare'; readonly from: number; readonly to: number }
  | { readonly kind: 'replay'; readonly end: boolean };

const port = parentPort;
if (port === null) throw new Error('event-producer.ts runs as a worker thread');
const { engine, index, producers } = workerData as EventProducerData & { engine: EngineDescriptor };
const events = new Generator(nexmarkSettings().generator);
const attached = attach(engine);
const senders = KINDS.map(kind => attached.topic(TOPIC_OF[kind]).producer());

/** The largest value. */
const VALUE_BYTES = 4096;
/** After so many events whatever waits in a batch goes out: rare kinds are not held back for long. */
const FLUSH_EVENTS = 4096;
const FIRST_BYTES = 16 * 1024 * 1024;

/** Event after event; the first bytes are those of the value that is being sent. */
let bytes = new Uint8Array(FIRST_BYTES);
let used = VALUE_BYTES;
let count = 0;
let starts = new Int32Array(0);
let times = new Float64Array(0);
let kinds = new Uint8Array(0);
/** Views of the first bytes, by length: making one for each event would cost more than sending it. */
let values = viewsOf(bytes);

port.on('message', (order: EventOrder) => {
  if (order.kind === 'prepare') prepare(order.from, order.to);
  else replay(order.end);
  port.postMessage('done');
});
port.postMessage('ready');

function prepare(from: number, to: number): void {
  used = VALUE_BYTES;
  count = 0;
  const most = Math.ceil((to - from) / producers) + 1;
  if (kinds.length < most) {
    starts = new Int32Array(most + 1);
    times = new Float64Array(most);
    kinds = new Uint8Array(most);
  }
  const first = from + ((index - (from % producers) + producers) % producers);
  for (let position = first; position < to; position += producers) keep(events.numberAt(position));
  starts[count] = used;
}

function keep(n: number): void {
  const kind = events.kindOf(n);
  const value = encoded(events, kind, n);
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  if (used + length > bytes.length) {
    const larger = new Uint8Array(bytes.length * 2);
    larger.set(bytes);
    bytes = larger;
    values = viewsOf(bytes);
  }
  starts[count] = used;
  times[count] = events.timeOf(n);
  kinds[count++] = KINDS.indexOf(kind as Kind);
  if (typeof value === 'string') Buffer.from(bytes.buffer).write(value, used);
  else bytes.set(value, used);
  used += length;
}

function replay(end: boolean): void {
  const [first, second, third] = senders;
  for (let i = 0; i < count; i++) {
    const start = starts[i];
    const length = starts[i + 1] - start;
    bytes.copyWithin(0, start, start + length);
    const record = { value: values[length], timestamp: times[i] };
    const kind = kinds[i];
    if (kind === 0) first.sendSync(record);
    else if (kind === 1) second.sendSync(record);
    else third.sendSync(record);
    if (i % FLUSH_EVENTS === 0) flush();
  }
  flush();
  if (end) for (const sender of senders) sender.closeSync();
}

function flush(): void {
  for (const sender of senders as Producer[]) sender.flushSync();
}

function viewsOf(of: Uint8Array): Uint8Array[] {
  return Array.from({ length: VALUE_BYTES + 1 }, (_, length) => of.subarray(0, length));
}
