import { describe, expect, test } from 'vitest';
import type { Producer } from '../broker/producer.ts';
import type { Topic } from '../broker/topic.ts';
import { MemoryDriver } from '../epoch/memory-driver.ts';
import type { CheckpointMode } from '../epoch/options.ts';
import { json } from '../serde/json.ts';
import { listState, mapState, valueState } from '../state/spec.ts';
import { VirtualClock } from '../time/clock.ts';
import { boundedOutOfOrderness } from '../time/watermark.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { LocalEngine, type LocalJob } from './local-runtime.ts';
import type { Pipeline } from './pipeline.ts';
import type { Stream } from './stream.ts';

interface Reading {
  readonly k: string;
  readonly t: number;
  readonly n: number;
}

const SHARDS = 3;
const CHECKPOINT = { every: '1s' } as const;

function sumsOf(mode: CheckpointMode): Pipeline {
  const sums = pipeline('sums', { checkpoint: { ...CHECKPOINT, mode } });
  sums
    .from('in', json<Reading>(), {
      timestamp: ({ t }) => t,
      watermark: boundedOutOfOrderness(20),
    })
    .filter(({ n }) => n !== 13)
    .keyBy(({ k }) => k)
    .window(tumbling(100), { allowedLateness: 50, name: 'sum' })
    .aggregate({
      create: () => ({ n: 0, sum: 0 }),
      add: (a, { n }) => ({ n: a.n + 1, sum: a.sum + n }),
      result: (a, { key, window }) => ({ key, start: window.start, ...a }),
    })
    .to('out', json());
  return sums;
}

const sums = sumsOf('at-least-once');

/** The same numbers for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function readings(count: number, seed: number): Reading[] {
  const random = mulberry(seed);
  return Array.from({ length: count }, (_, i) => ({
    k: `k${Math.floor(random() * 17)}`,
    t: 1_000 + i * 2 + Math.floor(random() * 15),
    n: Math.floor(random() * 20),
  }));
}

interface Bench {
  readonly engine: LocalEngine;
  readonly clock: VirtualClock;
  job: LocalJob;
  readonly producer: Producer;
  send(values: readonly Reading[]): void;
  /** Of each key and window the values that came out, in order. */
  results(): Map<string, unknown[]>;
}

function bench(
  processors: number,
  driver?: MemoryDriver,
  before: readonly Reading[] = [],
  made = sums,
): Bench {
  const clock = new VirtualClock(0);
  const engine = new LocalEngine({
    automatic: false,
    clock,
    processors,
    stepRecords: 7,
    channelSlots: 8,
    channelBytes: 1024,
    topics: { shards: SHARDS, slots: 8192, shardBytes: 1024 * 1024 },
    ...(driver === undefined ? {} : { epochs: driver }),
  });
  const producer = engine.topic('in').producer();
  const send = (values: readonly Reading[]): void => {
    for (const value of values) producer.sendSync({ key: value.k, value: JSON.stringify(value) });
    producer.flushSync();
  };
  const results = (): Map<string, unknown[]> => {
    const found = new Map<string, unknown[]>();
    const reader = engine.topic('out').consume({ group: 'test', from: 'earliest' });
    for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
      for (const { text } of batch) {
        const { key, start, ...rest } = JSON.parse(text);
        const name = `${key}/${start}`;
        found.set(name, [...(found.get(name) ?? []), rest]);
      }
    }
    reader.close();
    return found;
  };
  send(before);
  return { engine, clock, producer, send, results, job: engine.add(made) };
}

function expected(values: readonly Reading[]): Map<string, unknown> {
  const found = new Map<string, { n: number; sum: number }>();
  for (const { k, t, n } of values) {
    if (n === 13) continue;
    const name = `${k}/${t - (t % 100)}`;
    const cell = found.get(name) ?? { n: 0, sum: 0 };
    found.set(name, { n: cell.n + 1, sum: cell.sum + n });
  }
  return found;
}

/** Of what came out several times only the last, and every one before must be on the way to it. */
function last(results: Map<string, unknown[]>): Map<string, unknown> {
  return new Map(Array.from(results, ([name, all]) => [name, all.at(-1)]));
}

