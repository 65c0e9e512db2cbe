import { once } from 'node:events';
import type { Topic } from '@lite-streams/core';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const copy = new URL('./engine/pipeline-copy.ts', import.meta.url);
const exchange = new URL('./engine/pipeline-exchange.ts', import.meta.url);
const graph = new URL('./engine/pipeline-graph.ts', import.meta.url);
const count = new URL('./engine/pipeline-count.ts', import.meta.url);
const deadly = new URL('./engine/pipeline-deadly.ts', import.meta.url);

let engine: Engine;
beforeEach(async () => {
  engine = await Engine.start({ processors: 2, shards: 4 });
});
afterEach(() => engine.stop());

/** Every value that a group has not seen yet, with how often. */
function values(topic: Topic): Map<string, number> {
  const found = new Map<string, number>();
  const consumer = topic.consume({ group: 'values' });
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    for (const { text } of batch) found.set(text, (found.get(text) ?? 0) + 1);
  }
  consumer.close();
  return found;
}

/** Kills a processor and waits until another one has its place. */
async function killProcessor(index: number): Promise<void> {
  const replaced = once(engine.events, 'thread-replaced');
  killThread(engine, 'processor', index);
  expect((await replaced)[0]).toMatchObject({ role: 'processor' });
}

describe('a processor dies', () => {
  test.each([
    ['tasks side by side', copy],
    ['tasks that channels join', exchange],
    ['tasks of a graph', graph],
  ])('and stateless %s are replayed: nothing is lost', async (_what, module) => {
    const input = engine.topic('in');
    const job = await engine.run(module, { keepGroup: true });
    const producer = input.producer();
    const sent = 20_000;
    const replaced: unknown[] = [];
    engine.events.on('thread-replaced', event => replaced.push(event));
    for (let i = 0; i < sent; i++) {
      await producer.send({ key: String(i), value: String(i) });
      if (i === 5_000) killThread(engine, 'processor', 0);
      if (i === 12_000) killThread(engine, 'processor', 1);
    }
    await producer.close();
    await vi.waitFor(() => expect(replaced).toHaveLength(2), { timeout: 20_000 });
    for (const source of job.sources) engine.topic(source).end();
    await job.drained();
    expect(job.stats().restarts).toBeGreaterThanOrEqual(1);
    const found = values(engine.topic('out'));
    expect(found.size).toBe(sent);
  });

  test('and a pipeline with state stops with STATE_LOST, while others run on', async () => {
    const counting = await engine.run(count);
    const copying = await engine.run(copy);
    const input = engine.topic('in');
    input.append({ key: 'a', value: '1' });
    await Promise.all([counting.caughtUp(), copying.caughtUp()]);
    const failed = once(engine.events, 'job-failed');
    const restarted = once(engine.events, 'job-restarted');
    await killProcessor(1);
    expect((await failed)[0]).toMatchObject({ job: 'count', error: { code: 'STATE_LOST' } });
    expect((await restarted)[0]).toMatchObject({ job: 'copy' });
    await expect(counting.drained()).rejects.toMatchObject({ code: 'STATE_LOST' });
    input.append({ key: 'b', value: '2' });
    await copying.caughtUp();
    expect([...values(engine.topic('out')).keys()].sort()).toEqual(['1', '2']);
    // It can be run again, and nothing of it holds producers back meanwhile.
    expect(input.groups().map(({ name }) => name)).toEqual(['pipeline/copy']);
    await engine.run(count);
  });

  test('after shards have ended: their tasks end again', async () => {
    const input = engine.topic('in');
    const out = engine.topic('out', { slots: 256, shards: 1 });
    out.createGroup('slow');
    const job = await engine.run(copy);
    // All of it goes to one shard and does not fit into the output: the other shards end at once.
    const producer = input.producer();
    for (let i = 0; i < 1_000; i++) producer.sendSync({ value: String(i), shard: 1 });
    await producer.close();
    input.end();
    await vi.waitFor(() => expect(job.stats().tasks.filter(({ done }) => done)).toHaveLength(3), {
      timeout: 20_000,
    });
    await killProcessor(0);
    await killProcessor(1);
    const found = new Set<string>();
    const consumer = out.consume({ group: 'slow' });
    const reading = (async () => {
      for await (const batch of consumer) for (const { text } of batch) found.add(text);
    })();
    await job.drained();
    out.end();
    await reading;
    expect(found.size).toBe(1_000);
  });

  test('again and again at the same record: the pipeline is given up', async () => {
    const job = await engine.run(deadly);
    engine.topic('in').append({ key: 'a', value: 'fine' });
    await job.caughtUp();
    engine.topic('in').append({ key: 'a', value: 'die' });
    await expect(job.drained()).rejects.toMatchObject({
      code: 'THREAD_FAILED',
      message: expect.stringContaining('exited with code: 3'),
    });
    expect(job.stats().restarts).toBeGreaterThanOrEqual(3);
    expect(engine.topic('in').groups()).toEqual([]);
  });

  test('while the main thread is busy: another one takes over, and data flows', async () => {
    const input = engine.topic('in');
    const out = engine.topic('out');
    const job = await engine.run(copy);
    const exited: unknown[] = [];
    engine.events.on('thread-exited', event => exited.push(event));
    const consumer = out.consume({ group: 'main' });
    const seen = new Set<string>();
    const poll = () => {
      for (const { text } of consumer.poll(1) ?? []) seen.add(text);
    };
    killThread(engine, 'processor', 0);
    // From here to the end of the loop nothing that needs this thread's event loop can happen.
    const startMs = performance.now();
    let sent = 0;
    while (performance.now() - startMs < 1_000) {
      if (input.tryAppend({ key: String(sent), value: String(sent) }) >= 0) sent++;
      poll();
    }
    while (seen.size < sent && performance.now() - startMs < 30_000) poll();
    expect(exited).toEqual([]);
    expect(seen.size).toBe(sent);
    consumer.close();
    await vi.waitFor(() => expect(exited).toHaveLength(1), { timeout: 20_000 });
    expect(job.stats().restarts).toBe(1);
  });
});

