// A producer thread of the soak: appends numbered records as fast as it may, until it is told to stop, or killed.
import { workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from '@lite-streams/workers';
import { SOAK_WORDS, type SoakTask } from './task.ts';

const BATCH = 256;
const LOOK_MS = 50;

const { engine, task }: { engine: EngineDescriptor; task: SoakTask } = workerData;
const topic = attach(engine).topic(task.topic);
const producer = topic.producer();
const words = new Int32Array(task.words);
const { shardCount } = topic;
const filling = 'x'.repeat(80);

let sent = 0;
while (Atomics.load(words, SOAK_WORDS.stop) === 0) {
  const allowed = Atomics.load(words, SOAK_WORDS.allowed);
  if (sent + BATCH > allowed) {
    Atomics.wait(words, SOAK_WORDS.allowed, allowed, LOOK_MS);
    continue;
  }
  for (let i = 0; i < BATCH; i++, sent++) {
    producer.sendSync({ value: `${task.id}:${sent}:${filling}`, shard: sent % shardCount });
  }
  producer.flushSync();
  Atomics.store(words, SOAK_WORDS.acknowledged, sent);
}
producer.closeSync();
