import { once } from 'node:events';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ScratchDirectory } from './durability/scratch-directory.ts';
import { BOUND, COPIES } from './engine/pipeline-amplify.ts';
import type { Seen } from './engine/pipeline-large-state.ts';

const windows = new URL('./engine/pipeline-windows.ts', import.meta.url);
const exact = new URL('./engine/pipeline-exact.ts', import.meta.url);
const copy = new URL('./engine/pipeline-copy.ts', import.meta.url);

const KEYS = 50;

let engine: Engine;
beforeEach(async () => {
  engine = await Engine.start({ processors: 2, shards: 2, stopTimeoutMs: 2_000 });
});
afterEach(() => engine.stop());

/** Sends readings one millisecond of event time apart, with rests in between; the same to each topic. */
async function send(
  count: number,
  between: (i: number) => Promise<void> | undefined,
  names: readonly string[] = ['in'],
): Promise<void> {
  const topics = names.map(name => engine.topic(name));
  const producers = topics.map(topic => topic.producer());
  for (let i = 0; i < count; i++) {
    const value = JSON.stringify({ k: `k${i % KEYS}`, t: i });
    for (const producer of producers) await producer.send({ key: `k${i % KEYS}`, value });
    await between(i);
    if (i % 500 === 0) await new Promise(resolve => setTimeout(resolve, 10));
  }
  for (const producer of producers) await producer.close();
  for (const topic of topics) topic.end();
}

function results(of = engine): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const consumer = of.topic('out').consume({ group: 'results', from: 'earliest' });
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    for (const { text } of batch) {
      const { key, start, n } = JSON.parse(text);
      const name = `${key}/${start}`;
      found.set(name, [...(found.get(name) ?? []), n]);
    }
  }
  consumer.close();
  return found;
}

