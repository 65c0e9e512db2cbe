import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { scratch } from '../memory/scratch.ts';
import { Topic } from './topic.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function memoryOfForgottenTopic(): WeakRef<WebAssembly.Memory> {
  const topic = Topic.create('forgotten', { shards: 1, slots: 16, shardBytes: 4096 });
  topic.append({ key: 'k', value: 'v' });
  return new WeakRef(topic.shards[0].memory);
}

test('a topic that was appended to and never closed is garbage like anything else', async () => {
  const memory = memoryOfForgottenTopic();
  // One turn of the event loop for the handle's finalizer, one for the memory.
  for (let turns = 0; memory.deref() !== undefined && turns < 100; turns++) {
    await setImmediate();
    collect();
  }
  expect(memory.deref()).toBeUndefined();
});

/** Where the first free piece of this thread's scratch memory lies. */
function firstFree(): number {
  const address = scratch().alloc(8);
  scratch().free(address, 8);
  return address;
}

function makeProducers(): void {
  for (let i = 0; i < 10; i++) {
    const topic = Topic.create('forgotten', { shards: 2, slots: 16, shardBytes: 4096 });
    topic.producer().offer({ key: 'k', value: 'v' });
    topic.append({ value: 'v' });
    topic.latest({ shard: 0 });
  }
}

test('nor is what producers and handles encode in kept when they are forgotten with their topic', async () => {
  const before = firstFree();
  makeProducers();
  expect(firstFree()).toBeGreaterThan(before);
  for (let turns = 0; firstFree() > before && turns < 100; turns++) {
    await setImmediate();
    collect();
  }
  expect(firstFree()).toBeLessThanOrEqual(before);
});
