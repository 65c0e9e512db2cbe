import {
  boundedOutOfOrderness,
  count,
  counting,
  every,
  everyCount,
  global,
  hopping,
  json,
  LocalEngine,
  type Pipeline,
  pipeline,
  session,
  sum,
  tumbling,
  VirtualClock,
} from '@lite-streams/core';
import { unaccounted } from '@lite-streams/core/internal';
import { testPipeline } from '@lite-streams/core/testing';
import { Engine } from '@lite-streams/workers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

interface Event {
  readonly key: string;
  readonly at: number;
  readonly n: number;
}

const BOUND = 8;

/** Windows whose results depend on the values and their times alone, and not on the order of arrival. */
const kinds: Record<string, (name: string) => Pipeline> = {
  tumbling: name => from(name).window(tumbling(10)).aggregate(sums).to('out', json()),
  hopping: name => from(name).window(hopping(12, 3)).aggregate(sums).to('out', json()),
  'hopping, without merge': name =>
    from(name)
      .window(hopping(12, 3))
      .aggregate({
        create: () => ({ n: 0, total: 0 }),
        add: ({ n, total }, v) => ({ n: n + 1, total: total + v.n }),
      })
      .to('out', json()),
  session: name => from(name).window(session(5)).aggregate(sums).to('out', json()),
  'session, without a key': name =>
    pipeline(name)
      .from('in', json<Event>(), {
        timestamp: ({ at }) => at,
        watermark: boundedOutOfOrderness(BOUND),
      })
      .window(session(3))
      .aggregate(sums)
      .to('out', json()),
  'session on closing': name =>
    from(name)
      .window(session(5), { allowedLateness: 7, emit: 'on-close' })
      .aggregate(sums)
      .to('out', json()),
  'global, at the end': name => from(name).window(global()).aggregate(sums).to('out', json()),
};

const sums = { n: count(), total: sum((v: Event) => v.n) };

function from(name: string) {
  return pipeline(name)
    .from('in', json<Event>(), {
      timestamp: ({ at }) => at,
      watermark: boundedOutOfOrderness(BOUND),
    })
    .keyBy(({ key }) => key);
}

/**
 * Events whose disorder stays within the bound, by 1 ms: at the very tie an event may touch a session that
 * the watermark has just closed, and what becomes of it depends on the order, as docs/windows.md says.
 */
