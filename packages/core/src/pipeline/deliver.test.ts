import { describe, expect, test } from 'vitest';
import type { Connector, Delivered, WriteContext } from '../delivery/connector.ts';
import type { DeliveryToken } from '../delivery/token.ts';
import { MemoryDriver } from '../epoch/memory-driver.ts';
import type { CheckpointMode } from '../epoch/options.ts';
import { json } from '../serde/json.ts';
import { table } from '../serde/table.ts';
import { text } from '../serde/text.ts';
import { testPipeline } from '../testing/test-pipeline.ts';
import { VirtualClock } from '../time/clock.ts';
import { boundedOutOfOrderness } from '../time/watermark.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { LocalEngine, type LocalJob } from './local-runtime.ts';
import type { Pipeline } from './pipeline.ts';
import type { DeliverOptions } from './stream.ts';

interface Reading {
  readonly k: string;
  readonly t: number;
  readonly n: number;
}

interface Sum {
  readonly key: string;
  readonly start: number;
  readonly sum: number;
}

const SHARDS = 3;

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

function expected(values: readonly Reading[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { k, t, n } of values) {
    const name = `${k}/${t - (t % 50)}`;
    sums.set(name, (sums.get(name) ?? 0) + n);
  }
  return sums;
}

/** A system outside that knows by its tokens what comes again; it outlives whatever writes to it. */
class Outside implements Connector<Sum, number> {
  /** Every batch that came, in order, whether or not it was confirmed. */
  readonly batches: { token: DeliveryToken; values: string; results: readonly Delivered<Sum>[] }[] =
    [];
  /** Results by one who keeps every token, and by one who keeps the last of each writer. */
  readonly byAll: Sum[] = [];
  readonly byLast: Sum[] = [];
  open: () => number = () => 1;
  /** What becomes of a call: it may take time, fail before, or fail after the batch is in. */
  behave: () => 'at once' | 'later' | 'lost' | 'unconfirmed' = () => 'at once';
  private readonly tokens = new Map<string, string>();
  private readonly last = new Map<string, string>();

  write = (results: readonly Delivered<Sum>[], context: WriteContext<number>): unknown => {
    const how = this.behave();
    if (how === 'lost') throw new Error('lost');
    if (how === 'at once') return this.take(results, context.token);
    return Promise.resolve().then(() => {
      // One that was given up does not write any more: so does a transaction.
      if (context.signal.aborted) throw new Error('aborted');
      this.take(results, context.token);
      if (how === 'unconfirmed') throw new Error('unconfirmed');
    });
  };

  private take(results: readonly Delivered<Sum>[], token: DeliveryToken): void {
    const values = JSON.stringify(results);
    const before = this.tokens.get(token.text);
    this.batches.push({ token, values, results });
    if (before === undefined) this.byAll.push(...results.map(({ value }) => value));
    else expect(values).toBe(before);
    this.tokens.set(token.text, values);
    if (token.isAfter(this.last.get(token.writer))) {
      this.byLast.push(...results.map(({ value }) => value));
      this.last.set(token.writer, token.text);
    }
  }
}

