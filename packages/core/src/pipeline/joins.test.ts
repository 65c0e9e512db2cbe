import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { asOf } from '../join/as-of.ts';
import { interval } from '../join/interval.ts';
import type { JoinSpec } from '../join/spec.ts';
import { unbounded } from '../join/unbounded.ts';
import { json } from '../serde/json.ts';
import { table } from '../serde/table.ts';
import { testPipeline } from '../testing/test-pipeline.ts';
import { boundedOutOfOrderness, manual } from '../time/watermark.ts';
import { hopping } from '../window/hopping.ts';
import { session } from '../window/session.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { explainPlan } from './explain.ts';
import type { Pipeline } from './pipeline.ts';
import { planPipeline } from './plan.ts';
import type { Stream } from './stream.ts';

interface Order {
  id: string;
  at: number;
  total: number;
}
interface Payment {
  order: string;
  at: number;
  paid: number;
}

const time = { timestamp: (row: { at: number }) => row.at, watermark: manual() };

function sides(name = 'shop') {
  const p = pipeline(name);
  return {
    p,
    orders: p.from('orders', json<Order>(), time).keyBy(order => order.id),
    payments: p.from('payments', json<Payment>(), time).keyBy(payment => payment.order),
  };
}

describe('in a pipeline', () => {
  test('an interval join, typed without annotations, with late and unmatched values', () => {
    const { p, orders, payments } = sides();
    orders
      .join(
        payments,
        interval('-1s', '2s'),
        (order, payment, { key, timestamp }) => {
          expectTypeOf(order).toEqualTypeOf<Order>();
          expectTypeOf(payment).toEqualTypeOf<Payment | undefined>();
          expectTypeOf(key).toEqualTypeOf<string>();
          return { key, open: order.total - (payment?.paid ?? 0), timestamp };
        },
        { type: 'left', lateTo: 'late' },
      )
      .to('open', json());
    using run = testPipeline(p, { shards: 2, processors: 2 });
    run.push({ id: 'a', at: 5_000, total: 9 }, { topic: 'orders' });
    run.push({ order: 'a', at: 7_000, paid: 4 }, { topic: 'payments' });
    run.push({ order: 'a', at: 7_001, paid: 5 }, { topic: 'payments' });
    run.push({ id: 'b', at: 6_000, total: 3 }, { topic: 'orders' });
    expect(run.output()).toEqual([{ key: 'a', open: 5, timestamp: 7_000 }]);
    run.watermark(8_000, 'test', 'orders');
    expect(run.output()).toEqual([]);
    run.watermark(8_000, 'test', 'payments');
    expect(run.output()).toEqual([{ key: 'b', open: 3, timestamp: 6_000 }]);
    run.push({ order: 'b', at: 7_999, paid: 1 }, { topic: 'payments' });
    expect(run.late()).toMatchObject([{ timestamp: 7_999, headers: { 'late.side': 'right' } }]);
    run.end();
    expect(run.output()).toEqual([]);
    expect(run.counters).toMatchObject({ in: 5, joined: 4, late: 1, fired: 2, out: 2 });
  });

  test('rows that are given alone are not late for a window behind', () => {
    const { p, orders, payments } = sides();
    orders
      .join(payments, interval(0, 50), (order, payment) => payment?.paid ?? -order.total, {
        type: 'left',
      })
      .keyBy(() => 'all')
      .window(tumbling(10))
      .aggregate({ create: () => 0, add: (n: number) => n + 1 })
      .to('out', json());
    using run = testPipeline(p);
    for (let at = 0; at < 100; at += 5) {
      run.push({ id: 'a', at, total: 1 }, { topic: 'orders' });
      for (const topic of ['orders', 'payments']) run.watermark(at, 'test', topic);
    }
    run.end();
    expect(run.output()).toEqual(new Array(10).fill(2));
    expect(run.counters).toMatchObject({ late: 0, fired: 30 });
  });

  test('windows, a time to live and versions', () => {
    const made: [string, JoinSpec, string[]][] = [
      ['tumbling', tumbling(10), ['1+2']],
      ['hopping', hopping(10, 5), ['1+2', '1+2', '1+3']],
      ['session', session(6), ['1+2', '1+3']],
      ['unbounded', unbounded({ ttl: 4 }), ['1+2']],
      ['asOf', asOf(), ['1+2']],
    ];
    for (const [name, spec, expected] of made) {
      const { p, orders, payments } = sides(name);
      const joined = orders.join(payments, spec as never, (order: Order, payment: Payment) => {
        return `${order.total}+${payment.paid}`;
      }) as Stream<string, string>;
      joined.to('out', json());
      using run = testPipeline(p);
      run.push({ id: 'a', at: 7, total: 1 }, { topic: 'orders' });
      run.push({ order: 'a', at: 6, paid: 2 }, { topic: 'payments' });
      run.push({ order: 'a', at: 12, paid: 3 }, { topic: 'payments' });
      run.end();
      expect(run.output().toSorted(), name).toEqual(expected);
    }
  });

  test('a join of both sides of one topic, and a join behind a join', () => {
    const p = pipeline('p');
    const [a, b] = p.from('in', json<Order>(), time).fork(2);
    const c = p.from('names', json<{ of: string; at: number; name: string }>(), time);
    a.keyBy(order => order.id)
      .join(
        b.keyBy(order => order.id),
        interval(1, 10),
        (first, second) => ({ id: first.id, more: second.total - first.total }),
      )
      .join(
        c.keyBy(name => name.of),
        unbounded({ ttl: Number.POSITIVE_INFINITY }),
        ({ more }, { name }) => `${name} ${more}`,
      )
      .to('out', json());
    using run = testPipeline(p, { processors: 2 });
    run.push({ of: 'a', at: 0, name: 'Ann' }, { topic: 'names' });
    run.push({ id: 'a', at: 1_000_000, total: 3 }, { topic: 'in' });
    run.push({ id: 'a', at: 1_000_005, total: 10 }, { topic: 'in' });
    run.end();
    expect(run.output()).toEqual(['Ann 7']);
  });

  test('a lookup waits for the end of its side, and finds all of it on every task', () => {
    const p = pipeline('p');
    const orders = p.from('orders', json<Order>(), time);
    const names = p.from('names', json<{ of?: string; name: string }>());
    orders
      .lookup(
        names.map(row => row),
        { key: order => order.id, sideKey: row => row.of },
        (order, found) => {
          expectTypeOf(found).toEqualTypeOf<{ of?: string; name: string } | undefined>();
          return `${order.total} ${found?.name}`;
        },
        { type: 'left' },
      )
      .to('out', json());
    using run = testPipeline(p, { shards: 3, processors: 2 });
    for (const [key, total] of ['a', 'b', 'c', 'd'].entries()) {
      run.push({ id: total, at: key, total: key }, { topic: 'orders', key: total });
    }
    run.push({ of: 'a', name: 'Ann' }, { topic: 'names', key: '1' });
    run.push({ of: 'c', name: 'Cid' }, { topic: 'names', key: '2' });
    run.push({ of: 'a', name: 'Ada' }, { topic: 'names', key: '3' });
    run.push({ name: 'nobody' }, { topic: 'names', key: '4' });
    expect(run.output()).toEqual([]);
    run.end('names');
    run.push({ id: 'e', at: 9, total: 9 }, { topic: 'orders' });
    run.end();
    const found = ['0 Ada', '0 Ann', '1 undefined', '2 Cid', '3 undefined', '9 undefined'];
    expect(run.output().toSorted()).toEqual(found);
    expect(run.counters).toMatchObject({ in: 9, out: 6, fired: 6 });
  });
});

