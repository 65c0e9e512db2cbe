import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
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
