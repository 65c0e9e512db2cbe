import { describe, expect, test } from 'vitest';
import { json } from '../serde/json.ts';
import { VirtualClock } from '../time/clock.ts';
import { pipeline } from './builder.ts';
import { LocalEngine, type LocalJob } from './local-runtime.ts';
import type { Pipeline } from './pipeline.ts';

const SHARDS = 2;
const KEYS = 7;
/** What `flatMap` makes of one value, and at most so many bytes of each. */
const COPIES = 1_000;
const RECORD_BYTES = 96;
const BOUND = 256 * 1024;
const SLOTS = 16;

function amplifying(where: 'in the source' | 'behind an exchange'): Pipeline {
  const p = pipeline('p', {
    checkpoint: { every: '1h', mode: 'exactly-once', maxOutputBytes: BOUND },
  });
  const copies = (i: number) => Array.from({ length: COPIES }, (_, n) => i * COPIES + n);
  const values = p.from('in', json<number>());
  return where === 'in the source'
    ? values.flatMap(copies).to('out', json())
    : values
        .keyBy(i => i % KEYS)
        .flatMap(copies)
        .to('out', json());
}

function started(made: Pipeline, processors: number): { engine: LocalEngine; job: LocalJob } {
  const engine = new LocalEngine({
    automatic: false,
    clock: new VirtualClock(0),
    processors,
    stepRecords: 4,
    channelSlots: SLOTS,
    channelBytes: 1024,
    topics: { shards: SHARDS, slots: 4096, shardBytes: 256 * 1024 },
  });
  return { engine, job: engine.add(made) };
}

/** What has come out, a bit at each call. */
function reading(engine: LocalEngine): () => number[] {
  const reader = engine.topic('out').consume({ group: 'test', from: 'earliest' });
  return () => {
    const values: number[] = [];
    for (const { text } of reader.poll() ?? []) values.push(JSON.parse(text));
    return values;
  };
}

describe('outputs of an epoch that never comes by itself', () => {
  test.each([
    ['in the source', 1],
    ['in the source', 3],
    ['behind an exchange', 1],
    ['behind an exchange', 3],
  ] as const)('take no more memory than they may: %s, %i hosts', async (where, processors) => {
    const { engine, job } = started(amplifying(where), processors);
    const topic = engine.topic('in');
    const take = reading(engine);
    const count = 120;
    for (let i = 0; i < count; i++) topic.append({ key: `k${i}`, value: String(i) });
    topic.end();
    // What every task that makes many of one value may have before it when it is told to stop.
    const onTheWay = where === 'in the source' ? SHARDS : SHARDS * processors * SLOTS + processors;
    const most = BOUND + onTheWay * COPIES * RECORD_BYTES;
    const seen = new Set<number>();
    let largest = 0;
    for (let idle = 0; idle < 100; ) {
      const progress = engine.step();
      largest = Math.max(largest, job.stats().heldBytes);
      const values = take();
      for (const value of values) seen.add(value);
      idle = progress || values.length > 0 ? 0 : idle + 1;
    }
    await job.drained();
    expect(seen.size).toBe(count * COPIES);
    expect(job.stats()).toMatchObject({ out: count * COPIES, deadLetters: 0, heldBytes: 0 });
    expect(largest).toBeGreaterThan(BOUND / 2);
    expect(largest).toBeLessThanOrEqual(most);
    expect(job.epoch).toBeGreaterThan(5);
    engine.stopNow();
  });

  test.each([
    ['in the source', 1],
    ['behind an exchange', 3],
  ] as const)('hold back what is read until somebody takes them: %s', async (where, processors) => {
    const { engine, job } = started(amplifying(where), processors);
    const take = reading(engine);
    const topic = engine.topic('in');
    const count = 60;
    for (let i = 0; i < count; i++) topic.append({ key: `k${i}`, value: String(i) });
    topic.end();
    engine.settle();
    expect(job.stats().in).toBeLessThan(count);
    expect(job.stats().heldBytes).toBeGreaterThanOrEqual(BOUND);
    const seen: number[] = [];
    for (let idle = 0; idle < 100; ) {
      const values = take();
      seen.push(...values);
      idle = engine.step() || values.length > 0 ? 0 : idle + 1;
    }
    await job.drained();
    expect(seen.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count * COPIES }, (_, n) => n),
    );
    engine.stopNow();
  });

  test('are refused a bound that is none', () => {
    for (const maxOutputBytes of [0, 1023, 1.5, Number.NaN, '1MB' as never]) {
      expect(() => pipeline('p', { checkpoint: { maxOutputBytes } })).toThrow(
        expect.objectContaining({
          code: 'INVALID_PIPELINE',
          message: expect.stringContaining('checkpoint.maxOutputBytes'),
        }),
      );
    }
  });
});
