import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interval as intervalSpec } from '../join/interval.ts';
import { type ResolvedJoin, resolveJoin } from '../join/spec.ts';
import type { HarnessParts } from '../testing/operator-harness.ts';
import {
  replayTwoInput,
  type TwoInputEvent,
  TwoInputHarness,
} from '../testing/two-input-harness.ts';
import { SlidingAssigner } from '../window/sliding.ts';
import { type JoinForm, joinOperator } from './join-operator.ts';
import { JoinOutput } from './join-output.ts';
import { LookupJoinOperator } from './lookup-join.ts';
import type { TwoInputOperator } from './two-input.ts';

const interval: ResolvedJoin = {
  kind: 'interval',
  lower: -10,
  upper: 10,
  lateBy: 0,
  described: '',
};
const kinds: [string, ResolvedJoin][] = [
  ['interval', interval],
  ['window', { kind: 'window', assigner: new SlidingAssigner(10, 10, 0), described: '' }],
  ['session', { kind: 'session', gap: 10, described: '' }],
  ['asOf', { kind: 'asOf', ttl: Number.POSITIVE_INFINITY, described: '' }],
];

const formOf = (join: ResolvedJoin, more: Partial<JoinForm> = {}): JoinForm => ({
  name: 'join-1',
  join,
  type: 'inner',
  call: (left, right) => `${left}+${right}`,
  allowedLatenessMs: 0,
  lateTo: undefined,
  ...more,
});

describe('cases of Flink, item by item and in bulk, refused and restored at every step', () => {
  interface IntervalCase {
    readonly lower: number;
    readonly upper: number;
    readonly left: readonly number[];
    readonly right: readonly number[];
    readonly pairs: readonly (readonly [number, number])[];
  }
  const url = new URL('../../../../tests/conformance/cases/windows.json', import.meta.url);
  const { intervalJoin } = JSON.parse(readFileSync(url, 'utf8')) as {
    intervalJoin: IntervalCase[];
  };
  const wrong = (what: string): never => {
    throw new Error(what);
  };
  const orders: [string, (one: IntervalCase) => TwoInputEvent[]][] = [
    [
      'one side after the other',
      ({ left, right }) => [
        ...left.map((t): TwoInputEvent => ['left', 'k', t, t]),
        ...right.map((t): TwoInputEvent => ['right', 'k', t, t]),
      ],
    ],
    [
      'in turn, with a watermark behind each',
      ({ left, right }) =>
        left.flatMap((t, i): TwoInputEvent[] => [
          ['right', 'k', right[i], right[i]],
          ['watermark', t - 1],
          ['left', 'k', t, t],
        ]),
    ],
  ];
  const exclusive = [
    {},
    { lowerExclusive: true },
    { upperExclusive: true },
    { lowerExclusive: true, upperExclusive: true },
  ];
  const runs = intervalJoin.flatMap(one =>
    orders.flatMap(([order, eventsOf]) =>
      exclusive.map(options => ({ one, order, eventsOf, options })),
    ),
  );

  test.each(runs)('$order, $options', ({ one, eventsOf, options }) => {
    const { lower, upper, pairs } = one;
    const join = resolveJoin(intervalSpec(lower, upper, options), wrong);
    const form = formOf(join);
    const replayed = replayTwoInput(
      parts => joinOperator(form, parts),
      [...eventsOf(one), ['end']],
    );
    const expected = pairs
      .filter(([l, r]) => options.lowerExclusive !== true || r - l > lower)
      .filter(([l, r]) => options.upperExclusive !== true || r - l < upper)
      .map(([l, r]) => `${l}+${r} @${Math.max(l, r)}`);
    const made = replayed.flat().map(({ value, timestamp }) => `${value} @${timestamp}`);
    expect(made.sort()).toEqual(expected.sort());
  });
});

