import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { max } from '../aggregate/max.ts';
import { sum as sumOf } from '../aggregate/sum.ts';
import { where } from '../aggregate/where.ts';
import { windowOperator } from '../pipeline/chain.ts';
import type { WindowStep } from '../pipeline/graph.ts';
import { MemorySnapshot, readSections } from '../state/memory-snapshot.ts';
import { TASK_STATE } from '../state/snapshot.ts';
import {
  type HarnessOptions,
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  type OperatorOutput,
  replayOperator,
} from '../testing/operator-harness.ts';
import type { Aggregate } from '../window/aggregate.ts';
import { hopping } from '../window/hopping.ts';
import { session } from '../window/session.ts';
import { resolveWindow, type WindowSpec } from '../window/spec.ts';
import { tumbling } from '../window/tumbling.ts';
import type { Panes } from '../window/window.ts';
import { isIncremental, type Operator } from './operator.ts';

interface Setup {
  readonly spec: WindowSpec;
  readonly allowedLateness?: number;
  readonly panes?: Panes;
  readonly logic?: WindowStep['logic'];
  readonly valuesAreViews?: boolean;
  readonly lateTo?: string | undefined;
}

const sum: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: { create: () => 0, add: (a, v) => (a as number) + (v as number) },
};

const sumAndEdges: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: {
    create: () => 0,
    add: (a, v) => (a as number) + (v as number),
    merge: (left, right) => (left as number) + (right as number),
    result: (a, { window }) => [a, window.start, window.end],
  },
};

const rowWithEdges = ({ key, value, timestamp }: OperatorOutput) => {
  const [total, start, end] = value as number[];
  return [key, total, timestamp, start, end];
};

function stepOf(setup: Setup): WindowStep {
  return {
    kind: 'window',
    name: 'window-1',
    window: resolveWindow(setup.spec, what => {
      throw new Error(what);
    }),
    keyed: true,
    allowedLatenessMs: setup.allowedLateness ?? 0,
    lateTo: 'lateTo' in setup ? setup.lateTo : 'late',
    panes: setup.panes ?? 'accumulating',
    logic: setup.logic ?? sum,
  };
}

function makerOf(setup: Setup) {
  const step = stepOf(setup);
  return ({ next, faults, counts, lateOutlet, clock }: HarnessParts) =>
    windowOperator(step, setup.valuesAreViews ?? false, next, {
      faults,
      counts,
      lateOutlet,
      clock,
    });
}

function harnessOf(setup: Setup, options?: HarnessOptions): OperatorHarness {
  return new OperatorHarness(makerOf(setup), options);
}

const row = ({ key, value, timestamp }: OperatorOutput) => [key, value, timestamp];

describe('cases of Flink, restored and refused at every step', () => {
  const url = new URL('../../../../tests/conformance/cases/windows.json', import.meta.url);
  const { windows } = JSON.parse(readFileSync(url, 'utf8'));
  const modes = [false, true].flatMap(refusing =>
    [false, true].map(restoring => ({ refusing, restoring })),
  );
  describe.each(modes)('refusing $refusing, restoring $restoring', options => {
    test.each(
      windows as (Setup & {
        name: string;
        window: { kind: string; size: number; slide: number; gap: number };
        output?: string;
        script: [string, ...unknown[]][];
      })[],
    )('$name', ({ window, script, output, ...setup }) => {
      const { kind, size, slide, gap } = window;
      const ofTime = kind === 'tumbling' ? tumbling(size) : hopping(size, slide);
      const spec = kind === 'session' ? session(gap) : ofTime;
      const logic = output === undefined ? sum : sumAndEdges;
      const rowOf = output === undefined ? row : rowWithEdges;
      const harness = harnessOf({ ...setup, spec, logic }, options);
      for (const line of script) {
        if (line[0] === 'record' || line[0] === 'watermark') harness.apply(line as never);
        else if (line[0] === 'restore') harness.restore();
        else if (line[0] === 'expect') {
          expect(harness.take().map(rowOf).sort()).toEqual((line[1] as unknown[]).toSorted());
        } else {
          const late = harness.late.records.splice(0);
          expect(late.map(({ key, timestamp }) => [key, timestamp])).toEqual(line[1]);
        }
      }
    });
  });
});