describe('a pipeline with checkpoints on threads', () => {
  test('whoever waits for an epoch can give up', async () => {
    const job = await engine.run(windows);
    const signal = AbortSignal.abort('enough');
    const given = { code: 'ABORTED', cause: 'enough' };
    await expect(job.checkpoint({ signal })).rejects.toMatchObject(given);
    await expect(job.savepoint('s', { signal })).rejects.toMatchObject(given);
    await job.checkpoint({ signal: new AbortController().signal });
    expect(job.stats().epoch).toBeGreaterThan(0);
  });

  test('goes back to its last epoch when processors die; other pipelines run on', async () => {
    const sent = 12_000;
    const job = await engine.run(windows);
    const kills = [1_000, 3_500, 4_000, 7_000, 10_500];
    await send(sent, i => {
      if (!kills.includes(i)) return undefined;
      const restarted = once(engine.events, 'job-restarted');
      killThread(engine, 'processor', (i / 500) % 2);
      return restarted.then(() => {});
    });
    await job.drained();
    const stats = job.stats();
    expect(stats.state).toBe('drained');
    expect(stats.restarts).toBe(kills.length);
    expect(stats.epoch).toBeGreaterThan(1);
    const found = results();
    expect(found.size).toBe((sent / 100) * KEYS);
    // Whatever came out again came out the same: at least once, of state that is exactly once.
    for (const counts of found.values()) for (const n of counts) expect(n).toBe(100 / KEYS);
  });

  test('that is a graph of two topics, windows and a join goes back as a whole', async () => {
    const sent = 6_000;
    const job = await engine.run(new URL('./engine/pipeline-graph-state.ts', import.meta.url));
    const kills = [1_500, 3_000, 4_500];
    const between = (i: number) => {
      if (!kills.includes(i)) return undefined;
      const restarted = once(engine.events, 'job-restarted');
      killThread(engine, 'processor', (i / 1_500) % 2);
      return restarted.then(() => {});
    };
    await send(sent, between, ['in', 'more']);
    await job.drained();
    expect(job.stats().restarts).toBe(kills.length);
    const found = results();
    expect(found.size).toBe(2 * (sent / 100) * KEYS);
    for (const [name, counts] of found) {
      const right = (name.startsWith('counts') ? 2 : 1) * (100 / KEYS);
      for (const n of counts) expect(n).toBe(right);
    }
  });

  test('has state, timers and calls under way back when processors die', async () => {
    const sent = 6_000;
    const job = await engine.run(new URL('./engine/pipeline-state.ts', import.meta.url));
    const kills = [1_500, 3_000, 4_500];
    await send(sent, i => {
      if (!kills.includes(i)) return undefined;
      const restarted = once(engine.events, 'job-restarted');
      killThread(engine, 'processor', (i / 1_500) % 2);
      return restarted.then(() => {});
    });
    await job.drained();
    expect(job.stats()).toMatchObject({ state: 'drained', restarts: kills.length });
    const found = results();
    expect(found.size).toBe((sent / 100) * KEYS);
    for (const counts of found.values()) for (const n of counts) expect(n).toBe(100 / KEYS);
  });

  test('keeps a savepoint, from which it can be run again', async () => {
    const job = await engine.run(windows, { keepGroup: true });
    const input = engine.topic('in');
    const producer = input.producer();
    producer.sendSync({ key: 'k', value: JSON.stringify({ k: 'k', t: 5 }) });
    producer.flushSync();
    await job.caughtUp();
    await job.savepoint('before');
    expect(job.stats().epoch).toBeGreaterThan(0);
    await expect(job.savepoint('../x')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    producer.sendSync({ key: 'k', value: JSON.stringify({ k: 'k', t: 6 }) });
    producer.flushSync();
    await job.caughtUp();
    await job.stop();
    await expect(engine.run(windows, { savepoint: 'after' })).rejects.toMatchObject({
      code: 'UNKNOWN_SAVEPOINT',
    });
    const again = await engine.run(windows);
    producer.closeSync();
    input.end();
    await again.drained();
    expect(Object.fromEntries(results())).toEqual({ 'k/0': [2] });
  });

  test('is refused where outputs cannot be given exactly once', async () => {
    await expect(engine.run(exact)).rejects.toMatchObject({
      code: 'NOT_DURABLE',
      message: expect.stringContaining('in, out, exact.dead-letters are in memory'),
    });
    using directory = new ScratchDirectory();
    const onDisk = await Engine.start({ directory: directory.path, processors: 1, shards: 1 });
    onDisk.topic('out', { compact: true });
    await expect(onDisk.run(exact)).rejects.toMatchObject({
      code: 'NOT_DURABLE',
      message: expect.stringContaining('compaction'),
    });
    await onDisk.stop();
  });

  test('goes on in the engine that is started next, from its directory', async () => {
    using directory = new ScratchDirectory();
    const options = { directory: directory.path, shards: 2 };
    for (const processors of [2, 1]) {
      await using onDisk = await Engine.start({ ...options, processors });
      const job = await onDisk.run(exact);
      const producer = onDisk.topic('in').producer();
      await producer.send({ key: 'k', value: JSON.stringify({ k: 'k', t: 10 - processors }) });
      await producer.close();
      await job.caughtUp();
      if (processors === 2) await job.savepoint('half');
      else {
        onDisk.topic('in').end();
        await job.drained();
        expect(Object.fromEntries(results(onDisk))).toEqual({ 'k/0': [2] });
      }
    }
  });

  test('has large state back, whose memory was given away with the epoch', async () => {
    const job = await engine.run(new URL('./engine/pipeline-large-state.ts', import.meta.url));
    const keys = 8_000;
    const producer = engine.topic('in').producer();
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < keys; i++) {
        await producer.send({ key: `k${i}`, value: JSON.stringify({ k: `k${i}` }) });
      }
      await producer.flush();
      await job.caughtUp();
      // One epoch after another, from a state that is still there.
      await job.checkpoint();
      const restarted = once(engine.events, 'job-restarted');
      killThread(engine, 'processor', round % 2);
      await restarted;
    }
    await producer.close();
    engine.topic('in').end();
    await job.drained();
    const last = new Map<string, Seen>();
    const reader = engine.topic('out').consume({ group: 'results', from: 'earliest' });
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      for (const { text } of batch) last.set(JSON.parse(text).k, JSON.parse(text));
    }
    reader.close();
    expect(last.size).toBe(keys);
    expect([...last.values()].every(({ n, isWhole }) => n === 3 && isWhole)).toBe(true);
  });

  test('holds no more outputs than it may, however long its interval', async () => {
    using directory = new ScratchDirectory();
    await using onDisk = await Engine.start({
      directory: directory.path,
      processors: 2,
      shards: 2,
      channelBytes: 1024,
    });
    const job = await onDisk.run(new URL('./engine/pipeline-amplify.ts', import.meta.url));
    const count = 1_000;
    const input = onDisk.topic('in');
    const producer = input.producer();
    for (let i = 0; i < count; i++) await producer.send({ key: `k${i}`, value: String(i) });
    await producer.close();
    input.end();
    let largest = 0;
    const sampling = setInterval(() => {
      largest = Math.max(largest, job.stats().heldBytes);
    }, 1);
    await job.drained();
    clearInterval(sampling);
    expect(job.stats()).toMatchObject({ out: count * COPIES, heldBytes: 0 });
    expect(job.stats().epoch).toBeGreaterThan(20);
    // What is left of a value in each of two sources, and in four channels, two of them within a thread;
    // some 80 bytes each.
    const onTheWay = (2 * COPIES + 2 * 1024 + 2 * 32) * 80;
    expect(largest).toBeLessThanOrEqual(BOUND + onTheWay);
    const seen = new Uint8Array(count * COPIES);
    const reader = onDisk.topic('out').consume({ group: 'results', from: 'earliest' });
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      for (const { text } of batch) seen[Number(text)]++;
    }
    reader.close();
    expect(seen.every(times => times === 1)).toBe(true);
  });

  test('is what a checkpoint can be asked of, and no other', async () => {
    const job = await engine.run(copy);
    await expect(job.checkpoint()).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('is back within a second of the death of a processor', async () => {
    const job = await engine.run(windows);
    const producer = engine.topic('in').producer();
    let t = 0;
    const push = () => {
      producer.sendSync({ key: 'k', value: JSON.stringify({ k: 'k', t: t++ }) });
      producer.flushSync();
    };
    push();
    await job.caughtUp();
    const tookMs: number[] = [];
    for (let round = 0; round < 5; round++) {
      const restarted = once(engine.events, 'job-restarted');
      const startMs = performance.now();
      killThread(engine, 'processor', round % 2);
      push();
      await restarted;
      await job.caughtUp();
      tookMs.push(performance.now() - startMs);
    }
    expect(Math.max(...tookMs)).toBeLessThan(5_000);
    await vi.waitFor(() => expect(job.stats().restarts).toBe(5));
  });
});