describe.each(kinds)('user code that throws, %s', (_kind, join) => {
  const events: TwoInputEvent[] = [
    ['right', 'k', 1, 'r'],
    ['left', 'k', 2, 'bad'],
    ['left', 'k', 3, 'good'],
    ['end'],
  ];

  test('sends the rows to the dead letters, and the rest goes on', () => {
    const call: JoinForm['call'] = (left, right) => {
      if (left === 'bad') throw new Error('no');
      return `${left}+${right}`;
    };
    const form = formOf(join, { call });
    replayTwoInput(parts => joinOperator(form, parts), events);
    const harness = new TwoInputHarness(parts => joinOperator(form, parts));
    for (const event of events) harness.apply(event);
    expect(harness.take().map(({ value }) => value)).toEqual(['good+r']);
    const [dead] = harness.deadLetters.records;
    expect(dead.headers).toMatchObject({ 'error.step': 'join-1', 'error.message': 'Error: no' });
    expect(JSON.parse(String(dead.value))).toEqual({ key: 'k', left: 'bad', right: 'r' });
    expect(harness.counts).toMatchObject({ joined: 3, fired: 2, deadLetters: 1 });
  });

  test('is called again', () => {
    let calls = 0;
    const call: JoinForm['call'] = (left, right) => {
      if (++calls % 3 !== 0) throw new Error('not yet');
      return `${left}+${right}`;
    };
    const form = formOf(join, { call });
    const harness = new TwoInputHarness(parts => joinOperator(form, parts), { retries: 2 });
    for (const event of events) harness.apply(event);
    expect(harness.take().map(({ value }) => value)).toEqual(['bad+r', 'good+r']);
    expect(harness.deadLetters.records).toEqual([]);
  });

  test('and a promise stops the pipeline', () => {
    const form = formOf(join, { call: async () => 1 });
    const harness = new TwoInputHarness(parts => joinOperator(form, parts));
    expect(() => {
      for (const event of events) harness.apply(event);
    }).toThrowError(expect.objectContaining({ code: 'ASYNC_OPERATOR' }));
  });
});

test.each(kinds)('state moves with its key groups, %s', (_kind, join) => {
  const form = formOf(join, { type: join.kind === 'asOf' ? 'left' : 'full' });
  const make = (parts: HarnessParts): TwoInputOperator => joinOperator(form, parts);
  const whole = new TwoInputHarness(make);
  const halves = [new TwoInputHarness(make), new TwoInputHarness(make)];
  const rest: TwoInputEvent[] = [];
  for (let i = 0; i < 40; i++) {
    const event: TwoInputEvent = [i % 3 === 0 ? 'right' : 'left', `key ${i % 7}`, i, i];
    if (i < 30) whole.apply(event);
    else rest.push(event);
  }
  whole.apply(['watermark', 15]);
  const outputs = whole.take().map(({ value }) => value);
  expect(outputs.length > 0 || join.kind === 'session').toBe(true);
  const snapshot = whole.snapshot();
  halves[0].restoreFrom([snapshot], 0, 64);
  halves[1].restoreFrom([snapshot], 64, 128);
  const together = new TwoInputHarness(make);
  together.restoreFrom(
    halves.map(half => half.snapshot()),
    0,
    128,
  );
  const finish = (harness: TwoInputHarness): unknown[] => {
    for (const event of [...rest, ['end'] as const]) harness.apply(event);
    return harness
      .take()
      .map(({ value, timestamp }) => `${value} @${timestamp}`)
      .sort();
  };
  expect(finish(together)).toEqual(finish(whole));
});

test('a join function is told of times, key and window', () => {
  const seen: unknown[] = [];
  const join: ResolvedJoin = kinds[1][1];
  const form = formOf(join, {
    type: 'full',
    call: (left, right, context) => {
      seen.push([left, right, { ...context }]);
      return 0;
    },
  });
  const harness = new TwoInputHarness(parts => joinOperator(form, parts));
  harness.apply(['left', 'a', 1, 'l']);
  harness.apply(['right', 'a', 4, 'r']);
  harness.apply(['right', 'b', 12, 's']);
  harness.apply(['end']);
  const window = { start: 0, end: 10 };
  expect(seen).toEqual([
    ['l', 'r', { key: 'a', timestamp: 9, leftTimestamp: 1, rightTimestamp: 4, window }],
    [
      undefined,
      's',
      {
        key: 'b',
        timestamp: 12,
        leftTimestamp: undefined,
        rightTimestamp: 12,
        window: { start: 10, end: 20 },
      },
    ],
  ]);
});

