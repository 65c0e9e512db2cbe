import { expect, test } from 'vitest';
import { count } from '../aggregate/count.ts';
import { json } from '../serde/json.ts';
import { VirtualClock } from '../time/clock.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { LocalEngine } from './local-runtime.ts';

const START_MS = Date.UTC(2026, 0, 1);

function running() {
  const clock = new VirtualClock(START_MS);
  const engine = new LocalEngine({ automatic: false, clock, processors: 2, topics: { shards: 1 } });
  const p = pipeline('p');
  p.from('a', json<string>())
    .merge(p.from('b', json<string>(), { idleTimeout: '1m' }))
    .keyBy(key => key)
    .window(tumbling(10), { name: 'counts' })
    .aggregate(count())
    .window(tumbling(100), { name: 'sums' })
    .aggregate(count())
    .to('out', json());
  const job = engine.add(p);
  const why = (step?: string) => job.why(step) as Awaited<ReturnType<typeof job.why>>;
  return { clock, engine, why, a: engine.topic('a'), b: engine.topic('b') };
}

test('time is followed from the window back to the producer that it waits for', async () => {
  const { clock, engine, why, a, b } = running();
  const [fast, slow, other] = [a.producer(), a.producer(), b.producer()];
  clock.advance(500);
  await fast.send({ value: '"x"', timestamp: 50 });
  await slow.send({ value: '"x"', timestamp: 20 });
  await other.send({ value: '"x"', timestamp: 70 });
  engine.settle();
  clock.advance(5_000);
  engine.settle();
  const held = why();
  expect(held).toMatchObject([
    {
      step: 'counts',
      stage: 2,
      watermark: 19,
      sinceMs: START_MS + 500,
      by: `producer ${slow.id} on shard 0 of "a"`,
      at: 19,
      furthest: 69,
    },
    { step: 'sums', stage: 2, watermark: 19 },
  ]);
  expect(held[0].text).toBe(
    'It is 1970-01-01T00:00:00.019Z in "counts" (task 0 of stage 2), since 2026-01-01T00:00:00.500Z ' +
      `by the clock: it waits for producer ${slow.id} on shard 0 of "a", which is at ` +
      '1970-01-01T00:00:00.019Z; the furthest input is at 1970-01-01T00:00:00.069Z.',
  );
  expect(why('sums').map(({ step }) => step)).toEqual(['sums']);
  await slow.close();
  engine.settle();
  expect(why('counts')).toMatchObject([
    { watermark: 49, sinceMs: START_MS + 5_500, by: `producer ${fast.id} on shard 0 of "a"` },
  ]);
  await engine.stop();
});

test('an input that nobody writes to, and inputs that are all idle, are told', async () => {
  const { clock, engine, why, a, b } = running();
  const other = b.producer();
  await other.send({ value: '"x"', timestamp: 70 });
  engine.settle();
  expect(why('counts')).toMatchObject([
    { by: 'shard 0 of "a", which no producer has open', watermark: Number.NEGATIVE_INFINITY },
  ]);
  expect(why('counts')[0].text).toContain('It is before all time in "counts"');
  a.end();
  engine.settle();
  expect(why('counts')).toMatchObject([{ by: `producer ${other.id} on shard 0 of "b"`, at: 69 }]);
  clock.advance(60_001);
  engine.settle();
  expect(why('counts')[0]).toMatchObject({ by: 'task 0 of stage 2, whose inputs are all idle' });
  // It wakes before the end of time, though the other topic has come there.
  await other.send({ value: '"x"', timestamp: 75 });
  engine.settle();
  expect(why('counts')).toMatchObject([{ by: `producer ${other.id} on shard 0 of "b"`, at: 74 }]);
  await other.close();
  b.end();
  engine.settle();
  expect(why()).toEqual([]);
  await engine.stop();
});