test('of views of records copies are kept, whichever side they are on', () => {
  const row = table('Row', { k: 'string', at: 'double', n: 'int' });
  const specs: JoinSpec[] = [interval(-9, 9), tumbling(20), session(20), asOf()];
  for (const spec of specs) {
    const p = pipeline('p');
    const left = p.from('left', row, time).keyBy(({ k }) => k);
    const right = p.from('right', row, time).keyBy(({ k }) => k);
    const pair = (l: { n: number }, r: { n: number }): string => `${l.n}+${r.n}`;
    (left.join(right, spec as never, pair) as Stream<string, string>).to('out', json());
    using run = testPipeline(p, { processors: 2 });
    for (const n of [1, 2]) {
      run.push({ k: `k${n}`, at: n + 4, n }, { topic: 'left' });
      run.push({ k: `k${n}`, at: n, n: 10 * n }, { topic: 'right' });
    }
    run.end();
    expect(run.output().toSorted()).toEqual(['1+10', '2+20']);
  }
  const p = pipeline('p');
  const keys = {
    key: (given: { k: string }) => given.k,
    sideKey: (given: { k: string }) => given.k,
  };
  p.from('left', row, time)
    .lookup(p.from('right', row, time), keys, (l, r) => `${l.n}+${r.n}`)
    .to('out', json());
  using run = testPipeline(p);
  for (const n of [1, 2]) run.push({ k: `k${n}`, at: n, n: 10 * n }, { topic: 'right' });
  for (const n of [1, 2]) run.push({ k: `k${n}`, at: n, n }, { topic: 'left' });
  run.end();
  expect(run.output()).toEqual(['1+10', '2+20']);
});

