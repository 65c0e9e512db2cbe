import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ScratchDirectory } from './durability/scratch-directory.ts';

const outside = new URL('./engine/pipeline-outside.ts', import.meta.url);
const impatient = new URL('./engine/pipeline-impatient.ts', import.meta.url);

let directory: ScratchDirectory;
let file: string;
let engine: Engine;
beforeEach(async () => {
  directory = new ScratchDirectory();
  file = join(directory.path, 'outside');
  process.env.OUTSIDE = file;
  writeFileSync(file, '');
  engine = await Engine.start({ processors: 2, shards: 2, stopTimeoutMs: 2_000, idleWarnMs: 100 });
});
afterEach(async () => {
  await engine.stop();
  directory[Symbol.dispose]();
});

const lines = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const values = () => lines().filter(line => line.startsWith('v'));

function send(count: number): void {
  const topic = engine.topic('in');
  for (let i = 0; i < count; i++) topic.append({ key: `k${i}`, value: `v${i}` });
}

describe('a sink outside', () => {
  test('that is down holds the pipeline back and is told of; nothing is lost when it is up again', async () => {
    writeFileSync(`${file}.down`, '');
    const job = await engine.run(outside);
    send(100);
    const signal = AbortSignal.timeout(30_000);
    const warned = once(engine.events, 'warning', { signal });
    await vi.waitFor(() => expect(job.stats().delivery?.failures).toBeGreaterThan(5), 30_000);
    expect(job.stats().delivery).toMatchObject({
      delivered: 0,
      slowest: { sink: 'file', error: 'Error: down\nfor a while' },
    });
    const [{ job: name, message }] = await warned;
    expect([name, message]).toEqual([
      'outside',
      expect.stringMatching(/sink "file" has not taken a batch.*Error: down/),
    ]);
    expect(job.why()[0]).toMatchObject({ step: 'file', by: 'the system outside' });
    rmSync(`${file}.down`);
    await job.caughtUp();
    expect(values()).toHaveLength(100);
    expect(job.stats().delivery).toMatchObject({ delivered: 100, waiting: 0 });
    expect(job.stats().delivery?.slowest).toBeUndefined();
  });

  test('is waited for when the engine stops, and its connections have ended by then', async () => {
    await engine.run(outside);
    send(200);
    await engine.stop();
    expect(values().toSorted()).toEqual(Array.from({ length: 200 }, (_, i) => `v${i}`).toSorted());
    const opened = lines().filter(line => line.startsWith('open')).length;
    expect(opened).toBeGreaterThan(0);
    expect(lines().filter(line => line.startsWith('close'))).toHaveLength(opened);
  });

  test('does not keep a job from stopping, whatever it is at', async () => {
    writeFileSync(`${file}.slow`, '');
    const job = await engine.run(outside, { keepGroup: true });
    send(10);
    await vi.waitFor(() => expect(job.stats().delivery?.waiting).toBeGreaterThan(0), 30_000);
    await job.stop();
    expect(lines().filter(line => line.startsWith('close')).length).toBeGreaterThan(0);
    rmSync(`${file}.slow`);
    // What was under way comes from the epoch that has it.
    const again = await engine.run(outside);
    engine.topic('in').end();
    await again.drained();
    expect(values().toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `v${i}`).toSorted());
  });

  test('is handed what a dead processor had not, or had not known to be taken', async () => {
    const job = await engine.run(outside);
    for (let round = 0; round < 3; round++) {
      send(50);
      const restarted = once(engine.events, 'job-restarted');
      killThread(engine, 'processor', round % 2);
      await restarted;
    }
    engine.topic('in').end();
    await job.drained();
    expect(new Set(values()).size).toBe(50);
    expect(values().length).toBeGreaterThanOrEqual(150);
  });

  test('that may not fail again fails the job, with what it failed with', async () => {
    const job = await engine.run(impatient);
    send(5);
    await expect(job.drained()).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: expect.stringMatching(/"file" of the pipeline "impatient".*RangeError: never/),
      cause: { name: 'RangeError', message: 'never' },
    });
    expect(job.state).toBe('failed');
  });
});
