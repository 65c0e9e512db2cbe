import type { Topic } from '@lite-streams/core';
import { unaccounted } from '@lite-streams/core/internal';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { testPipeline } from '../../packages/core/src/testing/index.ts';
import graph, {
  DISORDER,
  expected,
  INPUTS,
  type Move,
  type Moves,
  OUTPUTS,
} from './graph-pipeline.ts';
import { runtimes } from './runtimes.ts';

/** Moves of one topic, in an order that no record is late in. */
const topicMoves = (most: number) =>
  fc
    .array(
      fc.record({
        account: fc.constantFrom('a', 'b', 'c', 'd'),
        amount: fc.integer({ min: -20, max: 80 }),
        at: fc.nat({ max: 1_000 }),
        shift: fc.nat({ max: DISORDER - 1 }),
      }),
      { maxLength: most },
    )
    .map(moves =>
      moves
        .toSorted((a, b) => a.at + a.shift - b.at - b.shift)
        .map(({ shift: _, ...move }) => move),
    );

const movesOf = (most: number) =>
  fc.record({ deposits: topicMoves(most), withdrawals: topicMoves(most), fees: topicMoves(most) });

/** Gives every move a number of its own. */
function numbered(drawn: Readonly<Record<string, readonly Omit<Move, 'id'>[]>>): Moves {
  let id = 0;
  const entries = Object.entries(drawn).map(
    ([topic, moves]) => [topic, moves.map(move => ({ ...move, id: ++id }))] as const,
  );
  return Object.fromEntries(entries) as unknown as Moves;
}

test('a graph gives the same for any shards, processors and producers, and its counts add up', () => {
  const layout = fc.record({
    shards: fc.integer({ min: 1, max: 3 }),
    processors: fc.integer({ min: 1, max: 3 }),
    stepRecords: fc.constantFrom(1, 7, 256),
    producers: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(movesOf(15), layout, (drawn, { producers, ...options }) => {
      const moves = numbered(drawn);
      using run = testPipeline(graph, options);
      for (const topic of INPUTS) {
        for (let i = 0; i < producers; i++) run.producer(String(i), topic);
      }
      for (const topic of INPUTS) {
        for (const [i, move] of moves[topic].entries()) {
          run.push(move, { topic, key: move.account, producer: String(i % producers) });
        }
      }
      run.end();
      const found = OUTPUTS.map(topic => [topic, run.output(topic).sort()]);
      expect(Object.fromEntries(found)).toEqual(expected(moves));
      expect(run.counters).toMatchObject({ deadLetters: 0, late: 0 });
    }),
    { numRuns: 80 },
  );
});

describe.each(runtimes)('runtime $name', ({ start }) => {
  test.each([1, 3])('a graph fed by %d producers a topic', async producers => {
    const [drawn] = fc.sample(movesOf(400), { numRuns: 1, seed: producers });
    const moves = numbered(drawn);
    const engine = await start();
    try {
      const readers = OUTPUTS.map(topic => engine.topic(topic).consume({ group: 'test' }));
      const job = await engine.run(new URL('./graph-pipeline.ts', import.meta.url));
      await Promise.all(INPUTS.map(topic => send(engine.topic(topic), moves[topic], producers)));
      await job.drained();
      const found = readers.map((reader, i) => {
        const values: unknown[] = [];
        for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
          batch.forEach(record => {
            values.push(JSON.parse(record.text));
          });
        }
        return [OUTPUTS[i], values.sort()];
      });
      expect(Object.fromEntries(found)).toEqual(expected(moves));
      const stats = await job.stats();
      expect(unaccounted(stats)).toBe(0);
      expect(stats).toMatchObject({ in: INPUTS.reduce((n, topic) => n + moves[topic].length, 0) });
    } finally {
      await engine.stop();
    }
  });
});

/** All producers are open before the first one sends. */
async function send(topic: Topic, moves: readonly Move[], count: number): Promise<void> {
  const producers = Array.from({ length: count }, () => topic.producer());
  for (const [i, move] of moves.entries()) {
    await producers[i % count].send({ key: move.account, value: JSON.stringify(move) });
  }
  for (const producer of producers) await producer.close();
  topic.end();
}
