import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowOperator } from '../pipeline/chain.ts';
import type { WindowStep } from '../pipeline/graph.ts';
import {
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  type OperatorOutput,
  replayOperator,
} from '../testing/operator-harness.ts';

const list: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: {
    create: () => [],
    add: (a, v) => {
      (a as unknown[]).push(v);
      if (v === 'bad') throw new Error('bad value');
      return a;
    },
    result: (a, { window }) => ({ values: a, window }),
  },
};

function makerOf(size: number, logic: WindowStep['logic'] = list) {
  const step: WindowStep = {
    kind: 'window',
    name: 'window-1',
    window: { kind: 'count', size, described: 'count' },
    keyed: true,
    allowedLatenessMs: 0,
    lateTo: undefined,
    panes: 'accumulating',
    logic,
  };
  return ({ next, faults, counts, lateOutlet, clock }: HarnessParts) =>
    windowOperator(step, false, next, { faults, counts, lateOutlet, clock });
}

const row = ({ key, value, timestamp }: OperatorOutput) => [key, value, timestamp];

test('so many values of a key, the largest timestamp, the rest at the end', () => {
  const harness = new OperatorHarness(makerOf(2));
  harness.push('a', 10, 1);
  harness.push('b', 50, 2);
  harness.push('a', 5, 3);
  harness.push('a', 7, 4);
  expect(harness.take().map(row)).toEqual([
    ['a', { values: [1, 3], window: { start: 5, end: 11 } }, 10],
  ]);
  harness.watermark(1000);
  expect(harness.take()).toEqual([]);
  expect(harness.watermarks).toEqual([1000]);
  harness.end();
  expect(harness.take().map(row)).toEqual([
    ['b', { values: [2], window: { start: 50, end: 51 } }, 50],
    ['a', { values: [4], window: { start: 7, end: 8 } }, 7],
  ]);
  expect(harness.ended).toBe(true);
  expect(harness.counts).toMatchObject({ windowed: 4, fired: 3 });
});

test('equal to cutting the values of each key, in every mode (300 cases)', () => {
  const records = fc.array(
    fc.tuple(
      fc.constant('record' as const),
      fc.constantFrom('a', 'b', 3),
      fc.integer({ min: -5, max: 20 }),
      fc.constantFrom(1, 2, 3, 'bad'),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), records, (size, script) => {
      const events: OperatorEvent[] = [...script, ['end']];
      const outputs = replayOperator(makerOf(size), events).flat();
      const found = outputs.filter(output => !('dead' in output)).map(row);
      const expected: unknown[] = [];
      for (const key of ['a', 'b', 3]) {
        const good = script.filter(one => one[1] === key && one[3] !== 'bad');
        for (let at = 0; at < good.length; at += size) {
          const times = good.slice(at, at + size).map(([, , timestamp]) => timestamp);
          const window = { start: Math.min(...times), end: Math.max(...times) + 1 };
          const values = good.slice(at, at + size).map(([, , , value]) => value);
          expected.push([key, { values, window }, window.end - 1]);
        }
      }
      const sorted = (rows: unknown[]) => rows.map(one => JSON.stringify(one)).sort();
      expect(sorted(found)).toEqual(sorted(expected));
      const bad = script.filter(([, , , value]) => value === 'bad').length;
      expect(outputs.length - found.length).toBe(bad);
    }),
    { numRuns: 300 },
  );
});

test('a retry begins with what was there before', () => {
  let failures = 2;
  const flaky: WindowStep['logic'] = {
    kind: 'aggregate',
    aggregate: {
      create: () => ({ n: 0 }),
      add: a => {
        (a as { n: number }).n++;
        if (failures-- > 0) throw new Error('not yet');
        return a;
      },
    },
  };
  const harness = new OperatorHarness(makerOf(1, flaky), { retries: 2 });
  harness.push('k', 1, 'v');
  expect(harness.take().map(row)).toEqual([['k', { n: 1 }, 1]]);
});

test('create may fail as well', () => {
  let made = 0;
  const logic: WindowStep['logic'] = {
    kind: 'aggregate',
    aggregate: {
      create: () => {
        if (++made === 2 || made === 3) throw new Error('not yet');
        return 0;
      },
      add: (a, v) => (a as number) + (v as number),
    },
  };
  const harness = new OperatorHarness(makerOf(1, logic), { retries: 1 });
  harness.push('k', 1, 5);
  harness.push('k', 1, 7);
  expect(harness.take().map(row)).toEqual([['k', 7, 1]]);
  expect(harness.counts.deadLetters).toBe(1);
});

test('a promise stops the pipeline', () => {
  const logic: WindowStep['logic'] = {
    kind: 'aggregate',
    aggregate: { create: () => 0, add: async () => 1 },
  };
  const harness = new OperatorHarness(makerOf(1, logic));
  expect(() => harness.push('k', 1, 1)).toThrow(
    expect.objectContaining({ code: 'ASYNC_OPERATOR' }),
  );
});