test('versions go when the next one is reached, or their time to live is over', () => {
  const keptAfter = (ttl: number, watermark: number): number => {
    const form = formOf({ kind: 'asOf', ttl, described: '' });
    const harness = new TwoInputHarness(parts => joinOperator(form, parts));
    for (const time of [10, 20, 30]) harness.push('right', 'k', time, time);
    harness.watermark(watermark);
    const state = harness.snapshot().reader();
    state.nextGroup();
    if (state.nextGroup() === undefined) return 0;
    const [, , [times]] = state.take() as [unknown, unknown, [number[]]];
    return times.length;
  };
  expect([9, 19, 20, 29, 30, 1_000].map(at => keptAfter(Number.POSITIVE_INFINITY, at))).toEqual([
    3, 3, 2, 2, 1, 1,
  ]);
  expect([15, 16, 29, 30, 35, 36].map(at => keptAfter(5, at))).toEqual([3, 2, 1, 1, 1, 0]);
});

test('an old version that is still the last one serves what comes; one that no row can see is late', () => {
  const form = formOf({ kind: 'asOf', ttl: Number.POSITIVE_INFINITY, described: '' });
  const harness = new TwoInputHarness(parts => joinOperator(form, parts));
  harness.watermark(100);
  harness.push('right', 'k', 50, 'old');
  harness.push('right', 'k', 40, 'older');
  harness.push('left', 'k', 100, 'row');
  harness.push('left', 'k', 99, 'late');
  expect(harness.take()).toMatchObject([{ timestamp: 100, value: 'row+old' }]);
  expect(harness.counts).toMatchObject({ joined: 2, late: 2 });
});

test('a row that is gone has no more partners, though it lies there still', () => {
  const spec = { kind: 'interval', lower: -80, upper: 80, lateBy: 79, described: '' } as const;
  const harness = new TwoInputHarness(parts => joinOperator(formOf(spec), parts));
  harness.push('left', 'k', 1, 'gone');
  harness.push('left', 'k', 6, 'there');
  harness.watermark(85);
  harness.push('right', 'k', 50, 'behind');
  harness.push('right', 'k', 5, 'late');
  expect(harness.take()).toMatchObject([{ value: 'there+behind', timestamp: 50 }]);
  expect(harness.counts).toMatchObject({ joined: 3, late: 1 });
});

test('of two sessions of a key the first one goes, from snapshots of what has changed too', () => {
  const form = formOf(
    { kind: 'session', gap: 10, described: '' },
    { allowedLatenessMs: 10, type: 'left' },
  );
  const outputs = replayTwoInput(
    parts => joinOperator(form, parts),
    [
      ['left', 'k', 0, 'l0'],
      ['watermark', 12],
      ['left', 'k', 40, 'l40'],
      ['watermark', 30],
      ['watermark', 31],
      ['right', 'k', 41, 'r41'],
      ['end'],
    ],
  );
  expect(outputs.map(all => all.map(({ value }) => value))).toEqual([
    [],
    [],
    [],
    ['l0+undefined'],
    [],
    [],
    ['l40+r41'],
  ]);
});

test('sessions that have fired and merge make the pairs that have not been made, and no other', () => {
  const form = formOf({ kind: 'session', gap: 10, described: '' }, { allowedLatenessMs: 100 });
  const events: TwoInputEvent[] = [
    ['left', 'k', 0, 'l1'],
    ['right', 'k', 1, 'r1'],
    ['watermark', 15],
    ['left', 'k', 20, 'l2'],
    ['right', 'k', 21, 'r2'],
    ['watermark', 35],
    ['right', 'k', 10, 'r3'],
    ['end'],
  ];
  const outputs = replayTwoInput(parts => joinOperator(form, parts), events);
  expect(outputs.map(all => all.map(({ value }) => value).sort())).toEqual([
    [],
    [],
    ['l1+r1'],
    [],
    [],
    ['l2+r2'],
    ['l1+r2', 'l1+r3', 'l2+r1', 'l2+r3'],
    [],
  ]);
});

test('rows whose partners can no longer come go, in strides where none is to be given', () => {
  for (const type of ['inner', 'full'] as const) {
    const form = formOf(
      { kind: 'interval', lower: -80, upper: 80, lateBy: 0, described: '' },
      { type },
    );
    const harness = new TwoInputHarness(parts => joinOperator(form, parts));
    const rowsKept = (): number => {
      const state = harness.snapshot().reader();
      state.nextGroup();
      let rows = 0;
      while (state.nextGroup() !== undefined) {
        while (state.more()) rows += (state.take() as [unknown, [number[]]])[1][0].length;
      }
      return rows;
    };
    for (let time = 0; time < 1_000; time++) {
      harness.push('left', `key ${time % 50}`, time, time);
      harness.watermark(time - 1);
      expect(rowsKept()).toBeLessThanOrEqual(type === 'inner' ? 91 : 81);
    }
    harness.end();
    expect(rowsKept()).toBe(0);
  }
});