describe('an owner dies', () => {
  test('and a new one takes its shards over', async () => {
    const topic = engine.topic('in');
    const job = await engine.run(copy);
    const replaced = once(engine.events, 'thread-replaced');
    killThread(engine, 'owner', 0);
    expect((await replaced)[0]).toMatchObject({ role: 'owner' });
    topic.append({ value: 'x' });
    // Ends and their markers are the owner's.
    topic.end();
    await job.drained();
    expect(job.stats().out).toBe(1);
  });

  test('together with a processor: what that one held is repaired by the next', async () => {
    const input = engine.topic('in');
    const job = await engine.run(copy);
    for (let i = 0; i < 1_000; i++) input.append({ key: String(i), value: String(i) });
    killThread(engine, 'processor', 0);
    killThread(engine, 'owner', 0);
    await vi.waitFor(() => expect(job.stats().restarts).toBe(1), { timeout: 20_000 });
    input.end();
    await job.drained();
    const out = engine.topic('out');
    expect(values(out).size).toBe(1_000);
    const open = () => out.stats().reduce((sum, { openProducers }) => sum + openProducers, 0);
    await vi.waitFor(() => expect(open()).toBe(0), { timeout: 20_000 });
  });
});

describe('threads die at random', () => {
  test('and every record comes through at least once', async () => {
    const input = engine.topic('in', { slots: 1_024 });
    const out = engine.topic('out', { slots: 1_024 });
    const job = await engine.run(exchange);
    const seen = new Set<string>();
    const reading = (async () => {
      for await (const batch of out.consume({ group: 'all' })) {
        for (const { text } of batch) seen.add(text);
      }
    })();
    const producer = input.producer();
    let sent = 0;
    for (const [role, index] of [
      ['processor', 0],
      ['owner', 0],
      ['processor', 1],
      ['processor', 0],
      ['owner', 0],
      ['processor', 1],
    ] as const) {
      const replaced = once(engine.events, 'thread-replaced');
      killThread(engine, role, index);
      for (let i = 0; i < 2_000; i++, sent++) {
        await producer.send({ key: String(sent), value: String(sent) });
      }
      await replaced;
    }
    await producer.close();
    input.end();
    await job.drained();
    out.end();
    await reading;
    expect(seen.size).toBe(sent);
  });
});