describe('a pipeline with checkpoints', () => {
  test.each([1, 2, 3])('goes on from its last epoch, %i hosts', async processors => {
    const values = readings(900, processors);
    const random = mulberry(processors + 100);
    const { engine, job, producer, send, results } = bench(processors);
    for (let at = 0; at < values.length; ) {
      const count = Math.floor(random() * 90);
      send(values.slice(at, at + count));
      at += count;
      for (let steps = Math.floor(random() * 12); steps > 0; steps--) engine.step();
      if (random() < 0.4) await job.checkpoint();
      for (let steps = Math.floor(random() * 12); steps > 0; steps--) engine.step();
      if (random() < 0.4) engine.failHost(Math.floor(random() * processors));
    }
    producer.closeSync();
    engine.topic('in').end();
    await job.drained();
    expect(job.epoch).toBeGreaterThan(2);
    expect(last(results())).toEqual(expected(values));
    engine.stopNow();
  });

  test.each([1, 2, 3])(
    'gives each output exactly once, if it is to, %i hosts',
    async processors => {
      const values = readings(900, processors + 50);
      const random = mulberry(processors + 200);
      const { engine, job, producer, send, results } = bench(
        processors,
        undefined,
        [],
        sumsOf('exactly-once'),
      );
      for (let at = 0; at < values.length; ) {
        const count = Math.floor(random() * 90);
        send(values.slice(at, at + count));
        at += count;
        for (let steps = Math.floor(random() * 12); steps > 0; steps--) engine.step();
        if (random() < 0.4) await job.checkpoint();
        for (let steps = Math.floor(random() * 3); steps > 0; steps--) engine.step();
        if (random() < 0.5) engine.failHost(Math.floor(random() * processors));
      }
      producer.closeSync();
      engine.topic('in').end();
      for (let tries = 0; tries < 20; tries++) {
        for (let steps = Math.floor(random() * 12); steps > 0; steps--) engine.step();
        engine.failHost(Math.floor(random() * processors));
      }
      await job.drained();
      const found = results();
      expect(last(found)).toEqual(expected(values));
      for (const all of found.values()) expect(all).toHaveLength(1);
      engine.stopNow();
    },
  );

  test('begins epochs by the clock, and releases its input by them alone', async () => {
    const { engine, clock, job, send } = bench(2);
    const group = () =>
      engine
        .topic('in')
        .groups()[0]
        .shards.map(({ committed }) => committed);
    const begun = group();
    send(readings(300, 5));
    engine.settle();
    expect(job.epoch).toBe(0);
    expect(group()).toEqual(begun);
    clock.advance(1_000);
    engine.settle();
    expect(job.epoch).toBe(1);
    const ends = engine
      .topic('in')
      .groups()[0]
      .shards.map(({ end }) => end);
    expect(group()).toEqual(ends);
    engine.stopNow();
  });

  test('does not wait for the clock when its input would hold producers back', async () => {
    const { engine, job } = bench(1);
    const topic = engine.topic('in');
    const slots = topic.options.slots * SHARDS;
    for (let i = 0, sent = 0; sent < slots * 3; i++) {
      const value = JSON.stringify({ k: `k${i % 31}`, t: 1_000 + i, n: 1 });
      if (topic.tryAppend({ key: `k${i % 31}`, value }) >= 0) sent++;
      else {
        engine.settle();
        const reader = engine.topic('out').consume({ group: 'drain' });
        while (reader.poll() !== undefined);
        reader.close();
      }
    }
    expect(job.epoch).toBeGreaterThan(2);
    engine.stopNow();
  });

  test('is taken up by another number of tasks, with nothing lost and nothing twice', async () => {
    const driver = new MemoryDriver();
    const values = readings(600, 77);
    const all = new Map<string, unknown[]>();
    let position = 0;
    for (const processors of [1, 3, 2]) {
      // The log of an engine that is gone is there again.
      const one = bench(processors, driver, values.slice(0, position));
      const next = position + 200;
      one.send(values.slice(position, next));
      position = next;
      one.engine.settle();
      if (position < values.length) await one.job.savepoint('move');
      else {
        one.producer.closeSync();
        one.engine.topic('in').end();
        await one.job.drained();
      }
      for (const [name, found] of one.results())
        all.set(name, [...(all.get(name) ?? []), ...found]);
      one.engine.stopNow();
    }
    expect(last(all)).toEqual(expected(values));
    for (const found of all.values()) expect(found).toHaveLength(1);
  });

  test('refuses a snapshot of other steps, and one that does not exist', async () => {
    const driver = new MemoryDriver();
    const first = bench(1, driver);
    first.send(readings(50, 3));
    await first.job.savepoint('before');
    await expect(first.job.savepoint('a/b')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    first.engine.stopNow();
    const other = pipeline('sums', { checkpoint: CHECKPOINT });
    other
      .from('in', json<Reading>(), { timestamp: ({ t }) => t })
      .keyBy(({ k }) => k)
      .window(tumbling(200), { name: 'sum' })
      .aggregate({ create: () => 0, add: (a, { n }) => a + n })
      .to('out', json());
    const engine = new LocalEngine({
      automatic: false,
      epochs: driver,
      topics: { shards: SHARDS },
    });
    expect(() => engine.add(other, { savepoint: 'before' })).toThrow(
      expect.objectContaining({ code: 'STATE_MISFIT', message: expect.stringContaining('"sum"') }),
    );
    expect(() => engine.add(other, { savepoint: 'none' })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_SAVEPOINT' }),
    );
    engine.stopNow();
  });

  test('is refused when its options are none', () => {
    expect(() => pipeline('p', { checkpoint: { every: 0 } })).toThrow(
      expect.objectContaining({ code: 'INVALID_PIPELINE' }),
    );
    expect(() => pipeline('p', { checkpoint: { mode: 'twice' as never } })).toThrow(
      expect.objectContaining({ code: 'INVALID_PIPELINE' }),
    );
  });

  test.each(Object.entries(large))(
    'of large state, %s, writes what changed, and can still be taken up by others',
    async (_, end) => {
      const keys = 4_000;
      const random = mulberry(9);
      const sums = new Map<number, number>();
      const driver = new MemoryDriver();
      const sent: Reading[] = [];
      const made = pipeline('large', { checkpoint: { every: '1h' } });
      end(made.from('in', json<Reading>(), { timestamp: ({ t }) => t }).keyBy(({ k }) => k)).to(
        'out',
        json(),
      );
      let counted: number[] = [];
      let voids = 0;
      for (const processors of [2, 1, 3]) {
        const one = bench(processors, driver, sent, made);
        counted = [];
        for (let round = 0; round < 9; round++) {
          const values = Array.from({ length: round === 0 ? keys : 150 }, (_, i) => {
            const key = round === 0 ? i : Math.floor(random() * keys);
            const n = Math.floor(random() * 100);
            sums.set(key, (sums.get(key) ?? 0) + n);
            return { k: `k${key}`, t: 5_000 + sent.length, n };
          });
          // An epoch that some tasks have taken may be void: what had changed is in the next one.
          const dies = round > 0 && random() < 0.4;
          for (let at = 0; at < values.length; at += 500) {
            one.send(values.slice(at, at + 500));
            if (!dies) one.engine.settle();
          }
          sent.push(...values);
          const before = one.job.epoch;
          if (dies) {
            one.clock.advance(3_600_000);
            for (let left = 2 + Math.floor(random() * 3); left > 0; left--) one.engine.step();
            one.engine.failHost(Math.floor(random() * processors));
          }
          await one.job.checkpoint();
          if (one.job.epoch > before + 1) voids++;
          const steps = driver.restore('large')?.tasks.flatMap(task => task.steps) ?? [];
          counted.push(Math.max(...steps.map(({ layers }) => layers)));
          if (random() < 0.3) one.engine.failHost(0);
        }
        if (processors === 3) {
          one.producer.closeSync();
          one.engine.topic('in').end();
          await one.job.drained();
          const out = new Map(
            [...lines(one.engine.topic('out'))].map(({ key, n }) => [Number(key.slice(1)), n]),
          );
          expect(out).toEqual(sums);
        }
        one.engine.stopNow();
      }
      expect(Math.max(...counted)).toBeGreaterThan(1);
      expect(voids).toBeGreaterThan(0);
    },
  );
});

/** Steps that give the sum of each key in the end. */
const large: Record<string, (keyed: Stream<Reading, string>) => Stream<unknown>> = {
  'a window': keyed =>
    keyed.window(tumbling('1d'), { name: 'sum' }).aggregate({
      create: () => 0,
      add: (a, { n }) => a + n,
      result: (n, { key }) => ({ key, n }),
    }),
  'process with a value and a timer': keyed =>
    keyed.process({
      state: { sum: valueState(0) },
      onRecord({ n }, { state, timers }) {
        state.sum.set(state.sum.get() + n);
        timers.set(1e9);
      },
      onTimer: (_, { key, state }) => ({ key, n: state.sum.get() }),
    }),
  'process with maps and lists': keyed =>
    keyed.process({
      state: { byDigit: mapState<number, number>(), list: listState<number>() },
      onRecord({ n }, { state: { byDigit, list }, timers }) {
        const digit = n % 10;
        byDigit.set(digit, (byDigit.get(digit) ?? 0) + n);
        list.add(n);
        timers.set(1e9 + n);
        // What has been taken back does not come again.
        if (list.length % 3 === 0) {
          byDigit.clear();
          byDigit.set(
            0,
            list.get().reduce((a, b) => a + b),
          );
          for (const one of list.get().slice(1)) {
            if (one !== list.get()[0]) timers.delete(1e9 + one);
          }
        }
      },
      onTimer(_, { key, state: { byDigit, list } }) {
        if (list.length === 0) return [];
        list.clear();
        return [{ key, n: byDigit.values().reduce((a, b) => a + b) }];
      },
    }),
};

function* lines(topic: Topic): Generator<{ key: string; n: number }> {
  const reader = topic.consume({ group: 'lines', from: 'earliest' });
  for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
    for (const { text } of batch) yield JSON.parse(text);
  }
  reader.close();
}