/** Windows as filters over everything that was accepted: slow, and plainly right. */
function naive(setup: Setup, events: readonly OperatorEvent[]): unknown[][] {
  const { spec, allowedLateness = 0, panes = 'accumulating' } = setup;
  if (spec.kind !== 'tumbling' && spec.kind !== 'hopping') throw new Error('no');
  const size = spec.size as number;
  const slide = (spec.kind === 'hopping' ? spec.slide : spec.size) as number;
  const offset = spec.offset as number;
  const windowsOf = (timestamp: number): number[] => {
    const starts: number[] = [];
    for (let k = Math.floor((timestamp - size - offset) / slide) - 1; ; k++) {
      const start = offset + k * slide;
      if (start > timestamp) return starts;
      if (timestamp < start + size) starts.push(start);
    }
  };
  let now = Number.NEGATIVE_INFINITY;
  const accepted: { key: unknown; start: number; value: number; fired: boolean }[] = [];
  const fire = (start: number, key: unknown): unknown[] => {
    const pane = accepted.filter(
      one => one.start === start && one.key === key && !(panes === 'discarding' && one.fired),
    );
    for (const one of pane) one.fired = true;
    return [key, pane.reduce((total, { value }) => total + value, 0), start + size - 1];
  };
  return events.map(event => {
    const outputs: unknown[] = [];
    if (event[0] === 'record') {
      const [, key, timestamp, value] = event;
      const starts = windowsOf(timestamp);
      const open = starts.filter(start => start + size - 1 + allowedLateness > now);
      if (starts.length > 0 && open.length === 0) outputs.push(['late', key, timestamp]);
      for (const start of open) accepted.push({ key, start, value: value as number, fired: false });
      for (const start of open) if (start + size - 1 <= now) outputs.push(fire(start, key));
    } else {
      const to = event[0] === 'end' ? Number.POSITIVE_INFINITY : event[1];
      if (to > now) {
        const due = new Map<string, [number, unknown]>();
        for (const { start, key } of accepted) {
          const at = start + size - 1;
          if (at > now && at <= to) due.set(`${start} ${String(key)}`, [start, key]);
        }
        for (const [start, key] of due.values()) outputs.push(fire(start, key));
        now = to;
      }
    }
    return outputs;
  });
}

/** Changes accumulators in place wherever it may: nothing that is shared must change. */
const mergingSum: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: {
    create: () => ({ values: [] as number[] }),
    add: (a, v) => {
      (a as { values: number[] }).values.push(v as number);
      return a;
    },
    merge: (left, right) => {
      const { values } = left as { values: number[] };
      values.push(...(right as { values: number[] }).values);
      return left;
    },
    result: a => (a as { values: number[] }).values.reduce((total, v) => total + v, 0),
  },
};

const sumFold: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: sumOf((v: unknown) => v as number) as Aggregate<unknown, unknown>,
};

const setups = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.boolean())
  .chain(([size, slide, tumbles]) => {
    const period = tumbles ? size : slide;
    return fc.record({
      spec: fc
        .integer({ min: 1 - period, max: period - 1 })
        .map(offset => (tumbles ? tumbling(size, { offset }) : hopping(size, slide, { offset }))),
      allowedLateness: fc.nat(10),
      panes: fc.constantFrom<Panes>('accumulating', 'discarding'),
      logic: fc.constantFrom(sum, mergingSum, sumFold),
    });
  });

const someEvents = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant('record' as const),
        fc.constantFrom('a', 'b', 'ç'),
        fc.integer({ min: -30, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constant('watermark' as const), fc.integer({ min: -40, max: 70 })),
    },
  ),
  { maxLength: 40 },
);

