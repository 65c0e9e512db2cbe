// A producer that appends as fast as it can until it is told to stop, or killed.
import { workerData } from 'node:worker_threads';
import { Topic } from '@lite-streams/core';
import type { AbandonTask } from './abandon.ts';
import { pauseIn } from './paused-kernel.ts';
import { PayloadWriter } from './payload.ts';

const task: AbandonTask = workerData;
const topic = Topic.attach(task.topic, { thread: task.thread });
if (task.kernel !== undefined) for (const shard of topic.shards) pauseIn(shard, task.kernel);
const producer = topic.producer({ batchRecords: task.batchRecords });
const payload = new PayloadWriter();
const words = new Int32Array(task.progress);
const round = task.batchRecords * topic.shardCount;

let sent = 0;
while (Atomics.load(words, 1) === 0) {
  for (let i = 0; i < round; i++, sent++) {
    const value = payload.write(task.thread, sent);
    producer.sendSync({ value, shard: sent % topic.shardCount, timestamp: sent });
  }
  producer.flushSync();
  Atomics.store(words, 0, sent);
}
producer.closeSync();
topic.close();