const inBound = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      step: fc.integer({ min: 0, max: 6 }),
      behind: fc.integer({ min: 0, max: BOUND - 1 }),
      n: fc.integer({ min: 1, max: 9 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map(steps => {
    let latest = 0;
    return steps.map(({ key, step, behind, n }): Event => {
      latest += step;
      return { key, at: latest - behind, n };
    });
  });

interface Way {
  readonly shards: number;
  readonly processors: number;
  readonly producers: number;
  readonly stepRecords: number;
  /** How far the clock moves between two records: the speed of the replay. */
  readonly pauseMs: number;
}

/** What comes out, in its order; and that all is accounted for. `memories` gets what the topics hold. */
function outputOf(
  make: (name: string) => Pipeline,
  events: readonly Event[],
  way: Way,
  memories?: Buffer[],
): string[] {
  const clock = new VirtualClock();
  const engine = new LocalEngine({
    automatic: false,
    clock,
    processors: way.processors,
    stepRecords: way.stepRecords,
    topics: { shards: way.shards, shardBytes: 65_536, slots: 1024 },
  });
  try {
    const made = make('p');
    const out = engine.topic('out').consume({ group: 'test', from: 'earliest' });
    const job = engine.add(made);
    const producers = Array.from({ length: way.producers }, () => engine.topic('in').producer());
    for (const [i, event] of events.entries()) {
      const producer = producers[i % producers.length];
      producer.sendSync({ key: event.key, value: JSON.stringify(event) });
      producer.flushSync();
      engine.settle();
      clock.advance(way.pauseMs);
    }
    for (const producer of producers) producer.closeSync();
    engine.topic('in').end();
    engine.settle();
    const rows: string[] = [];
    for (let batch = out.poll(); batch !== undefined; batch = out.poll()) {
      batch.forEach(({ key, text, timestamp }) => {
        rows.push(`${key} ${timestamp} ${text}`);
      });
    }
    for (const name of ['in', 'out', 'p.dead-letters']) {
      for (const { u8 } of engine.topic(name).shards) memories?.push(Buffer.from(u8));
    }
    const counts = job.stats();
    expect(counts).toMatchObject({ in: events.length, late: 0, deadLetters: 0 });
    expect(unaccounted(counts)).toBe(0);
    return rows;
  } finally {
    engine.stopNow();
  }
}

const one: Way = { shards: 1, processors: 1, producers: 1, stepRecords: 256, pauseMs: 0 };
const ways: readonly Way[] = [
  { shards: 3, processors: 2, producers: 1, stepRecords: 1, pauseMs: 0 },
  { shards: 2, processors: 3, producers: 3, stepRecords: 7, pauseMs: 1 },
  { shards: 1, processors: 2, producers: 1, stepRecords: 256, pauseMs: 3_600_000 },
];

describe('the same results whatever the shards, processors, producers, steps, and the speed of replay', () => {
  test.each(Object.entries(kinds))('%s', (_, make) => {
    fc.assert(
      fc.property(inBound, events => {
        const expected = outputOf(make, events, one).sort();
        for (const way of ways) expect(outputOf(make, events, way).sort()).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});

describe('processing time', () => {
  const clicks = (name: string) =>
    pipeline(name)
      .from('in', json<number>())
      .keyBy(n => n % 2);

  test('windows go by the clock that is given', () => {
    using run = testPipeline(
      clicks('p')
        .window(tumbling(100), { time: 'processing' })
        .aggregate(count())
        .to('out', json()),
    );
    for (const n of [1, 2, 3]) run.push(n, { timestamp: 12_345_678 });
    run.advance(99);
    expect(run.output()).toEqual([]);
    run.push(5);
    run.advance(1);
    expect(run.output().sort()).toEqual([1, 3]);
    run.push(7);
    run.end();
    expect(run.output()).toEqual([1]);
  });

  test('early results by the clock, and timers of a trigger', () => {
    using run = testPipeline(
      clicks('p')
        .window(global(), {
          trigger: {
            onRecord(_, { timer }) {
              timer(250, 'processing');
              return 'continue';
            },
            onTime: () => 'fire-and-purge',
          },
        })
        .aggregate(count())
        .to('out', json()),
    );
    run.push(1);
    run.push(3);
    run.advance(249);
    expect(run.output()).toEqual([]);
    run.advance(1);
    expect(run.output()).toEqual([2]);
  });

  test('a thread wakes for a window without further input', async () => {
    const engine = await Engine.start({ processors: 1 });
    try {
      const out = engine.topic('counts').consume({ group: 'test', from: 'earliest' });
      await engine.run(new URL('./processing-pipeline.ts', import.meta.url));
      for (const value of ['1', '2', '3']) engine.topic('in').append({ value });
      let counted = 0;
      while (counted < 3) {
        const { value: batch } = await out.next();
        if (batch === undefined) break;
        batch.forEach(({ text }) => {
          counted += Number(text);
        });
      }
      expect(counted).toBe(3);
    } finally {
      await engine.stop();
    }
  });
});

describe('two runs give the same, in the same order', () => {
  const orders: Record<string, (name: string) => Pipeline> = {
    ...kinds,
    'early by count': name =>
      from(name)
        .window(session(5), { early: everyCount(2), allowedLateness: 5 })
        .aggregate(sums)
        .to('out', json()),
    'early by time': name =>
      from(name)
        .window(tumbling(20), { early: every(5), panes: 'discarding' })
        .aggregate(sums)
        .to('out', json()),
    counting: name => from(name).window(counting(3)).aggregate(sums).to('out', json()),
  };

  const way: Way = { shards: 2, processors: 2, producers: 2, stepRecords: 3, pauseMs: 1 };

  test.each(Object.entries(orders))('%s', (_, make) => {
    fc.assert(
      fc.property(inBound, events => {
        expect(outputOf(make, events, way)).toEqual(outputOf(make, events, way));
      }),
      { numRuns: 12 },
    );
  });

  test.each(Object.entries(orders))('%s: to the byte, of all shards of every topic', (_, make) => {
    const [events] = fc.sample(inBound, { numRuns: 1, seed: 7 });
    const [first, second] = [1, 2].map(() => {
      const memories: Buffer[] = [];
      outputOf(make, events, way, memories);
      return Buffer.concat(memories);
    });
    expect(first.equals(second)).toBe(true);
  });
});