test('equal to windows as filters over all events, in every mode (2,500 cases)', () => {
  fc.assert(
    fc.property(setups, someEvents, (setup, script) => {
      const events: OperatorEvent[] = [...script, ['end']];
      const found = replayOperator(makerOf(setup), events).map(outputs =>
        outputs.map(output => {
          const { late } = output as { late?: { key: unknown; timestamp: number } };
          return late === undefined ? row(output) : ['late', late.key, late.timestamp];
        }),
      );
      const sorted = (all: unknown[][]) => all.map(one => one.map(x => JSON.stringify(x)).sort());
      expect(sorted(found)).toEqual(sorted(naive(setup, events)));
    }),
    { numRuns: 2_500 },
  );
});

test('every value is windowed, late or unassigned', () => {
  fc.assert(
    fc.property(setups, someEvents, (setup, events) => {
      const harness = harnessOf(setup);
      for (const event of events) harness.apply(event);
      harness.end();
      const { windowed, late, unassigned, fired } = harness.counts;
      expect(windowed + late + unassigned).toBe(
        events.filter(([kind]) => kind === 'record').length,
      );
      expect(harness.late.records.length).toBe(late);
      expect(harness.take().length).toBe(fired);
      expect(harness.ended).toBe(true);
    }),
  );
});

test('the watermark is passed on after the windows that it fires, and never back', () => {
  const harness = harnessOf({ spec: tumbling(10) });
  harness.push('k', 5, 1);
  harness.watermark(3);
  harness.watermark(9);
  harness.watermark(7);
  harness.watermark(9);
  expect(harness.watermarks).toEqual([3, 9]);
});

test('a hopping window with gaps counts what is in none', () => {
  const harness = harnessOf({ spec: hopping(10, 100) });
  for (const timestamp of [5, 50, 99, 105, -50]) harness.push('k', timestamp, 1);
  harness.end();
  expect(harness.take().map(row)).toEqual([
    ['k', 1, 9],
    ['k', 1, 109],
  ]);
  expect(harness.counts).toMatchObject({ windowed: 2, unassigned: 3, late: 0 });
});

test('a late record without a late output is counted', () => {
  const harness = harnessOf({ spec: tumbling(10), lateTo: undefined });
  harness.watermark(100);
  harness.push('k', 5, 1);
  expect(harness.counts.late).toBe(1);
});

test('a late record goes to the late output with its key, time and watermark', () => {
  const harness = harnessOf({ spec: tumbling(10) });
  harness.watermark(100);
  harness.push(7, 5, { a: 1 });
  expect(harness.late.records).toEqual([
    {
      key: '7',
      value: '{"a":1}',
      timestamp: 5,
      headers: { 'late.step': 'window-1', 'late.watermark': '100' },
    },
  ]);
});

test('results know their key and window; accumulators may change in place', () => {
  const harness = harnessOf({
    spec: tumbling(10),
    allowedLateness: 100,
    logic: {
      kind: 'aggregate',
      aggregate: {
        create: () => ({ n: 0 }),
        add: a => {
          (a as { n: number }).n++;
          return a;
        },
        result: (a, { key, window }) => ({ ...(a as object), key, ...window }),
      },
    },
  });
  harness.push('k', 13, 1);
  harness.watermark(19);
  harness.push('k', 14, 1);
  expect(harness.take().map(({ value }) => value)).toEqual([
    { n: 1, key: 'k', start: 10, end: 20 },
    { n: 2, key: 'k', start: 10, end: 20 },
  ]);
});

describe('an accumulator without a result function', () => {
  const count: WindowStep['logic'] = {
    kind: 'aggregate',
    aggregate: {
      create: () => ({ n: 0 }),
      add: a => {
        (a as { n: number }).n++;
        return a;
      },
    },
  };

  test.each([
    ['plain', count],
    [
      'with a copy of its own',
      { ...count, aggregate: { ...count.aggregate, copy: a => ({ ...(a as object) }) } },
    ],
  ] as [string, WindowStep['logic']][])('%s is not changed after it went out', (_, logic) => {
    const harness = harnessOf({ spec: tumbling(10), allowedLateness: 100, logic });
    harness.push('k', 1, 1);
    harness.watermark(9);
    harness.push('k', 2, 1);
    expect(harness.take().map(({ value }) => value)).toEqual([{ n: 1 }, { n: 2 }]);
  });
});

