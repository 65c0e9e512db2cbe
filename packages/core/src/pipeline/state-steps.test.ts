import { describe, expect, test } from 'vitest';
import { json } from '../serde/json.ts';
import { listState, mapState, valueState } from '../state/spec.ts';
import { testPipeline } from '../testing/test-pipeline.ts';
import { monotonic } from '../time/watermark.ts';
import { pipeline } from './builder.ts';
import { LocalEngine } from './local-runtime.ts';

interface Reading {
  readonly sensor: string;
  readonly at: number;
  readonly degrees: number;
}

const readings = (name: string) =>
  pipeline(name).from('readings', json<Reading>(), {
    timestamp: ({ at }) => at,
    watermark: monotonic(),
  });

/** Without annotations: what a call sees follows from the states. */
const alerts = readings('alerts')
  .keyBy(({ sensor }) => sensor)
  .process({
    state: {
      hot: valueState(0),
      last: valueState<number>(),
      byHour: mapState<number, number>({ ttl: '2h' }),
      recent: listState<Reading>({ ttl: '1m', time: 'processing', refresh: 'read' }),
    },
    onRecord(reading, { state, timers, timestamp, key, now }) {
      state.last.set(reading.degrees);
      state.byHour.set(Math.floor(timestamp / 3_600_000), reading.degrees);
      state.recent.add(reading);
      if (reading.degrees < 100) return undefined;
      state.hot.set(state.hot.get() + 1);
      if (state.hot.get() === 1) timers.set(timestamp + 1_000);
      timers.set(now() + 500, 'processing');
      return { sensor: key.toUpperCase(), kind: 'hot' as const, n: state.hot.get() };
    },
    onTimer(timer, { state, key }) {
      if (timer.kind === 'processing') return { sensor: key, kind: 'quiet' as const, n: 0 };
      const n = state.hot.get();
      state.hot.clear();
      return { sensor: key, kind: 'sum' as const, n, last: state.last.get() };
    },
  })
  .map(alert => `${alert.sensor} ${alert.kind} ${alert.n}`)
  .to('alerts', json<string>());

test('process in a pipeline: state, timers of both kinds, and the clock of the test', () => {
  using run = testPipeline(alerts, { processors: 2 });
  run.push({ sensor: 'a', at: 1_000, degrees: 120 });
  run.push({ sensor: 'a', at: 1_500, degrees: 130 });
  run.push({ sensor: 'b', at: 1_600, degrees: 20 });
  expect(run.output()).toEqual(['A hot 1', 'A hot 2']);
  run.advance(499);
  expect(run.output()).toEqual([]);
  run.advance(1);
  expect(run.output()).toEqual(['a quiet 0']);
  run.push({ sensor: 'b', at: 2_001, degrees: 20 });
  expect(run.output()).toEqual(['a sum 2']);
  run.push({ sensor: 'b', at: 3_000, degrees: 200 });
  run.end();
  expect(run.output()).toEqual(['B hot 1', 'b sum 1', 'b quiet 0']);
  expect(run.counters).toMatchObject({ in: 5, processed: 5, fired: 7, out: 7 });
});

test('dedupe in a pipeline counts what it turns away', () => {
  const once = readings('once')
    .keyBy(({ sensor }) => sensor)
    .dedupe({ within: '1s', by: ({ degrees }) => degrees })
    .to('once', json());
  using run = testPipeline(once);
  for (const at of [0, 500, 1_000, 1_500]) run.push({ sensor: 'a', at, degrees: 1 });
  run.push({ sensor: 'a', at: 1_500, degrees: 2 });
  expect(run.output()).toEqual([
    { sensor: 'a', at: 0, degrees: 1 },
    { sensor: 'a', at: 1_000, degrees: 1 },
    { sensor: 'a', at: 1_500, degrees: 2 },
  ]);
  expect(run.counters).toMatchObject({ in: 5, duplicates: 2, out: 3 });
});