function sumsTo(
  outside: Connector<Sum, number>,
  mode: CheckpointMode,
  options: DeliverOptions<Sum> = {},
): Pipeline {
  const sums = pipeline('sums', { checkpoint: { every: '1h', mode } });
  return sums
    .from('in', json<Reading>(), {
      timestamp: ({ t }) => t,
      watermark: boundedOutOfOrderness(20),
    })
    .keyBy(({ k }) => k)
    .window(tumbling(50), { name: 'sum' })
    .aggregate({
      create: () => 0,
      add: (sum, { n }) => sum + n,
      result: (sum, { key, window }): Sum => ({ key, start: window.start, sum }),
    })
    .deliver('database', outside, { maxBatch: 7, ...options });
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

class Bench {
  readonly clock: VirtualClock;
  readonly engine: LocalEngine;
  readonly job: LocalJob;
  private readonly producer;

  constructor(
    made: Pipeline,
    processors = 1,
    epochs = new MemoryDriver(),
    before: readonly Reading[] = [],
    savepoint?: string,
    startMs = 0,
  ) {
    this.clock = new VirtualClock(startMs);
    this.engine = new LocalEngine({
      automatic: false,
      clock: this.clock,
      processors,
      epochs,
      stepRecords: 7,
      channelSlots: 8,
      channelBytes: 1024,
      topics: { shards: SHARDS, slots: 8192, shardBytes: 1024 * 1024 },
    });
    this.producer = this.engine.topic('in').producer();
    this.send(before);
    this.job = this.engine.add(made, { savepoint });
  }

  send(values: readonly Reading[]): void {
    for (const value of values) {
      this.producer.sendSync({ key: value.k, value: JSON.stringify(value) });
    }
    this.producer.flushSync();
  }

  async steps(count: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      if (left % 3 === 0) await turn();
      this.clock.advance(20);
      this.engine.step();
    }
  }

  /** Until nothing is left to do, whatever has to be waited for. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 20; ) {
      await turn();
      this.clock.advance(100);
      idle = this.engine.step() || this.engine.busy ? 0 : idle + 1;
    }
  }

  async end(): Promise<void> {
    this.producer.closeSync();
    this.engine.topic('in').end();
    await this.settle();
    await this.job.drained();
    await this.job.stop();
    await this.engine.stop();
  }
}

function sumsOf(results: readonly Sum[]): Map<string, number> {
  return new Map(results.map(({ key, start, sum }) => [`${key}/${start}`, sum]));
}

/** Each result once, for whoever goes by the tokens. */
function expectOnce(outside: Outside, values: readonly Reading[]): void {
  const wanted = expected(values);
  expect(sumsOf(outside.byAll)).toEqual(wanted);
  expect(outside.byAll).toHaveLength(wanted.size);
  expect(outside.byLast).toEqual(outside.byAll);
}

const MODES: readonly CheckpointMode[] = ['at-least-once', 'exactly-once'];

describe('results of committed epochs', () => {
  test.each([
    [1, MODES[0]],
    [3, MODES[0]],
    [1, MODES[1]],
    [2, MODES[1]],
    [3, MODES[1]],
  ] as const)(
    'come once by their tokens, whatever fails: %i hosts, %s',
    async (processors, mode) => {
      const values = readings(900, processors);
      const random = mulberry(processors + 100);
      const outside = new Outside();
      const ways = ['at once', 'later', 'later', 'lost', 'unconfirmed'] as const;
      outside.behave = () => ways[Math.floor(random() * ways.length)];
      const bench = new Bench(sumsTo(outside, mode, { backoff: 30 }), processors);
      const { job, engine } = bench;
      for (let at = 0; at < values.length; ) {
        const count = Math.floor(random() * 90);
        bench.send(values.slice(at, at + count));
        at += count;
        await bench.steps(Math.floor(random() * 12));
        if (random() < 0.5) {
          const committed = job.checkpoint();
          await bench.settle();
          await committed;
        }
        await bench.steps(Math.floor(random() * 4));
        if (random() < 0.5) engine.failHost(Math.floor(random() * processors));
      }
      await bench.end();
      expectOnce(outside, values);
      expect(outside.batches.length).toBeGreaterThan(outside.byAll.length / 7);
      const { delivery, heldBytes } = job.stats();
      expect(delivery).toMatchObject({ waiting: 0, slowest: undefined });
      expect(heldBytes).toBe(0);
    },
  );

  test('come in the order of their task, an epoch after another, never two batches at once', async () => {
    const values = readings(600, 9);
    const outside = new Outside();
    let under = 0;
    const write = outside.write;
    outside.write = async (results, context) => {
      expect(++under).toBeLessThanOrEqual(3);
      await turn();
      await write(results, context);
      under--;
    };
    const bench = new Bench(sumsTo(outside, 'at-least-once'), 3);
    for (let at = 0; at < values.length; at += 60) {
      bench.send(values.slice(at, at + 60));
      const committed = bench.job.checkpoint();
      await bench.settle();
      await committed;
    }
    await bench.end();
    expectOnce(outside, values);
    const epochs = outside.batches.map(({ token }) => token.epoch);
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    for (const { token, results } of outside.batches) {
      const same = outside.batches.filter(
        one => one.token.task === token.task && one.token.epoch === token.epoch,
      );
      expect(same.map(one => one.token.sequence)).toEqual(same.map((_, i) => i));
      expect(results.length).toBeLessThanOrEqual(7);
    }
    const of = (key: string) =>
      outside.byAll.filter(one => one.key === key).map(({ start }) => start);
    expect(of('k3')).toEqual(of('k3').toSorted((a, b) => a - b));
    const [{ results }] = outside.batches;
    expect(results[0]).toMatchObject({
      key: results[0].value.key,
      timestamp: results[0].value.start + 49,
    });
  });

  test('come with the same tokens to another number of tasks, and cut as they were', async () => {
    const values = readings(600, 77);
    const driver = new MemoryDriver();
    const outside = new Outside();
    const random = mulberry(3);
    let position = 0;
    const lives = [1, 3, 2, 4, 1, 2];
    for (const [life, processors] of lives.entries()) {
      outside.behave = () => (random() < 0.3 ? 'unconfirmed' : 'later');
      const made = sumsTo(outside, 'exactly-once', { maxBatch: 3 + life, backoff: 50 });
      const bench = new Bench(made, processors, driver, values.slice(0, position));
      const next = position + values.length / lives.length;
      bench.send(values.slice(position, next));
      position = next;
      await bench.steps(60);
      if (life + 1 === lives.length) await bench.end();
      else {
        // The process dies while what the epoch gave is on its way.
        const committed = bench.job.checkpoint();
        for (let step = 0; bench.job.epoch === 0 || step < 40; step++) await bench.steps(1);
        committed.catch(() => {});
        await bench.steps(Math.floor(random() * 8));
        bench.engine.stopNow();
      }
    }
    expectOnce(outside, values);
    const tokens = new Set(outside.batches.map(({ token }) => token.text));
    expect(outside.batches.length).toBeGreaterThan(tokens.size);
  });

  test('come again from a savepoint with the tokens that they had, and what follows with new ones', async () => {
    const values = readings(300, 5);
    const driver = new MemoryDriver();
    const outside = new Outside();
    const first = new Bench(sumsTo(outside, 'at-least-once'), 2, driver);
    first.send(values.slice(0, 150));
    await first.settle();
    await first.job.savepoint('half');
    await first.settle();
    const half = outside.byAll.length;
    expect(half).toBeGreaterThan(0);
    first.send(values.slice(150));
    await first.settle();
    await first.job.checkpoint();
    await first.settle();
    first.engine.stopNow();
    const before = outside.byAll.length;
    expect(before).toBeGreaterThan(half);
    const again = new Bench(sumsTo(outside, 'at-least-once'), 3, driver, values, 'half', 5_000);
    await again.end();
    // What came before the savepoint is known; what came behind it is given, and taken, once more.
    expect(outside.byAll).toHaveLength(expected(values).size + before - half);
    expect(sumsOf(outside.byAll)).toEqual(expected(values));
    expect(outside.byLast).toEqual(outside.byAll);
    expect(new Set(outside.batches.map(({ token }) => token.lineage)).size).toBe(2);
  });

  test('have tokens of another lineage when a pipeline begins from nothing again', async () => {
    const values = readings(100, 6);
    const outside = new Outside();
    for (let life = 0; life < 2; life++) {
      const made = sumsTo(outside, 'at-least-once');
      const bench = new Bench(made, 2, undefined, [], undefined, life * 5_000);
      bench.send(values);
      await bench.settle();
      await bench.job.checkpoint();
      await bench.settle();
      bench.engine.stopNow();
    }
    const { size } = new Set(outside.batches.map(({ token }) => token.text));
    expect(size).toBe(outside.batches.length);
    expect(outside.byLast).toEqual(outside.byAll);
    expect(outside.byAll).toHaveLength(2 * sumsOf(outside.byAll).size);
  });

  test('hold the pipeline back when nobody takes them, and say so', async () => {
    const values = readings(400, 8);
    const outside = new Outside();
    outside.behave = () => 'lost';
    const bench = new Bench(sumsTo(outside, 'at-least-once'), 2);
    const { job, clock } = bench;
    bench.send(values.slice(0, 200));
    await bench.settle();
    const committed = job.checkpoint();
    await bench.settle();
    await committed;
    const next = job.checkpoint();
    bench.send(values.slice(200));
    for (let i = 0; i < 100; i++) await bench.steps(10);
    expect(job.epoch).toBe(1);
    const { delivery, heldBytes } = job.stats();
    expect(delivery).toMatchObject({ delivered: 0, slowest: { sink: 'database' } });
    expect(delivery?.waiting).toBeGreaterThan(20);
    expect(delivery?.failures).toBeGreaterThan(5);
    expect(delivery?.slowest?.error).toBe('Error: lost');
    expect(heldBytes).toBeGreaterThan(0);
    const [why] = job.why('database');
    expect(why).toMatchObject({ step: 'database', by: 'the system outside' });
    expect(why.text).toMatch(/"database" has not taken a batch.*calls have failed.*Error: lost\./);
    expect(job.why()[0].step).toBe('database');
    expect(job.why('sum').every(({ step }) => step === 'sum')).toBe(true);
    outside.behave = () => 'later';
    clock.advance(30_000);
    await bench.settle();
    await next;
    expect(job.why().every(({ step }) => step !== 'database')).toBe(true);
    await bench.end();
    expectOnce(outside, values);
  });

  test('are waited for by who waits until the pipeline has caught up', async () => {
    const values = readings(300, 12);
    const outside = new Outside();
    outside.behave = () => 'later';
    const bench = new Bench(sumsTo(outside, 'at-least-once'), 2);
    bench.send(values);
    await bench.job.caughtUp();
    expect(bench.job.stats().delivery).toMatchObject({ waiting: 0 });
    expect(outside.byAll.length).toBe(bench.job.stats().out);
    expect(outside.byAll.length).toBeGreaterThan(10);
    await bench.end();
    expectOnce(outside, values);
  });

  test('stop the pipeline when they may not be tried again, and come again with the next run', async () => {
    const values = readings(200, 13);
    const driver = new MemoryDriver();
    const outside = new Outside();
    outside.behave = () => 'lost';
    const failing = new Bench(sumsTo(outside, 'at-least-once', { retries: 2 }), 1, driver);
    failing.send(values);
    await failing.settle();
    await failing.job.checkpoint();
    await expect(
      (async () => {
        await failing.settle();
        await failing.job.drained();
      })(),
    ).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: expect.stringMatching(/"database" of the pipeline "sums".*3 calls.*Error: lost/),
    });
    failing.engine.stopNow();
    outside.behave = () => 'later';
    const bench = new Bench(sumsTo(outside, 'at-least-once'), 2, driver, values);
    await bench.end();
    expectOnce(outside, values);
  });

  test('have a connection for each task, which ends with it', async () => {
    const values = readings(200, 14);
    const told: string[] = [];
    let connections = 0;
    const outside = new Outside();
    const bench = new Bench(
      sumsTo(
        {
          open: async ({ task }) => {
            told.push(`open for ${task}`);
            return ++connections;
          },
          write: outside.write,
          close: async connection => {
            await turn();
            told.push(`close ${connection}`);
          },
        },
        'at-least-once',
      ),
      2,
    );
    bench.send(values);
    await bench.end();
    expectOnce(outside, values);
    expect(told.toSorted()).toEqual(['close 1', 'close 2', 'open for 3', 'open for 4']);
  });
});