test('what a join makes does not depend on shards, processors and producers', () => {
  const rows = fc.array(
    fc.tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 60 }), fc.nat({ max: 1 })),
    { maxLength: 30 },
  );
  const specs = fc.constantFrom<[string, JoinSpec]>(
    ['interval', interval(-4, 7)],
    ['hopping', hopping(20, 10)],
    ['session', session(5)],
    ['unbounded', unbounded({ ttl: 9 })],
    ['asOf', asOf()],
  );
  const layouts = fc.record({
    shards: fc.integer({ min: 1, max: 3 }),
    processors: fc.integer({ min: 1, max: 3 }),
  });
  const resultsOf = (
    spec: JoinSpec,
    given: readonly [boolean, string, number, number][],
    layout: { shards: number; processors: number },
  ): unknown[] => {
    const p = pipeline('p');
    const options = {
      timestamp: (row: { at: number }) => row.at,
      watermark: boundedOutOfOrderness(60),
    };
    type Row = { k: string; at: number; id: number };
    const left = p.from('left', json<Row>(), options).keyBy(row => row.k);
    const right = p.from('right', json<Row>(), options).keyBy(row => row.k);
    const joined = left.join(right, spec as never, (l: Row, r: Row) => `${l.id}+${r.id}`) as Stream<
      string,
      string
    >;
    joined.to('out', json());
    using run = testPipeline(p, layout);
    for (const topic of ['left', 'right']) {
      for (const producer of ['0', '1']) run.producer(producer, topic);
    }
    for (const [id, [isLeft, k, at, producer]] of given.entries()) {
      const topic = isLeft ? 'left' : 'right';
      const row = { k, at, id };
      run.push(row, { topic, key: k, producer: String(producer) });
    }
    run.end();
    return run.output().toSorted();
  };
  fc.assert(
    fc.property(specs, rows, layouts, ([, spec], given, layout) => {
      const once = given.map(([l, k, at]): [boolean, string, number, number] => [l, k, at, 0]);
      const plain = resultsOf(spec, once, { shards: 1, processors: 1 });
      expect(resultsOf(spec, given, layout)).toEqual(plain);
    }),
    { numRuns: 60 },
  );
});