describe('whole-window functions', () => {
  const all = (process: (key: unknown, values: readonly unknown[]) => unknown): Setup => ({
    spec: tumbling(10),
    logic: { kind: 'process', process },
  });

  test('see all values in the order of arrival; iterables are many results', () => {
    const events: OperatorEvent[] = [
      ['record', 'k', 5, 1],
      ['record', 'k', 3, 2],
      ['record', 'j', 4, 3],
      ['watermark', 9],
    ];
    const list = replayOperator(makerOf(all((_, values) => values)), events).at(-1);
    expect(list?.map(row).sort()).toEqual([
      ['j', 3, 9],
      ['k', 1, 9],
      ['k', 2, 9],
    ]);
    const generated = replayOperator(
      makerOf(
        all(function* (key, values) {
          for (const value of values) yield `${key}${value}`;
        }),
      ),
      events,
    ).at(-1);
    expect(generated?.map(({ value }) => value).sort()).toEqual(['j3', 'k1', 'k2']);
    const one = replayOperator(makerOf(all((_, values) => values.length)), events).at(-1);
    expect(one?.map(({ value }) => value).sort()).toEqual([1, 2]);
    const none = replayOperator(makerOf(all(() => undefined)), events).at(-1);
    expect(none).toEqual([]);
  });

  test('what they were given does not change when more comes', () => {
    const harness = harnessOf({ ...all((_, values) => ({ values })), allowedLateness: 100 });
    harness.push('k', 1, 'a');
    harness.watermark(9);
    harness.push('k', 2, 'b');
    expect(harness.take().map(({ value }) => value)).toEqual([
      { values: ['a'] },
      { values: ['a', 'b'] },
    ]);
  });

  test('a generator that throws is run again, past what it gave', () => {
    let failures = 2;
    const harness = harnessOf(
      all(function* (_, values) {
        for (const [i, value] of values.entries()) {
          if (i === 2 && failures-- > 0) throw new Error('now and then');
          yield value;
        }
      }),
      { retries: 3 },
    );
    for (const value of [1, 2, 3, 4]) harness.push('k', 1, value);
    harness.watermark(9);
    expect(harness.take().map(({ value }) => value)).toEqual([1, 2, 3, 4]);
    expect(harness.counts).toMatchObject({ fired: 4, deadLetters: 0 });
  });
});

