import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Topic } from '@lite-streams/core';
import { attach, Engine, type EngineDescriptor, type EngineEvents } from '@lite-streams/workers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Task } from './engine/user-thread.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start({ processors: 1, shards: 4 });
});
afterAll(() => engine.stop());

function start(task: Task): Worker {
  const url = new URL('./engine/user-thread.ts', import.meta.url);
  return new Worker(url, engine.threadOptions({ workerData: { task } }));
}

/** The exits that the engine tells from now on. */
function exitsSeen(): EngineEvents['thread-exited'][0][] {
  const seen: EngineEvents['thread-exited'][0][] = [];
  engine.events.on('thread-exited', exit => seen.push(exit));
  return seen;
}

function numbers(topic: Topic): number[] {
  const found: number[] = [];
  const consumer = topic.consume({ group: 'numbers' });
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    for (const { key } of batch) found.push(Number(key));
  }
  consumer.close();
  return found.sort((a, b) => a - b);
}

test('threads of the user append to one topic, each in its own order', async () => {
  const topic = engine.topic('appended');
  const threads = [0, 1_000, 2_000].map(from =>
    start({ do: 'append', topic: 'appended', from, count: 1_000 }),
  );
  await Promise.all(threads.map(thread => once(thread, 'exit')));
  expect(numbers(topic)).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
});

test('members on several threads read each record once', async () => {
  const topic = engine.topic('shared');
  topic.createGroup('team');
  const threads = [1, 2].map(() => start({ do: 'consume', topic: 'shared', group: 'team' }));
  const seen: number[] = [];
  const ended = threads.map(async thread => {
    thread.on('message', message => {
      if (Array.isArray(message)) seen.push(...message);
    });
    await once(thread, 'exit');
  });
  await vi.waitFor(() => expect(topic.groups()[0].members).toHaveLength(2), { timeout: 20_000 });
  for (let i = 0; i < 1_000; i++) topic.append({ key: String(i) });
  topic.end();
  await Promise.all(ended);
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
});

test('a topic that was made after a thread attached is found, an unknown one is named', async () => {
  const thread = start({ do: 'topics' });
  await once(thread, 'message');
  engine.topic('made later');
  thread.postMessage('made later');
  expect(await once(thread, 'message')).toEqual(['made later']);
  thread.postMessage('never made');
  expect(await once(thread, 'message')).toEqual(['UNKNOWN_TOPIC']);
  await thread.terminate();
});

test.each(['terminate', 'main thread busy'])(
  'the producer of a thread that dies is ended: %s',
  async how => {
    const topic = engine.topic(`held ${how}`);
    const thread = start({ do: 'hold', topic: topic.name });
    await once(thread, 'message');
    const open = () => topic.stats().reduce((sum, { openProducers }) => sum + openProducers, 0);
    expect(open()).toBe(topic.shardCount);
    const exits = exitsSeen();
    const terminated = thread.terminate();
    if (how === 'terminate') await vi.waitFor(() => expect(open()).toBe(0), { timeout: 20_000 });
    // Nothing that needs this thread's event loop can run meanwhile.
    const deadline = performance.now() + 20_000;
    while (open() > 0 && performance.now() < deadline);
    expect(open()).toBe(0);
    await terminated;
    await vi.waitFor(
      () => expect(exits).toContainEqual(expect.objectContaining({ role: 'attached' })),
      {
        timeout: 20_000,
      },
    );
  },
);

test('what a dead member had not committed is read by the others', async () => {
  const topic = engine.topic('taken over');
  for (let i = 0; i < 100; i++) topic.append({ key: String(i) });
  const first = start({ do: 'consume', topic: topic.name, group: 'team' });
  let read = 0;
  first.on('message', (keys: number[]) => {
    read += keys.length;
  });
  // It holds its last batch uncommitted, waiting for the next one.
  await vi.waitFor(() => expect(read).toBe(100), { timeout: 20_000 });
  await first.terminate();
  await vi.waitFor(() => expect(topic.groups()[0].members).toEqual([]), { timeout: 20_000 });
  const lag = topic.lag('team');
  topic.end();
  let again = 0;
  for await (const batch of topic.consume({ group: 'team' })) again += batch.length;
  expect(again).toBe(lag);
});

test('an attached engine has one handle per topic and closes them', async () => {
  const descriptor: EngineDescriptor = engine.descriptor();
  const attached = attach(descriptor);
  engine.topic('seen from both');
  const topic = attached.topic('seen from both');
  expect(attached.topic('seen from both')).toBe(topic);
  expect(attached.topics()).toContain('seen from both');
  topic.append({ key: 'a', value: 'x' });
  expect(engine.topic('seen from both').latest({ key: 'a' }).length).toBe(1);
  attached.close();
  expect(() => topic.append({ value: 'y' })).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  const exits = exitsSeen();
  descriptor.port.close();
  // Threads of the tests before may still be told as well.
  await vi.waitFor(
    () => expect(exits).toContainEqual({ role: 'attached', thread: descriptor.thread }),
    { timeout: 20_000 },
  );
});

test('memory of another version is refused', () => {
  const descriptor = engine.descriptor();
  const control = descriptor.control.slice(0);
  new Int32Array(control)[1]++;
  expect(() => attach({ ...descriptor, control })).toThrow(
    expect.objectContaining({ code: 'LAYOUT_MISMATCH' }),
  );
  descriptor.port.close();
});