describe('is refused when it is built', () => {
  const join = (spec: unknown, options?: object, call: unknown = () => 1): Pipeline => {
    const { p, orders, payments } = sides();
    (orders.join as (...args: unknown[]) => unknown)(payments, spec, call, {
      name: 'pays',
      ...options,
    });
    return p;
  };

  test.each([
    ['no window', () => join(undefined), /step "pays" has no window; it takes interval/],
    ['a count window', () => join({ kind: 'count', size: 3 }), /has no window; it takes interval/],
    ['a function instead', () => join(() => 1), /comes before the function/],
    ['no function', () => join(interval(0, 1), {}, 7), /step "pays" needs a function/],
    ['crossed bounds', () => join(interval(5, '-5s')), /lower bound 5 above the upper bound "-5s"/],
    [
      'empty bounds',
      () => join(interval(0, 0, { lowerExclusive: true })),
      /when the bounds are excl/,
    ],
    ['no bound', () => join(interval('soon' as never, 1)), /lower bound "soon"; it must be whole/],
    ['a negative ttl', () => join(unbounded({ ttl: -1 })), /has the ttl -1; it must be 0 or more/],
    ['no ttl', () => join(unbounded({} as never)), /has the ttl undefined/],
    ['a negative ttl of versions', () => join(asOf({ ttl: '-1s' })), /has the ttl "-1s"/],
    ['a window of size 0', () => join(tumbling(0)), /the size 0; it must be above 0/],
    ['a session without a gap', () => join(session(0)), /the gap 0; it must be above 0/],
    [
      'another type',
      () => join(interval(0, 1), { type: 'outer' }),
      /type "outer"; such a join can/,
    ],
    [
      'an outer unbounded join',
      () => join(unbounded({ ttl: 1 }), { type: 'left' }),
      /can be inner\./,
    ],
    ['a right as-of join', () => join(asOf(), { type: 'right' }), /can be inner, left\./],
    [
      'lateness without windows',
      () => join(interval(0, 1), { allowedLateness: 1 }),
      /no join in w/,
    ],
    ['a negative lateness', () => join(tumbling(1), { allowedLateness: -1 }), /allowedLateness -1/],
    ['a late topic without a name', () => join(tumbling(1), { lateTo: '' }), /names the topic ""/],
  ])('%s', (_what, build, message) => {
    expect(build).toThrowError(
      expect.objectContaining({
        code: 'INVALID_PIPELINE',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('a side without a key, a side that is no stream', () => {
    const p = pipeline('p');
    const plain = p.from('a', json<Order>());
    const keyed = p.from('b', json<Order>()).keyBy(order => order.id);
    expect(() => keyed.join(plain as never, interval(0, 1), () => 1)).toThrow(
      /step "join-\d" takes a stream without a key as its right side; .keyBy\(\) gives it one/,
    );
    const r = pipeline('r')
      .from('a', json<Order>())
      .keyBy(order => order.id);
    expect(() => r.join(undefined as never, interval(0, 1), () => 1)).toThrow(
      /takes a stream, not/,
    );
  });

  test('keys of different kinds, by their types', () => {
    const p = pipeline('p');
    const byText = p.from('a', json<Order>()).keyBy(order => order.id);
    const byNumber = p.from('b', json<Order>()).keyBy(order => order.total);
    // @ts-expect-error a number is never the key of a text
    const joined = byText.join(byNumber, interval(0, 1), () => 1);
    expect(joined).toBeDefined();
  });

  test('a lookup without keys, or from a topic that its values come from', () => {
    const p = pipeline('p');
    const [a, b] = p.from('a', json<Order>()).fork(2);
    const keys = { key: (order: Order) => order.id, sideKey: (order: Order) => order.id };
    expect(() => a.lookup(b, keys, () => 1)).toThrow(/waits for the end of its right side/);
    const q = pipeline('q');
    const values = q.from('a', json<Order>());
    const side = q.from('b', json<Order>());
    const noKeys = { key: keys.key } as typeof keys;
    expect(() => values.lookup(side, noKeys, () => 1)).toThrow(/needs a function as its sideKey/);
  });
});

test('explain() tells what joins do', () => {
  const { p, orders, payments } = sides();
  orders
    .join(payments, session('5m'), () => 1, { type: 'full', allowedLateness: '1m', lateTo: 'late' })
    .to('out', json());
  const plan = planPipeline(p, { shardsOf: () => 2, processors: 2 });
  expect(explainPlan(p.graph, plan)).toContain(
    'join in session, gap 300000 ms, full, lateness 60000 ms',
  );
});