describe('user code that throws', () => {
  /** Adds in place and throws halfway, as often as `failures` says. */
  const fragile = (failures: { left: number }): WindowStep['logic'] => ({
    kind: 'aggregate',
    aggregate: {
      create: () => ({ n: 0, sum: 0 }),
      add: (a, v) => {
        const acc = a as { n: number; sum: number };
        acc.n++;
        if (v === 'bad' && failures.left-- > 0) throw new Error('bad value');
        acc.sum += v === 'bad' ? 100 : (v as number);
        return acc;
      },
    },
  });

  test.each([
    ['objects of primitives', { n: 0, sum: 0 }],
    ['others', { n: 0, sum: 0, list: [] }],
  ])('in add of shared windows: tried again, then a dead letter: %s', (_, initial) => {
    const failures = { left: 3 };
    const plain = fragile(failures);
    const shared = {
      kind: 'aggregate',
      aggregate: {
        ...(plain.kind === 'aggregate' ? plain.aggregate : undefined),
        create: () => structuredClone(initial),
        merge: (left: { n: number; sum: number }, right: { n: number; sum: number }) => ({
          ...left,
          n: left.n + right.n,
          sum: left.sum + right.sum,
        }),
        result: ({ n, sum: total }: { n: number; sum: number }) => [n, total],
      },
    } as unknown as WindowStep['logic'];
    const harness = harnessOf({ spec: hopping(20, 10), logic: shared }, { retries: 1 });
    harness.push('k', 15, 1);
    harness.push('k', 16, 'bad');
    expect(harness.deadLetters.records).toHaveLength(1);
    harness.push('k', 17, 'bad');
    harness.push('k', 18, 2);
    harness.end();
    expect(harness.take().map(row)).toEqual([
      ['k', [3, 103], 19],
      ['k', [3, 103], 29],
    ]);
  });

  test('in add: tried again, and no trace of the failures', () => {
    const harness = harnessOf(
      { spec: hopping(20, 10), logic: fragile({ left: 3 }) },
      { retries: 3 },
    );
    harness.push('k', 15, 1);
    harness.push('k', 15, 'bad');
    harness.end();
    expect(harness.take().map(row)).toEqual([
      ['k', { n: 2, sum: 101 }, 19],
      ['k', { n: 2, sum: 101 }, 29],
    ]);
    expect(harness.counts.deadLetters).toBe(0);
  });

  test('in add, where each value has one window', () => {
    const harness = harnessOf({ spec: tumbling(10), logic: fragile({ left: 3 }) }, { retries: 1 });
    for (const value of [1, 'bad', 'bad', 2]) harness.push('k', 5, value);
    harness.end();
    expect(harness.take().map(row)).toEqual([['k', { n: 3, sum: 103 }, 9]]);
    expect(harness.counts).toMatchObject({ windowed: 3, deadLetters: 1 });
  });

  test('in add: at last a dead letter, out of every window that it had been added to', () => {
    const harness = harnessOf({ spec: hopping(20, 10), logic: fragile({ left: 99 }) });
    harness.push('k', 15, 1);
    harness.push('k', 15, 'bad');
    harness.push('other', 15, 'bad');
    harness.push('k', 16, 2);
    harness.end();
    expect(harness.take().map(row)).toEqual([
      ['k', { n: 2, sum: 3 }, 19],
      ['k', { n: 2, sum: 3 }, 29],
    ]);
    expect(harness.counts).toMatchObject({ windowed: 2, deadLetters: 2 });
    expect(harness.deadLetters.records[0]).toMatchObject({
      key: 'k',
      value: 'bad',
      timestamp: 15,
      headers: { 'error.step': 'window-1', 'error.message': 'Error: bad value' },
    });
  });

  test('in add, for the second window only: the first is undone too', () => {
    let calls = 0;
    const logic: WindowStep['logic'] = {
      kind: 'aggregate',
      aggregate: {
        create: () => [] as number[],
        add: (a, v) => {
          (a as number[]).push(v as number);
          if (v === 2 && ++calls % 2 === 0) throw new Error('every second time');
          return a;
        },
      },
    };
    for (const valuesAreViews of [false, true]) {
      const harness = harnessOf({ spec: hopping(20, 10), logic, valuesAreViews });
      for (const value of [1, 2, 3]) harness.push('k', 15, value);
      harness.end();
      expect(harness.take().map(row)).toEqual([
        ['k', [1, 3], 19],
        ['k', [1, 3], 29],
      ]);
    }
  });

  test('in create', () => {
    let made = 0;
    const logic: WindowStep['logic'] = {
      kind: 'aggregate',
      aggregate: {
        // The first is looked at when the operator is built.
        create: () => {
          if (++made === 2) throw new Error('not now');
          return 0;
        },
        add: (a, v) => (a as number) + (v as number),
      },
    };
    const harness = harnessOf({ spec: tumbling(10), logic });
    harness.push('k', 1, 5);
    harness.push('k', 1, 7);
    harness.end();
    expect(harness.take().map(row)).toEqual([['k', 7, 9]]);
    expect(harness.counts.deadLetters).toBe(1);
  });

  test('in result: tried again, then key, window and accumulator are the dead letter', () => {
    let failures = 1;
    const logic: WindowStep['logic'] = {
      kind: 'aggregate',
      aggregate: {
        create: () => new Map(),
        add: (a, v) => (a as Map<unknown, number>).set(v, 1),
        result: (a, { key }) => {
          if (key === 'bad' || failures-- > 0) throw new TypeError('no result');
          return (a as Map<unknown, number>).size;
        },
      },
    };
    for (const refusing of [false, true]) {
      failures = 1;
      const harness = harnessOf({ spec: tumbling(10), logic }, { retries: 2, refusing });
      harness.push('good', 1, 'x');
      harness.push('bad', 2, 'y');
      harness.push('fine', 3, 'z');
      harness.end();
      expect(harness.take().map(row)).toEqual([
        ['good', 1, 9],
        ['fine', 1, 9],
      ]);
      expect(harness.deadLetters.records).toEqual([
        {
          key: 'bad',
          value: '{"key":"bad","window":{"start":0,"end":10},"accumulator":[["y",1]]}',
          timestamp: 9,
          headers: {
            'error.pipeline': 'harness',
            'error.step': 'window-1',
            'error.message': 'TypeError: no result',
            'window.start': '0',
            'window.end': '10',
          },
        },
      ]);
      expect(harness.counts).toMatchObject({ fired: 3, deadLetters: 1 });
    }
  });

  test('a promise stops the pipeline, wherever it comes from', () => {
    const asyncCode = async () => 1;
    const logics: WindowStep['logic'][] = [
      { kind: 'aggregate', aggregate: { create: () => 0, add: asyncCode } },
      { kind: 'aggregate', aggregate: { create: () => 0, add: a => a, result: asyncCode } },
      { kind: 'process', process: asyncCode },
    ];
    for (const logic of logics) {
      const harness = harnessOf({ spec: tumbling(10), logic }, { retries: 5 });
      expect(() => {
        harness.push('k', 1, 1);
        harness.end();
      }).toThrow(
        expect.objectContaining({
          code: 'ASYNC_OPERATOR',
          message: expect.stringContaining('window-1'),
        }),
      );
    }
  });
});