describe('a snapshot with results for a system outside', () => {
  async function taken(options: DeliverOptions<Sum> = {}): Promise<MemoryDriver> {
    const driver = new MemoryDriver();
    const outside = new Outside();
    outside.behave = () => 'lost';
    const bench = new Bench(sumsTo(outside, 'at-least-once', options), 1, driver);
    bench.send(readings(100, 3));
    await bench.settle();
    await bench.job.checkpoint();
    bench.engine.stopNow();
    return driver;
  }

  function other(options?: DeliverOptions<Sum>): Pipeline {
    const outside = new Outside();
    if (options !== undefined) return sumsTo(outside, 'at-least-once', options);
    const sums = pipeline('sums', { checkpoint: {} });
    return sums
      .from('in', json<Reading>())
      .keyBy(({ k }) => k)
      .window(tumbling(50), { name: 'sum' })
      .aggregate({ create: () => 0, add: (sum, { n }) => sum + n })
      .to('out', json());
  }

  test.each([
    ['the pipeline has not', undefined, /\d+ results for a sink "database", which the pipeline/],
    ['encodes otherwise', { serde: json<Sum>() }, /by plain values, and it takes json/],
  ])('is refused when it is of a sink that %s', async (_, options, message) => {
    const driver = await taken();
    const engine = new LocalEngine({
      automatic: false,
      epochs: driver,
      topics: { shards: SHARDS },
    });
    expect(() => engine.add(other(options))).toThrow(
      expect.objectContaining({ code: 'STATE_MISFIT', message: expect.stringMatching(message) }),
    );
    engine.stopNow();
  });
});

