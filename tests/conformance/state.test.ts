import type { Topic } from '@lite-streams/core';
import { Engine } from '@lite-streams/workers';
import { describe, expect, test } from 'vitest';
import { runtimes } from './runtimes.ts';
import type { Question } from './state/lookups.ts';
import { DISORDER, type Payment, ROUND, type Round } from './state/rounds.ts';

/** A small generator with a seed, the same everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function payments(): Payment[] {
  const next = random(7);
  return Array.from({ length: 600 }, (_, i) => ({
    account: `account ${next(9)}`,
    from: `p${next(4)}`,
    at: Math.max(0, i * 3 - next(DISORDER)),
    amount: next(40) === 0 ? -1 : next(50),
  }));
}

/** What the rounds must be: every payment that no other one within the time is equal to, by round. */
function expectedRounds(all: readonly Payment[]): Round[] {
  const passed: Payment[] = [];
  const rounds = new Map<string, Payment[]>();
  for (const one of all) {
    const isSame = (other: Payment) =>
      other.account === one.account &&
      other.from === one.from &&
      other.amount === one.amount &&
      Math.abs(other.at - one.at) < 5;
    if (passed.some(isSame)) continue;
    passed.push(one);
    if (one.amount < 0) continue;
    const name = `${one.account}/${Math.floor(one.at / ROUND) * ROUND + ROUND}`;
    rounds.set(name, [...(rounds.get(name) ?? []), one]);
  }
  return [...rounds].map(([name, mine]) => {
    const [account, ends] = name.split('/');
    const byPayer = new Map<string, number>();
    for (const { from, amount } of mine) byPayer.set(from, (byPayer.get(from) ?? 0) + amount);
    return {
      account,
      ends: Number(ends),
      sum: mine.reduce((sum, { amount }) => sum + amount, 0),
      byPayer: [...byPayer].sort(),
      times: mine.map(({ at }) => at).sort((one, other) => one - other),
    };
  });
}

const withFiles = {
  name: 'with threads, state in files',
  start: () => Engine.start({ processors: 2, stateBackend: 'lmdb' }),
};

describe.each([...runtimes, withFiles])('runtime $name', ({ start }) => {
  test('state, timers of event time and dedupe, by key', async () => {
    const engine = await start();
    try {
      const all = payments();
      const rounds = reader<Round>(engine.topic('rounds'));
      const job = await engine.run(new URL('./state/rounds.ts', import.meta.url));
      const producer = engine.topic('payments').producer();
      // All on one shard, so that what is equal comes in the order in which it is sent.
      for (const one of all) await producer.send({ key: 'all', value: JSON.stringify(one) });
      await producer.close();
      engine.topic('payments').end();
      await job.drained();
      const found = rounds();
      const expected = expectedRounds(all);
      const inOrder = (one: Round, other: Round) =>
        one.account.localeCompare(other.account) || one.ends - other.ends;
      expect(found.toSorted(inOrder)).toEqual(expected.toSorted(inOrder));
      const stats = await job.stats();
      expect(stats).toMatchObject({ in: all.length, fired: found.length, out: found.length });
      expect(stats.deadLetters).toBeGreaterThan(0);
      expect(stats.processed + stats.duplicates + stats.deadLetters).toBe(all.length);
    } finally {
      await engine.stop();
    }
  });

  test.each(['ordered', 'unordered'])('calls that take their time, %s', async how => {
    const engine = await start();
    try {
      const answers = reader<{ n: number }>(engine.topic('answers'));
      const job = await engine.run(new URL(`./state/lookups.ts?${how}`, import.meta.url));
      const topic = engine.topic('questions');
      const producer = topic.producer();
      for (let id = 0; id < 400; id++) {
        const question: Question = { id, at: id };
        await producer.send({ key: String(id % 7), value: JSON.stringify(question) });
      }
      await producer.close();
      topic.end();
      await job.drained();
      const counted = answers().reduce((sum, { n }) => sum + n, 0);
      expect(await job.stats()).toMatchObject({ in: 400, windowed: 392, late: 0, deadLetters: 8 });
      expect(counted).toBe(392);
      expect(
        topic
          .groups()
          .flatMap(({ shards }) => shards)
          .every(one => one.lag === 0),
      ).toBe(true);
    } finally {
      await engine.stop();
    }
  });

  test('a timer by the clock fires though nothing comes', async () => {
    const engine = await start();
    try {
      const consumer = engine.topic('alarms').consume({ group: 'test' });
      const job = await engine.run(new URL('./state/alarms.ts', import.meta.url));
      for (const event of ['a', 'b', 'c']) engine.topic('events').append({ value: `"${event}"` });
      const alarms: unknown[] = [];
      for await (const batch of consumer) {
        for (const record of batch) alarms.push(JSON.parse(record.text));
        if (alarms.length === 3) break;
      }
      expect(alarms).toEqual(
        expect.arrayContaining(
          ['a', 'b', 'c'].map(key => ({ key, kind: 'processing', early: false, after: 20 })),
        ),
      );
      await job.stop();
    } finally {
      await engine.stop();
    }
  });
});

/** Returns what was appended since the last call. */
function reader<T>(topic: Topic): () => T[] {
  const consumer = topic.consume({ group: 'test' });
  return () => {
    const values: T[] = [];
    for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
      for (const record of batch) values.push(JSON.parse(record.text));
    }
    return values;
  };
}