test('snapshots of several tasks restore into others by key group', () => {
  const setup = { spec: tumbling(10), allowedLateness: 5 };
  const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`);
  const [left, right] = [harnessOf(setup), harnessOf(setup)];
  for (const [i, key] of keys.entries()) (i % 2 === 0 ? left : right).push(key, 5, i);
  left.watermark(2);
  right.watermark(12);
  const all = [left.snapshot(), right.snapshot()];
  const thirds = [0, 43, 86, 128];
  const results: unknown[] = [];
  for (let task = 0; task < 3; task++) {
    const harness = harnessOf(setup);
    harness.restoreFrom(all, thirds[task], thirds[task + 1]);
    harness.end();
    results.push(...harness.take().map(row));
  }
  // The task that was furthest behind holds: windows that the other had fired fire once more.
  expect(results.length).toBe(50);
  expect(results.sort()).toEqual(keys.map((key, i) => [key, i, 9]).sort());
});

test.each([
  { name: 'tumbling', spec: tumbling(10) },
  { name: 'hopping', spec: hopping(20, 10) },
  { name: 'hopping in slices', spec: hopping(20, 10), logic: sumAndEdges },
])(
  '$name windows that one of several tasks had closed stay closed where another was behind',
  setup => {
    const made: Operator[] = [];
    const build = () =>
      new OperatorHarness(parts => {
        const operator = makerOf(setup)(parts);
        made.push(operator);
        return operator;
      });
    const changesOf = (operator: Operator) => {
      const snapshot = new MemorySnapshot();
      if (!isIncremental(operator)) throw new Error('it writes whole snapshots');
      return { layers: operator.snapshotChanges(snapshot), sections: snapshot.written };
    };
    const [ahead, behind] = [build(), build()];
    ahead.push('a', 5, 1);
    // So many that a round takes longer than one snapshot.
    for (let n = 0; n < 3_000; n++) ahead.push(`k${n}`, 45, 1);
    const before = changesOf(made[0]);
    ahead.watermark(30);
    ahead.push('a', 45, 2);
    const after = changesOf(made[0]);
    expect(after.layers).toBe(2);
    behind.push('b', 5, 4);
    behind.watermark(2);
    const keyed = before.sections.filter(({ group }) => group !== TASK_STATE);
    const restored = build();
    made[2].restore(readSections([...keyed, ...after.sections], changesOf(made[1]).sections));
    restored.end();
    const ends = restored.take().map(({ key, timestamp }) => [key, timestamp]);
    expect(ends).toContainEqual(['b', 9]);
    expect(ends).toContainEqual(['a', 49]);
    expect(ends.filter(([key, end]) => key !== 'b' && (end as number) <= 30)).toEqual([]);
  },
);

test('a merge that fails for good when a shared window fires: a dead letter, and the next one goes on', () => {
  let fails = 0;
  const harness = harnessOf(
    {
      spec: hopping(20, 10),
      logic: {
        kind: 'aggregate',
        aggregate: {
          create: () => 0,
          add: (a, v) => (a as number) + (v as number),
          merge: (left, right) => {
            if (fails-- > 0) throw new Error('no merge');
            return (left as number) + (right as number);
          },
        },
      },
    },
    { retries: 1 },
  );
  harness.push('k', 5, 1);
  harness.push('k', 15, 2);
  harness.watermark(9);
  fails = 2;
  harness.watermark(19);
  const [dead] = harness.deadLetters.records;
  expect(JSON.parse(String(dead.value))).toEqual({
    key: 'k',
    window: { start: 0, end: 20 },
    accumulator: [1, 2],
  });
  harness.push('k', 25, 4);
  fails = 1;
  harness.end();
  expect(harness.take().map(row)).toEqual([
    ['k', 1, 9],
    ['k', 6, 29],
    ['k', 4, 39],
  ]);
  expect(harness.counts).toMatchObject({ fired: 4, deadLetters: 1 });
});

test('accumulators of nothing are shared too', () => {
  const highs = where(
    (v: unknown) => (v as number) > 5,
    max((v: unknown) => v as number),
  );
  const logic: WindowStep['logic'] = { kind: 'aggregate', aggregate: highs as never };
  const events: OperatorEvent[] = [['record', 'k', 1, 1], ['record', 'k', 12, 9], ['end']];
  const found = replayOperator(makerOf({ spec: hopping(20, 10), logic }), events);
  expect(found.at(-1)?.map(row)).toEqual([
    ['k', undefined, 9],
    ['k', 9, 19],
    ['k', 9, 29],
  ]);
});

test.each([0, 5])(
  'slices that have come and gone since a snapshot are held no longer, late by %i',
  late => {
    let made: Operator | undefined;
    const harness = new OperatorHarness(parts => {
      made = makerOf({ spec: hopping(20, 10), logic: sumAndEdges, allowedLateness: late })(parts);
      return made;
    });
    const entries = () => {
      const snapshot = new MemorySnapshot();
      if (made === undefined || !isIncremental(made)) throw new Error('it writes whole snapshots');
      made.snapshotChanges(snapshot);
      return snapshot.written.filter(({ group }) => group !== TASK_STATE).length;
    };
    expect(entries()).toBe(0);
    for (let n = 0; n < 30; n++) harness.push(`k${n}`, 5, n);
    harness.push('k', 15, 1);
    harness.watermark(24);
    harness.push('k', 25, 1);
    expect(entries()).toBe(1);
    for (let n = 0; n < 30; n++) harness.push(`k${n}`, 30, n);
    harness.watermark(100);
    expect(entries()).toBe(0);
  },
);

test('snapshots of what has changed know every window of a value', () => {
  const setup = { spec: hopping(20, 10) };
  let made: ReturnType<ReturnType<typeof makerOf>> | undefined;
  const harness = new OperatorHarness(parts => {
    made = makerOf(setup)(parts);
    return made;
  });
  const changesOf = () => {
    const snapshot = new MemorySnapshot();
    if (made === undefined || !isIncremental(made)) throw new Error('it writes whole snapshots');
    return { layers: made.snapshotChanges(snapshot), snapshot };
  };
  harness.push('k', 15, 1);
  const whole = changesOf();
  harness.push('k', 15, 2);
  const changes = changesOf();
  expect(whole.layers).toBe(1);
  const after = harnessOf(setup);
  after.restoreFrom([whole.snapshot, changes.snapshot].slice(-changes.layers), 0, 128);
  after.push('k', 15, 3);
  after.end();
  expect(after.take().map(row)).toEqual([
    ['k', 6, 19],
    ['k', 6, 29],
  ]);
});