describe('a serde', () => {
  test("of one's own keeps the results, and those that lie in records come as copies", async () => {
    const bid = table('Bid', { item: 'string', price: 'int' });
    const got: unknown[] = [];
    const p = pipeline('bids', { checkpoint: {} })
      .from('in', bid)
      .deliver('shop', { write: results => void got.push(...results) }, { serde: bid });
    const engine = new LocalEngine({ automatic: false, topics: { shards: 1 } });
    const job = engine.add(p);
    for (const item of ['a', 'b', 'a'.repeat(20_000)]) {
      const value = bid.encode({ item, price: item.length });
      engine.topic('in').append({ key: item[0], value, timestamp: 5 });
    }
    engine.topic('in').end();
    await job.drained();
    expect(got).toEqual([
      { key: 'a', timestamp: 5, value: { item: 'a', price: 1 } },
      { key: 'b', timestamp: 5, value: { item: 'b', price: 1 } },
      { key: 'a', timestamp: 5, value: { item: 'a'.repeat(20_000), price: 20_000 } },
    ]);
    engine.stopNow();
  });

  test('that cannot encode a value makes it a dead letter', async () => {
    const got: unknown[] = [];
    const p = pipeline('p', { checkpoint: {} })
      .from('in', text())
      .map(value => (value === 'bad' ? () => value : new Map([[value, new Date(5)]])))
      .deliver('out', { write: results => void got.push(...results.map(({ value }) => value)) });
    const engine = new LocalEngine({ automatic: false, topics: { shards: 1 } });
    const job = engine.add(p);
    for (const value of ['good', 'bad']) engine.topic('in').append({ value });
    engine.topic('in').end();
    await job.drained();
    expect(got).toEqual([new Map([['good', new Date(5)]])]);
    expect(job.stats()).toMatchObject({ in: 2, out: 1, deadLetters: 1 });
    engine.stopNow();
  });
});

