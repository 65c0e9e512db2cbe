import type { Topic } from '@lite-streams/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Row } from './join-pipeline.ts';
import { type AnyEngine, runtimes } from './runtimes.ts';
import { cases } from './window-cases.ts';

/** What comes out, as `left right` with `-` for none, and its time. */
type Results = [pair: string, timestamp: number][];
type Sides = { readonly left: readonly Row[]; readonly right: readonly Row[] };

/** Runs a join over rows that two producers a side send, each its part in order. */
async function run(engine: AnyEngine, join: string, rows: Sides): Promise<Results> {
  const topics = { left: engine.topic(`left of ${join}`), right: engine.topic(`right of ${join}`) };
  const results = engine.topic(`results of ${join}`);
  const job = await engine.run(
    new URL(`./join-pipeline.ts?join=${encodeURIComponent(join)}`, import.meta.url),
  );
  for (const side of ['left', 'right'] as const) {
    const producers = [topics[side].producer(), topics[side].producer()];
    for (const [at, row] of rows[side].entries()) {
      await producers[at % 2].send({ key: row.key, value: JSON.stringify(row) });
    }
    for (const producer of producers) await producer.close();
    topics[side].end();
  }
  await job.drained();
  const stats = await job.stats();
  expect(stats).toMatchObject({ late: 0, deadLetters: 0 });
  return read(results);
}

function read(topic: Topic): Results {
  const consumer = topic.consume({ group: 'test' });
  const found: Results = [];
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    for (const record of batch) found.push([JSON.parse(record.text), record.timestamp]);
  }
  consumer.close();
  return sorted(found);
}

const sorted = (results: Results): Results =>
  results.toSorted(([a, at], [b, bt]) => (a === b ? at - bt : a < b ? -1 : 1));

/** Rows whose times go on by 3, and lie up to 40 back. */
function someRows(count: number, seed: number): Row[] {
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  return Array.from({ length: count }, (_, id) => {
    return { id, key: `key ${random(5)}`, at: id * 3 - random(40) };
  });
}

const rows: Sides = { left: someRows(120, 1), right: someRows(120, 2) };

type Model = (sides: Sides) => Results;
const all = (
  { left, right }: Sides,
  partners: (l: Row, r: Row) => readonly number[],
): { results: Results; lonely: { left: Row[]; right: Row[] } } => {
  const met = new Set<Row>();
  const results: Results = [];
  for (const l of left) {
    for (const r of right) {
      if (l.key !== r.key) continue;
      for (const time of partners(l, r)) {
        results.push([`${l.id} ${r.id}`, time]);
        met.add(l).add(r);
      }
    }
  }
  const lonely = { left: left.filter(l => !met.has(l)), right: right.filter(r => !met.has(r)) };
  return { results, lonely };
};

const within =
  (lower: number, upper: number, type: 'inner' | 'full'): Model =>
  sides => {
    const { results, lonely } = all(sides, (l, r) =>
      r.at >= l.at + lower && r.at <= l.at + upper ? [Math.max(l.at, r.at)] : [],
    );
    if (type === 'inner') return results;
    const lefts = lonely.left.map(({ id, at }): Results[number] => [`${id} -`, at]);
    const rights = lonely.right.map(({ id, at }): Results[number] => [`- ${id}`, at]);
    return [...results, ...lefts, ...rights];
  };

const startsOf = (at: number, size: number, slide: number): number[] => {
  const starts: number[] = [];
  for (let start = Math.floor(at / slide) * slide; start > at - size; start -= slide) {
    starts.push(start);
  }
  return starts;
};

const inWindows =
  (size: number, slide: number): Model =>
  sides =>
    all(sides, (l, r) => {
      const others = new Set(startsOf(r.at, size, slide));
      return startsOf(l.at, size, slide)
        .filter(start => others.has(start))
        .map(start => start + size - 1);
    }).results;

const inSessions =
  (gap: number): Model =>
  ({ left, right }) => {
    const sessionOf = new Map<Row, number>();
    for (const key of new Set([...left, ...right].map(row => row.key))) {
      const ofKey = [...left, ...right]
        .filter(row => row.key === key)
        .toSorted((a, b) => a.at - b.at);
      let open: Row[] = [];
      const close = (): void => {
        for (const row of open) sessionOf.set(row, open[open.length - 1].at + gap - 1);
      };
      for (const row of ofKey) {
        if (open.length > 0 && row.at > open[open.length - 1].at + gap) {
          close();
          open = [];
        }
        open.push(row);
      }
      close();
    }
    return all({ left, right }, (l, r) => {
      const end = sessionOf.get(l) as number;
      return sessionOf.get(r) === end ? [end] : [];
    }).results;
  };

const lastBefore = ({ left, right }: Sides): Results =>
  left.map(({ id, key, at }) => {
    const before = right.filter(r => r.key === key && r.at <= at);
    const newest = Math.max(...before.map(r => r.at));
    // Of one time the last to come counts: two producers send in turn, but a key has one shard.
    const seen = before.findLast(r => r.at === newest);
    return [`${id} ${seen?.id ?? '-'}`, at];
  });

const models: [join: string, model: Model][] = [
  ['inner interval', within(-20, 30, 'inner')],
  ['full interval', within(-20, 30, 'full')],
  ['inner tumbling', inWindows(40, 40)],
  ['inner hopping', inWindows(60, 20)],
  ['inner session', inSessions(15)],
  ['inner unbounded', within(-25, 25, 'inner')],
  ['left asOf', lastBefore],
  ['inner lookup', sides => all(sides, l => [l.at]).results],
];

describe.each(runtimes)('runtime $name', ({ start }) => {
  let engine: AnyEngine;
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine.stop());

  test.each(cases.intervalJoin.map((one, number) => ({ ...one, number })))(
    'interval $lower to $upper ($source)',
    async ({ number, left, right, pairs }) => {
      const toRow = (at: number): Row => ({ id: at, key: 'k', at });
      const sides = { left: left.map(toRow), right: right.map(toRow) };
      const expected = pairs.map(([l, r]): Results[number] => [`${l} ${r}`, Math.max(l, r)]);
      expect(await run(engine, `inner case ${number}`, sides)).toEqual(sorted(expected));
    },
  );

  test.each(models)('%s join: what a nested loop gives', async (join, model) => {
    const expected = sorted(model(rows));
    expect(expected.length).toBeGreaterThan(100);
    expect(await run(engine, join, rows)).toEqual(expected);
  });
});
