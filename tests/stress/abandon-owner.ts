// The owner of a topic's shards, until it is killed.
import { parentPort, workerData } from 'node:worker_threads';
import { Topic } from '@lite-streams/core';
import { ShardOwner } from '@lite-streams/core/internal';
import type { OwnerTask } from './abandon.ts';
import { pauseIn } from './paused-kernel.ts';

const PAUSE_MS = 1;

const task: OwnerTask = workerData;
const topic = Topic.attach(task.topic, { thread: task.thread });
for (const shard of topic.shards) pauseIn(shard, task.kernel);
const owners = topic.shards.map(shard => new ShardOwner(shard, task.thread));

function step(): void {
  let wake = 0;
  for (const owner of owners) wake |= owner.step(Date.now());
  if (wake > 0) topic.bell.ring();
}

function exited(thread: number): void {
  for (const owner of owners) owner.threadExited(thread);
  step();
  // For what it did before it died, and did not come to tell.
  topic.bell.ring();
}

for (const thread of task.exited) exited(thread);
parentPort?.on('message', exited);
setInterval(step, PAUSE_MS);
