import { describe, expect, test } from 'vitest';
import { bytes } from '../serde/bytes.ts';
import { json } from '../serde/json.ts';
import { records } from '../serde/records.ts';
import { testPipeline } from '../testing/test-pipeline.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { LocalEngine } from './local-runtime.ts';

interface Order {
  readonly id: number;
  readonly at: number;
}

const orders = (name: string) =>
  pipeline(name).from('orders', json<Order>(), { timestamp: ({ at }) => at });

const turn = () => new Promise<void>(resolve => setImmediate(resolve));

test('results come before the watermark behind their inputs', async () => {
  const slow = orders('slow')
    .mapAsync(async ({ id }) => {
      for (let i = 0; i < 5 - id; i++) await turn();
      return id;
    })
    .keyBy(() => 'all')
    .window(tumbling(10))
    .process((_key, ids, { end }) => `${ids.join()} until ${end}`)
    .to('sums', json<string>());
  using run = testPipeline(slow);
  for (let id = 0; id < 4; id++) run.push({ id, at: id * 5 });
  expect(run.output()).toEqual([]);
  await run.settled();
  expect(run.output()).toEqual(['0,1 until 10']);
  run.end();
  await run.settled();
  expect(run.output()).toEqual(['2,3 until 20']);
  expect(run.counters).toMatchObject({ in: 4, windowed: 4, out: 2 });
});

test('a call that hangs fails by the clock of the test', async () => {
  const hangs = orders('hangs')
    .mapAsync(({ id }) => (id === 1 ? new Promise<number>(() => {}) : id), {
      timeout: '5s',
      retries: 1,
      concurrency: 1,
    })
    .to('ids', json<number>());
  using run = testPipeline(hangs);
  run.push({ id: 1, at: 0 });
  run.push({ id: 2, at: 1 });
  run.advance(5_000);
  run.advance(4_999);
  expect(run.deadLetters()).toEqual([]);
  run.advance(1);
  await run.settled();
  expect(run.output()).toEqual([2]);
  expect(run.deadLetters()).toMatchObject([
    {
      timestamp: 0,
      headers: { 'error.code': expect.anything(), 'origin.offset': expect.anything() },
    },
  ]);
});

test('what is in flight is not committed, and is read again', async () => {
  const engine = await LocalEngine.start({ topics: { shards: 1 } });
  const calls: number[] = [];
  let holds = true;
  const held = orders('held')
    .mapAsync(
      ({ id }) => {
        calls.push(id);
        return holds && id === 2 ? new Promise<number>(() => {}) : id;
      },
      { ordered: false, concurrency: 2 },
    )
    .to('ids', json<number>());
  const topic = engine.topic('orders', { shards: 1 });
  for (let id = 1; id <= 6; id++) topic.append({ value: JSON.stringify({ id, at: id }) });
  const job = engine.add(held);
  const ids = engine.topic('ids').consume({ group: 'test' });
  for (let count = 0; count < 5; ) {
    const batch = ids.poll();
    if (batch === undefined) await turn();
    else count += batch.length;
  }
  // 1 has been committed at most; 2 is still under way.
  const [{ shards }] = topic.groups();
  expect(shards[0].committed).toBeLessThanOrEqual(1);
  expect(calls).toEqual([1, 2, 3, 4, 5, 6]);
  holds = false;
  await job.stop();
  await engine.stop();
});

describe('what cannot be is an error when the pipeline is built', () => {
  const identity = (value: unknown) => value;
  test.each<[string, () => unknown]>([
    ['a function as its argument', () => orders('p').mapAsync(1 as never)],
    ['the concurrency 0', () => orders('p').mapAsync(identity, { concurrency: 0 })],
    ['has ordered "no"', () => orders('p').mapAsync(identity, { ordered: 'no' as never })],
    ['the retries -1', () => orders('p').mapAsync(identity, { retries: -1 })],
    ['the timeout 0', () => orders('p').mapAsync(identity, { timeout: 0 })],
    ['views of records', () => pipeline('p').from('in', records()).mapAsync(identity)],
  ])('%s', (message, build) => {
    expect(build).toThrow(
      expect.objectContaining({
        code: 'INVALID_PIPELINE',
        message: expect.stringContaining(message),
      }),
    );
  });
});

test('bytes are no views', () => {
  expect(() =>
    pipeline('p')
      .from('in', bytes())
      .mapAsync(async value => value),
  ).not.toThrow();
});