describe('the builder', () => {
  const write = () => {};
  const from = () => pipeline('p', { checkpoint: {} }).from('in', text());

  test.each([
    ['no connector', () => from().deliver('x', undefined as never), /"x" has no connector/],
    ['no write', () => from().deliver('x', {} as never), /function as its connector's write/],
    ['open', () => from().deliver('x', { write, open: 5 as never }), /connector's open/],
    ['a batch of 0', () => from().deliver('x', { write }, { maxBatch: 0 }), /maxBatch 0/],
    ['retries', () => from().deliver('x', { write }, { retries: -1 }), /the retries -1/],
    ['a timeout', () => from().deliver('x', { write }, { timeout: 0 }), /the timeout 0/],
    ['a backoff', () => from().deliver('x', { write }, { backoff: '1w' as never }), /backoff "1w"/],
    ['no name', () => from().deliver('', { write }), /has the name ""/],
    ['a serde', () => from().deliver('x', { write }, { serde: {} as never }), /"x" has no serde/],
    [
      'views',
      () =>
        pipeline('p', { checkpoint: {} })
          .from('in', table('T', { n: 'int' }))
          .deliver('x', { write }),
      /"x" gets views of records/,
    ],
    [
      'no checkpoints',
      () => pipeline('p').from('in', text()).deliver('x', { write }),
      /"x" hands on what committed epochs gave.*checkpoint.*mapAsync/,
    ],
    [
      'a step behind it',
      () => (from().deliver('x', { write }) as never as { map(): void }).map(),
      /comes after \.deliver\("x"\)/,
    ],
    [
      'a window before it',
      () => (from().window(tumbling(5)) as never as { deliver(): void }).deliver(),
      /is followed by \.deliver\(\)/,
    ],
  ])('refuses %s', (_, build, message) => {
    expect(build).toThrow(
      expect.objectContaining({
        code: 'INVALID_PIPELINE',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('shows where results leave', () => {
    const p = pipeline('p', { checkpoint: {} });
    const [one, two] = p.from('in', text()).fork(2);
    one.to('out', text());
    two.deliver('database', { write }, { maxBatch: 50 });
    expect(p.explain({ shards: 1, processors: 1 })).toContain(
      'database: results of committed epochs to a system outside, 50 at a time, plain values, from stream 1',
    );
    expect(p.explain({ format: 'mermaid', shards: 1 })).toContain('s0n3{{"database"}}');
  });
});

describe('a pipeline under test', () => {
  test('hands its results to the test, and not to the system', () => {
    const sums = sumsTo(
      {
        write: () => {
          throw new Error('not in a test');
        },
      },
      'at-least-once',
    );
    using run = testPipeline(sums);
    for (const t of [10, 20, 70, 200]) run.push({ k: 'a', t, n: t }, { key: 'a' });
    expect(run.delivered()).toEqual([]);
    run.advance(3_600_000);
    expect(run.delivered().map(({ value }) => value)).toEqual([
      { key: 'a', start: 0, sum: 30 },
      { key: 'a', start: 50, sum: 70 },
    ]);
    run.end();
    expect(run.delivered('database')).toEqual([
      { key: 'a', timestamp: 249, value: { key: 'a', start: 200, sum: 200 } },
    ]);
    expect(run.counters).toMatchObject({ in: 4, out: 3 });
    expect(() => run.delivered('other')).toThrow(/"database", not "other"/);
    expect(() => run.output()).toThrow(/no topic/);
  });
});
