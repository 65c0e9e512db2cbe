import { channel } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Engine, type EngineOptions, type SlowCall } from '@lite-streams/workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ScratchDirectory } from './durability/scratch-directory.ts';

const slow = new URL('./engine/pipeline-slow.ts', import.meta.url);
const keyed = new URL('./engine/pipeline-slow-keyed.ts', import.meta.url);
const asynchronous = new URL('./engine/pipeline-slow-async.ts', import.meta.url);

const SLOW_MS = 200;
const TIMEOUT = { timeout: 20_000 };

let gates: ScratchDirectory;
let engine: Engine;
let told: SlowCall[];

async function start(options: EngineOptions): Promise<void> {
  engine = await Engine.start({ slowCallMs: SLOW_MS, stopTimeoutMs: 2_000, ...options });
  engine.events.on('slow-call', call => told.push(call));
}

beforeEach(() => {
  gates = new ScratchDirectory();
  process.env.GATES = gates.path;
  told = [];
});
afterEach(async () => {
  await engine.stop();
  gates[Symbol.dispose]();
});

const open = (gate: string) => writeFileSync(`${gates.path}/${gate}`, '');
const append = (value: string, shard = 0) =>
  engine.topic('in').append({ key: value, value, shard });
const firstTold = () => vi.waitFor(() => expect(told).toHaveLength(1), TIMEOUT);

describe('user code that does not return', () => {
  test('is told of with its record while other processors go on, then once more, and ends nothing', async () => {
    await start({ processors: 2, shards: 2 });
    const job = await engine.run(slow);
    const published: unknown[] = [];
    channel('lite-streams:slow-call').subscribe(call => published.push(call));
    await job.caughtUp();
    for (let i = 0; i < 10; i++) append(`before ${i}`, 1);
    const fromMs = Date.now();
    const offset = append('map first', 1);
    append('after', 1);
    await firstTold();
    const [call] = told;
    const [task] = job.stats().tasks.filter(({ slowCall }) => slowCall !== undefined);
    expect(task).toMatchObject({ stage: 0, index: 1, slowCall: { offset, sinceMs: call.sinceMs } });
    const place = { during: 'record', step: undefined, topic: 'in', shard: 1, offset };
    const { processor } = task;
    expect(call).toMatchObject({ job: 'slow', task: task.task, stage: 0, processor, ...place });
    expect(call).toMatchObject({ over: false, sinceMs: expect.any(Number) });
    expect(call.sinceMs).toBeGreaterThanOrEqual(fromMs);
    expect(call.sinceMs).toBeLessThanOrEqual(Date.now() - SLOW_MS);
    expect(call.lastedMs).toBeGreaterThanOrEqual(SLOW_MS - 1);
    expect(call.message).toContain(`the record at offset ${offset} of shard 1 of "in"`);
    expect(published).toEqual([call]);
    const held = { step: 'work', stage: 0, task: 1, by: 'user code', sinceMs: call.sinceMs };
    expect(job.why('work')[0]).toMatchObject(held);
    for (let i = 0; i < 100; i++) append(`beside ${i}`, 0);
    const out = engine.topic('out');
    const written = () => out.shards.reduce((sum, shard) => sum + shard.published(), 0);
    await vi.waitFor(() => expect(written()).toBeGreaterThanOrEqual(100), TIMEOUT);
    open('first');
    await vi.waitFor(() => expect(told).toHaveLength(2), TIMEOUT);
    expect(told[1]).toMatchObject({ ...place, sinceMs: call.sinceMs, over: true });
    expect(told[1].lastedMs).toBeGreaterThan(call.lastedMs);
    await job.caughtUp();
    expect(job.stats()).toMatchObject({ in: 112, out: 112, restarts: 0 });
    expect(job.stats().tasks.every(({ slowCall }) => slowCall === undefined)).toBe(true);
    expect(job.why('work').filter(({ by }) => by === 'user code')).toEqual([]);
  });

  test.each([1, 2])(
    'behind an exchange, on %i processors, is told of with the source record',
    async processors => {
      await start({ processors, shards: 2 });
      const job = await engine.run(keyed);
      for (let i = 0; i < 100; i++) append(`before ${i}`, i % 2);
      const offset = append('map first', 1);
      for (let i = 0; i < 100; i++) append(`after ${i}`, i % 2);
      await firstTold();
      expect(told[0]).toMatchObject({ job: 'slow-keyed', stage: 1, topic: 'in', shard: 1, offset });
      expect(job.why('work')[0]).toMatchObject({ stage: 1, by: 'user code' });
      open('first');
      await job.caughtUp();
      await vi.waitFor(() => expect(told).toHaveLength(2), TIMEOUT);
      expect(told[1]).toMatchObject({ stage: 1, offset, over: true });
      expect(job.stats()).toMatchObject({ in: 201, out: 201, restarts: 0 });
    },
  );

  test('is noticed while the main thread is busy, which can ask at any time', async () => {
    await start({ processors: 1, shards: 1 });
    const job = await engine.run(slow);
    await job.caughtUp();
    const offset = append('map first');
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(nothing, 0, 0, 10 * SLOW_MS);
    // Nothing has been delivered to this thread since.
    expect(told).toEqual([]);
    expect(job.stats().tasks[0].slowCall).toMatchObject({ topic: 'in', shard: 0, offset });
    expect(job.why()[0]).toMatchObject({ by: 'user code' });
    await firstTold();
    expect(told[0].offset).toBe(offset);
    expect(told[0].lastedMs).toBeLessThan(8 * SLOW_MS);
    open('first');
    await job.caughtUp();
  });
});

test('many calls that take their time are none that takes long', async () => {
  const slowCallMs = 1_000;
  await start({ processors: 1, shards: 1, slowCallMs });
  const job = await engine.run(slow);
  for (let i = 0; i < 30; i++) append(`ms ${slowCallMs / 20}`);
  await job.caughtUp();
  await wait(slowCallMs / 5);
  expect(told).toEqual([]);
  expect(job.stats().out).toBe(30);
});

test('a call that has taken long is told of though it is over soon after', async () => {
  await start({ processors: 1, shards: 1 });
  const job = await engine.run(slow);
  append(`ms ${2 * SLOW_MS}`);
  await job.caughtUp();
  await vi.waitFor(() => expect(told.map(({ over }) => over)).toEqual([false, true]), TIMEOUT);
  expect(told[1].lastedMs).toBeGreaterThanOrEqual(2 * SLOW_MS - 1);
});

test('a call of mapAsync that does not end is told of, and does not keep its thread', async () => {
  await start({ processors: 1, shards: 1 });
  const job = await engine.run(asynchronous);
  const offset = append('map first');
  append('beside');
  await firstTold();
  const [call] = told;
  expect(call).toMatchObject({
    ...{ job: 'slow-async', stage: 0, during: 'async', step: 'ask' },
    ...{ topic: 'in', shard: 0, offset, over: false },
  });
  expect(job.stats().tasks[0]).toMatchObject({ slowCall: undefined, oldestCall: { offset } });
  const held = { step: 'ask', by: 'user code', sinceMs: call.sinceMs };
  expect(job.why('ask')[0]).toMatchObject(held);
  open('first');
  await job.caughtUp();
  await vi.waitFor(() => expect(told).toHaveLength(2), TIMEOUT);
  expect(told[1]).toMatchObject({ offset, over: true });
  expect(job.why().filter(({ by }) => by === 'user code')).toEqual([]);
});