describe('what cannot be is an error when the pipeline is built', () => {
  const keyed = () => readings('p').keyBy(({ sensor }) => sensor);
  const onRecord = () => undefined;

  test.each<[string, () => unknown]>([
    [
      '"process-1" keeps state per key; .keyBy() comes before it',
      () => readings('p').process({ onRecord }),
    ],
    ['"dedupe-1" keeps state per key', () => readings('p').dedupe({ within: 1 })],
    ['"process-2" needs a function as its onRecord', () => keyed().process({} as never)],
    [
      '"process-2" needs a function as its onTimer',
      () => keyed().process({ onRecord, onTimer: 1 as never }),
    ],
    [
      'a state "n" that is no valueState()',
      () => keyed().process({ onRecord, state: { n: 0 as never } }),
    ],
    ['a state that is no object', () => keyed().process({ onRecord, state: 1 as never })],
    [
      'a state "n" with the ttl "soon"',
      () => keyed().process({ onRecord, state: { n: valueState(0, { ttl: 'soon' as never }) } }),
    ],
    [
      'the time "wall"; it is event or processing',
      () =>
        keyed().process({ onRecord, state: { n: mapState({ ttl: 1, time: 'wall' as never }) } }),
    ],
    [
      'a state "n" with refresh "always"; it is read or write',
      () => keyed().process({ onRecord, state: { n: listState({ refresh: 'always' as never }) } }),
    ],
    [
      'a state "n" with time or refresh and no ttl',
      () => keyed().process({ onRecord, state: { n: listState({ refresh: 'read' }) } }),
    ],
    [
      'a state "n" whose initial value cannot be copied',
      () => keyed().process({ onRecord, state: { n: valueState(new (class {})()) } }),
    ],
    ['the within undefined; it must be 1 or more', () => keyed().dedupe({} as never)],
    ['the within 0', () => keyed().dedupe({ within: 0 })],
    ['a function as its by', () => keyed().dedupe({ within: 1, by: 'id' as never })],
  ])('%s', (message, build) => {
    expect(build).toThrow(
      expect.objectContaining({
        code: 'INVALID_PIPELINE',
        message: expect.stringContaining(message),
      }),
    );
  });
});

test('each key has an initial value of its own', () => {
  const bags = readings('bags')
    .keyBy(({ sensor }) => sensor)
    .process({
      state: { bag: valueState({ items: [0] }) },
      onRecord(_reading, { state }) {
        return state.bag.get();
      },
    })
    .map(bag => {
      bag.items.push(1);
      return bag;
    })
    .to('bags', json());
  using run = testPipeline(bags);
  run.push({ sensor: 'a', at: 1, degrees: 1 });
  run.push({ sensor: 'b', at: 2, degrees: 1 });
  expect(run.output()).toEqual([{ items: [0, 1] }, { items: [0, 1] }]);
});

describe('two inputs', () => {
  const build = () => {
    const shop = pipeline('shop');
    const orders = shop.from('orders', json<{ id: string; at: number; item: string }>(), {
      timestamp: ({ at }) => at,
    });
    const payments = shop.from('payments', json<{ order: string; at: number; euros: number }>(), {
      timestamp: ({ at }) => at,
    });
    return orders
      .keyBy(({ id }) => id)
      .connect(payments.keyBy(({ order }) => order))
      .process(
        {
          state: { item: valueState<string>(), paid: valueState(0) },
          onLeft(order, { state, timers, timestamp }) {
            state.item.set(order.item);
            timers.set(timestamp + 100);
          },
          onRight(payment, { state }) {
            state.paid.set(state.paid.get() + payment.euros);
            return state.item.get() === undefined ? `${payment.order} too early` : undefined;
          },
          onTimer(_timer, { key, state }) {
            return `${key}: ${state.item.get()} for ${state.paid.get()}`;
          },
        },
        { name: 'pay' },
      )
      .to('paid', json<string>());
  };

  test('share state and timers, and the smaller watermark', () => {
    using run = testPipeline(build(), { processors: 2 });
    run.push({ id: 'a', at: 1, item: 'pen' }, { topic: 'orders' });
    run.push({ order: 'a', at: 2, euros: 3 }, { topic: 'payments' });
    run.push({ order: 'b', at: 3, euros: 9 }, { topic: 'payments' });
    run.push({ order: 'c', at: 200, euros: 1 }, { topic: 'payments' });
    expect(run.output()).toEqual(['b too early', 'c too early']);
    run.push({ id: 'd', at: 150, item: 'ink' }, { topic: 'orders' });
    expect(run.output()).toEqual(['a: pen for 3']);
    run.end();
    expect(run.output()).toEqual(['d: ink for 0']);
    expect(run.counters).toMatchObject({ in: 5, processed: 5, fired: 4, out: 4 });
  });

  test('are told of by explain()', async () => {
    const engine = await LocalEngine.start();
    const job = await engine.run(build());
    expect(job.explain()).toContain('pay: connect, process, value "item", value "paid", timers');
    await engine.stop();
  });

  test('need their functions and their keys', () => {
    const shop = pipeline('shop');
    const left = shop.from('l', json<Reading>());
    const right = shop.from('r', json<Reading>()).keyBy(({ sensor }) => sensor);
    expect(() =>
      left
        .keyBy(({ sensor }) => sensor)
        .connect(right)
        .process({} as never),
    ).toThrow(
      expect.objectContaining({ message: expect.stringContaining('a function as its onLeft') }),
    );
    const onLeft = () => undefined;
    const other = pipeline('other');
    const unkeyed = other.from('l', json<Reading>());
    const keyed = other.from('r', json<Reading>()).keyBy(({ sensor }) => sensor);
    expect(() => keyed.connect(unkeyed as never).process({ onLeft, onRight: onLeft })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('without a key as its right') }),
    );
  });
});
