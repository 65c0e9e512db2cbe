// A producer thread of the kill proof: appends numbered records until it is told to stop, or killed.
import { workerData } from 'node:worker_threads';
import { attach, type EngineDescriptor } from '@lite-streams/workers';

export interface ProducerTask {
  /** Names this producer; none before has had it. */
  readonly id: number;
  /** Word 0: how many records are certainly in the log; word 1: not 0 once it has to stop. */
  readonly progress: SharedArrayBuffer;
}

const BATCH = 64;
const PAUSE_MS = 4;

const { engine, task }: { engine: EngineDescriptor; task: ProducerTask } = workerData;
const topic = attach(engine).topic('in');
const producer = topic.producer();
const words = new Int32Array(task.progress);
const { shardCount } = topic;

let sent = 0;
while (Atomics.load(words, 1) === 0) {
  for (let i = 0; i < BATCH; i++, sent++) {
    producer.sendSync({ value: `${task.id}:${sent}`, shard: sent % shardCount });
  }
  producer.flushSync();
  Atomics.store(words, 0, sent);
  Atomics.wait(words, 1, 0, PAUSE_MS);
}
producer.closeSync();