describe('lookup', () => {
  type Row = { k: string | number | null | undefined; id: number };
  const lookup =
    (leftOuter: boolean) =>
    ({ next, faults, counts }: HarnessParts): TwoInputOperator => {
      const call = (left: unknown, right: unknown): string =>
        `${(left as Row).id}+${(right as Row | undefined)?.id ?? '-'}`;
      const key = (row: unknown): unknown => (row as Row).k;
      const output = new JoinOutput('lookup-1', call, faults, counts, next);
      const parts = {
        step: 'lookup-1',
        key,
        sideKey: key,
        sideViews: false,
        leftOuter,
        output,
        faults,
        counts,
      };
      return new LookupJoinOperator(parts, next);
    };
  const keys = fc.constantFrom('a', 'b', 1, null, undefined);
  const rows = fc.array(fc.tuple(keys, fc.nat({ max: 50 })), { maxLength: 12 });

  const eventsOf = (
    side: readonly (readonly [Row['k'], number])[],
    values: readonly (readonly [Row['k'], number])[],
  ): TwoInputEvent[] => [
    ...side.map(([k, t], id): TwoInputEvent => ['right', 'x', t, { k, id }]),
    ['endRight'],
    ...values.map(([k, t], id): TwoInputEvent => ['left', `own ${id}`, t, { k, id }]),
    ['watermark', 9],
    ['end'],
  ];

  test('gives what a nested loop gives', () => {
    fc.assert(
      fc.property(rows, rows, fc.boolean(), (side, values, outer) => {
        const harness = new TwoInputHarness(lookup(outer));
        const expected = values.flatMap(([k, time], id) => {
          const matches =
            k === null || k === undefined
              ? []
              : [...side.entries()].filter(([, row]) => row[0] === k);
          const found = matches.map(([other]) => String(other));
          const made = found.length === 0 && outer ? ['-'] : found;
          return made.map(other => `own ${id} ${id}+${other} @${time}`);
        });
        for (const event of eventsOf(side, values)) harness.apply(event);
        const outputs = harness.take().map(o => `${o.key} ${o.value} @${o.timestamp}`);
        expect(outputs.sort()).toEqual(expected.sort());
        const { joined, filtered, fired } = harness.counts;
        expect(joined + filtered).toBe(side.length + values.length);
        expect(fired).toBe(expected.length);
      }),
      { numRuns: 2_000 },
    );
  });

  test('gives the same item by item and in bulk, refused and restored at every point', () => {
    fc.assert(
      fc.property(rows, rows, fc.boolean(), (side, values, outer) => {
        replayTwoInput(lookup(outer), eventsOf(side, values));
      }),
      { numRuns: 100 },
    );
  });

  test('the side is on every task whole: of several snapshots one is enough', () => {
    const tasks = [new TwoInputHarness(lookup(false)), new TwoInputHarness(lookup(false))];
    for (const task of tasks) task.push('right', 'x', 0, { k: 'a', id: 1 });
    const restored = new TwoInputHarness(lookup(false));
    restored.restoreFrom(
      tasks.map(task => task.snapshot()),
      0,
      64,
    );
    restored.endSide('right');
    restored.push('left', 'x', 5, { k: 'a', id: 7 });
    expect(restored.take()).toEqual([{ key: 'x', timestamp: 5, value: '7+1' }]);
  });

  test('a key that is none is a dead letter, on either side', () => {
    const harness = new TwoInputHarness(lookup(false), { retries: 1 });
    harness.push('right', 'x', 0, { k: {}, id: 1 });
    harness.endSide('right');
    harness.push('left', 'x', 1, { k: Number.NaN, id: 2 });
    const codes = harness.deadLetters.records.map(({ headers }) => headers['error.code']);
    expect(codes).toEqual(['INVALID_KEY', 'INVALID_KEY']);
    expect(harness.counts).toMatchObject({ joined: 0, deadLetters: 2 });
  });

  test('a value before the end of the side is a mistake of who drives it', () => {
    const harness = new TwoInputHarness(lookup(false));
    expect(() => harness.push('left', 'x', 1, { k: 'a', id: 2 })).toThrow(/before its side input/);
  });
});
