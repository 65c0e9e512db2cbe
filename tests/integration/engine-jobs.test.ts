import { once } from 'node:events';
import type { Topic } from '@lite-streams/core';
import { type DeadLettersFound, Engine } from '@lite-streams/workers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const copy = new URL('./engine/pipeline-copy.ts', import.meta.url);
const count = new URL('./engine/pipeline-count.ts', import.meta.url);
const back = new URL('./engine/pipeline-back.ts', import.meta.url);

let engine: Engine;
beforeEach(async () => {
  engine = await Engine.start({ processors: 2, shards: 3, userRetries: 1 });
});
afterEach(() => engine.stop());

function values(topic: Topic): string[] {
  const found: string[] = [];
  const consumer = topic.consume({ group: 'values' });
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    for (const { text } of batch) found.push(text);
  }
  consumer.close();
  return found.sort();
}

describe('a job', () => {
  test('that reads what another one writes has all of it when the engine has stopped', async () => {
    await engine.run(new URL('./engine/pipeline-further.ts', import.meta.url));
    await engine.run(copy);
    const producer = engine.topic('in').producer();
    for (let i = 0; i < 3_000; i++) await producer.send({ key: String(i), value: String(i) });
    const further = engine.topic('further').consume({ group: 'last' });
    await engine.stop();
    let read = 0;
    for await (const batch of further) read += batch.length;
    expect(read).toBe(3_000);
  });

  test('says which producer an open window waits for', async () => {
    const job = await engine.run(new URL('../../examples/shop/pipeline.ts', import.meta.url));
    const topics = job.sources.map(name => engine.topic(name));
    const [web, store] = topics.map(topic => topic.producer());
    const order = { id: 'o', product: 'tea', cents: 1 };
    await web.send({ value: JSON.stringify({ ...order, at: 100_000 }), shard: 0 });
    await store.send({ value: JSON.stringify({ ...order, at: 40_000 }), shard: 0 });
    // In every shard, also those without records.
    web.watermark(200_000);
    store.watermark(50_000);
    await job.caughtUp();
    const [held] = job.why('minutes');
    expect(held).toMatchObject({
      step: 'minutes',
      by: `producer ${store.id} on shard 0 of "store-orders"`,
    });
    expect(job.explain({ format: 'mermaid' })).toMatch(/^flowchart LR/);
    await Promise.all([web.close(), store.close()]);
    for (const topic of topics) topic.end();
    await job.drained();
    expect(job.why()).toEqual([]);
  });

  test('catches up, goes on, drains when its topic ends, and says how it stands', async () => {
    const input = engine.topic('in');
    const job = await engine.run(copy);
    expect(job).toMatchObject({ name: 'copy', state: 'running', sources: ['in'] });
    expect(job.outputs).toEqual(['out', 'copy.dead-letters']);
    expect(job.explain()).toContain('topic "in"');
    expect(engine.jobs()).toEqual([job]);
    for (let i = 0; i < 100; i++) input.append({ key: String(i), value: `first ${i}` });
    await job.caughtUp();
    expect(values(engine.topic('out'))).toHaveLength(100);
    for (let i = 0; i < 50; i++) input.append({ key: String(i), value: `second ${i}` });
    input.end();
    const told = once(engine.events, 'job-drained');
    await job.drained();
    await job.ended;
    expect((await told)[0]).toEqual({ job: 'copy' });
    expect(values(engine.topic('out'))).toHaveLength(50);
    expect(job.stats()).toMatchObject({ state: 'drained', in: 150, out: 150, restarts: 0, lag: 0 });
    expect(job.stats().tasks).toHaveLength(3);
    expect(engine.jobs()).toEqual([]);
    await job.caughtUp();
    await job.stop();
  });

  test('with state gives every result once its topic has ended', async () => {
    const input = engine.topic('in');
    const job = await engine.run(count);
    const producer = input.producer();
    for (let i = 0; i < 3_000; i++) {
      await producer.send({ key: `k${i % 3}`, value: 'x', timestamp: i });
    }
    await producer.close();
    input.end();
    await job.drained();
    const counts = values(engine.topic('counts'));
    expect(counts).toHaveLength(9);
    expect(counts.reduce((sum, one) => sum + Number(one), 0)).toBe(3_000);
  });

  test('that is stopped ends its group, so that nothing holds producers back', async () => {
    const input = engine.topic('in');
    const job = await engine.run(copy);
    expect(input.groups().map(({ name }) => name)).toEqual(['pipeline/copy']);
    await Promise.all([job.stop(), job.stop()]);
    expect(job.state).toBe('stopped');
    expect(input.groups()).toEqual([]);
    await expect(job.drained()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(job.caughtUp()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('goes on where it stood when its group was kept', async () => {
    const input = engine.topic('in');
    input.append({ value: 'before' });
    const first = await engine.run(copy, { keepGroup: true });
    await first.caughtUp();
    await first.stop();
    expect(input.groups()).toHaveLength(1);
    input.append({ value: 'after' });
    const second = await engine.run(copy);
    await second.caughtUp();
    expect(second.stats().in).toBe(1);
    expect(values(engine.topic('out'))).toEqual(['after', 'before']);
  });

  test('a wait for it ends by its signal, and the job goes on', async () => {
    const job = await engine.run(copy);
    const controller = new AbortController();
    const waiting = job.drained({ signal: controller.signal });
    controller.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(job.state).toBe('running');
  });

  test('that is given up while it starts never runs', async () => {
    const controller = new AbortController();
    const starting = engine.run(copy, { signal: controller.signal });
    controller.abort('enough');
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    // By then its processors have been told to end it, in this order.
    const job = await engine.run(copy, { name: 'after it', signal: new AbortController().signal });
    expect(engine.jobs()).toEqual([job]);
    expect(
      engine
        .topic('in')
        .groups()
        .map(({ name }) => name),
    ).toEqual(['pipeline/after it']);
  });

  test('may run under another name beside itself', async () => {
    const input = engine.topic('in');
    const jobs = [await engine.run(copy), await engine.run(copy, { name: 'second' })];
    expect(jobs.map(({ name }) => name)).toEqual(['copy', 'second']);
    input.append({ value: 'x' });
    await Promise.all(jobs.map(job => job.caughtUp()));
    expect(values(engine.topic('out'))).toEqual(['x', 'x']);
  });

  test('whose watermark is held by one producer says so, if any step of it waits for time', async () => {
    await engine.stop();
    engine = await Engine.start({ processors: 1, shards: 1, idleWarnMs: 50 });
    const input = engine.topic('in');
    const [slow, fast] = [input.producer(), input.producer()];
    await engine.run(copy);
    await engine.run(count);
    const warned = once(engine.events, 'warning');
    await slow.send({ key: 'a', value: 'x', timestamp: 0 });
    await fast.send({ key: 'b', value: 'x', timestamp: 10_000 });
    const [{ job: name, message }] = await warned;
    expect(name).toBe('count');
    expect(message).toContain('held by producer 1 on shard 0');
    await Promise.all([slow.close(), fast.close()]);
  });

  test('whose output nobody reads says so', async () => {
    await engine.stop();
    engine = await Engine.start({ processors: 1, shards: 1, slots: 64, idleWarnMs: 50 });
    engine.topic('out').createGroup('nobody');
    const job = await engine.run(copy);
    const producer = engine.topic('in').producer();
    for (let i = 0; i < 200; i++) void producer.send({ value: 'x' });
    const warned = once(engine.events, 'warning');
    const [{ job: name, message }] = await warned;
    expect(name).toBe('copy');
    expect(message).toContain('"nobody" of the topic "out"');
    engine.topic('out').deleteGroup('nobody');
    await producer.close();
    await job.caughtUp();
    expect(job.stats()).toMatchObject({ in: 200, out: 200 });
  });
});

describe('a record that user code refuses', () => {
  test('ends as a dead letter with its cause and where it came from', async () => {
    const input = engine.topic('in');
    const job = await engine.run(copy);
    input.append({ key: 'a', value: 'fine' });
    const offset = input.append({ key: 'b', value: 'throw', headers: { from: 'test' } });
    await job.caughtUp();
    expect(values(engine.topic('out'))).toEqual(['fine']);
    const [letter] = engine.topic('copy.dead-letters').latest({ key: 'b' }).copy();
    expect(letter.headers).toMatchObject({
      from: 'test',
      'error.pipeline': 'copy',
      'error.message': 'RangeError: asked to throw',
      'origin.topic': 'in',
      'origin.shard': String(input.shardOf('b')),
      'origin.offset': String(offset),
    });
    expect(job.stats()).toMatchObject({ in: 2, out: 1, deadLetters: 1 });
  });

  test('is told of: the first, and ten times as many', async () => {
    await using other = await Engine.start({ shards: 1, processors: 1, idleWarnMs: 40 });
    const input = other.topic('in');
    const told: DeadLettersFound[] = [];
    other.events.on('dead-letters', found => told.push(found));
    const job = await other.run(copy);
    input.append({ key: 'b', value: 'throw' });
    await expect.poll(() => told.length).toBe(1);
    expect(told[0]).toEqual({
      job: 'copy',
      topic: 'copy.dead-letters',
      count: 1,
      step: 'map-1',
      error: 'RangeError: asked to throw',
      message:
        'Pipeline "copy": 1 so far went to the dead letters, "copy.dead-letters"; one was refused in ' +
        'map-1: RangeError: asked to throw.',
    });
    for (let i = 0; i < 9; i++) input.append({ key: 'b', value: 'throw' });
    input.end();
    await job.drained();
    expect(told.map(({ count }) => count)).toEqual([1, 10]);
  });

  test('is told of when the engine stops, if not before', async () => {
    const other = await Engine.start({ shards: 1, processors: 1, idleWarnMs: 60_000 });
    const told = once(other.events, 'dead-letters');
    const job = await other.run(copy);
    other.topic('in').append({ value: 'throw' });
    await job.caughtUp();
    await other.stop();
    expect((await told)[0]).toMatchObject({ count: 1, error: 'RangeError: asked to throw' });
  });
});

describe('a pipeline that cannot run', () => {
  const missing = new URL('./engine/missing.ts', import.meta.url);
  test.each([
    ['does not exist', missing, 'MODULE_NOT_LOADED', 'missing.ts'],
    ['does not parse', 'data:text/javascript,export default (', 'MODULE_NOT_LOADED', 'SyntaxError'],
    [
      'throws on load',
      'data:text/javascript,throw new RangeError("no")',
      'MODULE_NOT_LOADED',
      'RangeError: no',
    ],
    [
      'has no default export',
      'data:text/javascript,export const a = 1',
      'MODULE_NO_DEFAULT',
      'data:',
    ],
    [
      'exports something else',
      'data:text/javascript,export default 1',
      'MODULE_NO_DEFAULT',
      'data:',
    ],
    [
      'ends its thread',
      'data:text/javascript,process.exit(1)',
      'THREAD_FAILED',
      'died while they imported',
    ],
  ])('because its module %s', async (_what, module, code, named) => {
    const running = engine.run(module);
    await expect(running).rejects.toMatchObject({ code, message: expect.stringContaining(named) });
    expect(engine.jobs()).toEqual([]);
    expect(engine.topics()).toEqual([]);
    // Nothing is left of it: another one runs on the same processors.
    const job = await engine.run(copy);
    engine.topic('in').append({ value: 'x' });
    await job.caughtUp();
    expect(job.stats().out).toBe(1);
  });

  test('because one of its name runs', async () => {
    const job = await engine.run(copy);
    await expect(engine.run(copy)).rejects.toMatchObject({ code: 'PIPELINE_RUNNING' });
    await job.stop();
    await engine.run(copy);
  });

  test('because it would close a cycle of lossless topics', async () => {
    await engine.run(copy);
    await expect(engine.run(back)).rejects.toMatchObject({
      code: 'PIPELINE_CYCLE',
      message: expect.stringContaining('in'),
    });
    expect(engine.topic('out').groups()).toEqual([]);
  });

  test('because its topic has as many groups as it can', async () => {
    const input = engine.topic('in', { maxGroups: 1 });
    input.createGroup('only');
    await expect(engine.run(copy)).rejects.toMatchObject({ code: 'TOO_MANY_GROUPS' });
    input.deleteGroup('only');
    await engine.run(copy);
  });

  test('any longer, because its output has ended', async () => {
    const job = await engine.run(copy);
    const failed = once(engine.events, 'job-failed');
    engine.topic('out').end();
    engine.topic('in').append({ value: 'x' });
    await expect(job.caughtUp()).rejects.toMatchObject({ code: 'TOPIC_ENDED' });
    expect((await failed)[0]).toMatchObject({ job: 'copy', error: { code: 'TOPIC_ENDED' } });
    expect(job).toMatchObject({ state: 'failed', failure: { code: 'TOPIC_ENDED' } });
    await expect(job.ended).rejects.toBe(job.failure);
    expect(engine.topic('in').groups()).toEqual([]);
  });
});
