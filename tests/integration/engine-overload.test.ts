import { Engine } from '@lite-streams/workers';
import { afterEach, beforeEach, expect, test } from 'vitest';

const tired = new URL('./engine/pipeline-tired.ts', import.meta.url);

const MIB = 1024 * 1024;
const SHARDS = 2;
const SLOTS = 1_024;
const RING = { slots: SLOTS, shardBytes: 2 * MIB };
const VALUE = 'x'.repeat(1_000);
const SENDING_MS = 3_000;
/** Without back-pressure it would be some hundred MiB. */
const MOST_GROWTH_BYTES = 100 * MIB;

let engine: Engine;
beforeEach(async () => {
  engine = await Engine.start({ processors: 1, shards: SHARDS, ...RING, stopTimeoutMs: 1_000 });
});
afterEach(() => engine.stop());

/** Sends for so long as fast as it is let; returns how many records that were, and how many a second. */
async function sendTo(topic: string, forMs: number, each = (): void => {}) {
  const producer = engine.topic(topic).producer();
  const startMs = performance.now();
  let sent = 0;
  for (; performance.now() - startMs < forMs; sent++) {
    await producer.send({ key: String(sent), value: VALUE });
    if (sent % 64 === 0) {
      each();
      // Whoever sends gives way now and then.
      await new Promise(resolve => setImmediate(resolve));
    }
  }
  const perSecond = (sent * 1_000) / (performance.now() - startMs);
  await producer.close();
  return { sent, perSecond };
}

test('a producer that is ten times too fast is held back, in memory that does not grow', async () => {
  engine.topic('nobody', { overflow: 'overwrite' });
  const free = await sendTo('nobody', 500);
  const job = await engine.run(tired);
  await sendTo('in', 500);
  const before = process.memoryUsage().rss;
  let most = before;
  let mostLag = 0;
  const held = await sendTo('in', SENDING_MS, () => {
    most = Math.max(most, process.memoryUsage().rss);
    mostLag = Math.max(mostLag, job.stats().lag);
  });
  expect(free.perSecond).toBeGreaterThan(10 * held.perSecond);
  expect(most - before).toBeLessThan(MOST_GROWTH_BYTES);
  // What has not been processed lies in the rings.
  expect(mostLag).toBeLessThanOrEqual(SHARDS * SLOTS);
  expect(mostLag).toBeGreaterThan(SLOTS / 2);
  await job.stop();
});

test('one that does not wait for what send returns is told so, and loses nothing that was taken', async () => {
  const job = await engine.run(tired);
  const producer = engine.topic('in').producer({ maxWaitingSends: 1_024 });
  const sends: Promise<void>[] = [];
  const endless = () => {
    for (;;) sends.push(producer.send({ value: 'x' }));
  };
  expect(endless).toThrow(expect.objectContaining({ code: 'TOO_MANY_WAITING' }));
  expect(sends.length).toBeLessThanOrEqual(SHARDS * (SLOTS + 256) + 1_024);
  await Promise.all(sends);
  await producer.close();
  await job.caughtUp();
  expect(job.stats()).toMatchObject({ in: sends.length, out: sends.length });
});
