import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  replayOperator,
} from '../testing/operator-harness.ts';
import type { ContextCell } from './context.ts';
import { FilterOperator } from './filter.ts';
import { FlatMapOperator } from './flat-map.ts';
import { MapOperator } from './map.ts';
import type { Operator } from './operator.ts';
import { TapOperator } from './tap.ts';

type Call = (value: unknown, context: ContextCell) => unknown;
const makers = {
  map: (call: Call) => (parts: HarnessParts) =>
    new MapOperator('step', call, parts.faults, parts.next),
  filter: (call: Call) => (parts: HarnessParts) =>
    new FilterOperator('step', call, parts.faults, parts.counts, parts.next),
  tap: (call: Call) => (parts: HarnessParts) =>
    new TapOperator('step', call, parts.faults, parts.next),
  flatMap: (call: Call) => (parts: HarnessParts) =>
    new FlatMapOperator('step', call, parts.faults, parts.counts, parts.next),
} satisfies Record<string, (call: Call) => (parts: HarnessParts) => Operator>;

function valuesOf(make: (parts: HarnessParts) => Operator, values: readonly unknown[]): unknown[] {
  const events = values.map((value, i): OperatorEvent => ['record', `k${i}`, i, value]);
  return replayOperator(make, [...events, ['watermark', 5], ['end']])
    .flat()
    .map(({ value }) => value);
}

test('map gives one for each, with key and time', () => {
  expect(
    valuesOf(
      makers.map(v => (v as number) * 2),
      [1, 2],
    ),
  ).toEqual([2, 4]);
  expect(
    valuesOf(
      makers.map((_, { key, timestamp }) => [key, timestamp]),
      ['x'],
    ),
  ).toEqual([['k0', 0]]);
});

test('filter keeps what is truthy and counts the rest', () => {
  const harness = new OperatorHarness(makers.filter(v => v));
  for (const value of [0, 1, '', 'a', undefined, true]) harness.push('k', 0, value);
  expect(harness.take().map(({ value }) => value)).toEqual([1, 'a', true]);
  expect(harness.counts.filtered).toBe(3);
});

test('tap shows every value and passes it on', () => {
  const seen: unknown[] = [];
  const harness = new OperatorHarness(makers.tap(v => seen.push(v)));
  for (const value of [1, 2]) harness.push('k', 0, value);
  expect(harness.take().map(({ value }) => value)).toEqual([1, 2]);
  expect(seen).toEqual([1, 2]);
});

test('time and end pass through', () => {
  for (const maker of Object.values(makers)) {
    const harness = new OperatorHarness(maker(v => v));
    harness.watermark(7);
    harness.restore();
    harness.end();
    expect(harness.watermarks).toEqual([7, Number.POSITIVE_INFINITY]);
    expect(harness.ended).toBe(true);
  }
});

describe('flatMap', () => {
  test.each([
    ['an array', () => [1, 2, 3], [1, 2, 3]],
    ['an empty array', () => [], []],
    ['nothing', () => undefined, []],
    ['one value', () => 5, [5]],
    ['null', () => null, [null]],
    ['a text is one value', () => 'abc', ['abc']],
    ['a Set', () => new Set([1, 2]), [1, 2]],
    [
      'a generator',
      function* () {
        yield 1;
        yield 2;
      },
      [1, 2],
    ],
  ])('%s', (_, call, expected) => {
    expect(valuesOf(makers.flatMap(call as Call), ['x'])).toEqual(expected);
  });

  test('counts what it made beyond one for each, and what it made nothing of', () => {
    const harness = new OperatorHarness(makers.flatMap(v => Array(v as number).fill(0)));
    for (const value of [0, 1, 3]) harness.push('k', 0, value);
    expect(harness.take().length).toBe(4);
    expect(harness.counts).toMatchObject({ filtered: 1, expanded: 2 });
  });

  test('is the same as the arrays joined, refused and restored (200 cases)', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat()), { maxLength: 10 }), lists => {
        const expected = lists.map(list => list.map(x => JSON.stringify(x)).sort());
        for (const call of [
          (v: unknown) => v,
          (v: unknown) => (v as number[])[Symbol.iterator](),
        ]) {
          const events = lists.map((list, i): OperatorEvent => ['record', 'k', i, list]);
          const found = replayOperator(makers.flatMap(call as Call), events);
          expect(found.map(one => one.map(({ value }) => JSON.stringify(value)).sort())).toEqual(
            expected,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('an iterator that throws goes on where it stopped', () => {
    let failures = 2;
    const harness = new OperatorHarness(
      makers.flatMap(function* () {
        yield 1;
        yield 2;
        if (failures-- > 0) throw new Error('not yet');
        yield 3;
      }),
      { retries: 2, refusing: true },
    );
    harness.push('k', 0, 'x');
    expect(harness.take().map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(harness.counts).toMatchObject({ expanded: 2, deadLetters: 0 });
  });

  test('it may become an array at the second try, or fail before its first item', () => {
    let calls = 0;
    const make = () => {
      calls++;
      if (calls === 1) {
        return (function* () {
          yield 1;
          throw new Error('half way');
        })();
      }
      if (calls === 2) throw new Error('not even begun');
      return [1, 2, 3];
    };
    const harness = new OperatorHarness(makers.flatMap(make), { retries: 2 });
    harness.push('k', 0, 'x');
    expect(harness.take().map(({ value }) => value)).toEqual([1, 2, 3]);
    const cannotBegin = {
      [Symbol.iterator](): never {
        throw new Error('no iterator');
      },
    };
    const other = new OperatorHarness(
      makers.flatMap(() => cannotBegin),
      { retries: 1 },
    );
    other.push('k', 0, 'x');
    expect(other.counts).toMatchObject({ deadLetters: 1, expanded: 0 });
  });

  test('when it keeps failing the input is a dead letter beside what it gave', () => {
    const harness = new OperatorHarness(
      makers.flatMap(function* (value) {
        yield 1;
        throw new Error(`cannot go on with ${value}`);
      }),
      { retries: 1 },
    );
    harness.push('k', 0, 'x');
    expect(harness.take().length).toBe(1);
    expect(harness.counts).toMatchObject({ expanded: 1, deadLetters: 1, filtered: 0 });
    expect(harness.deadLetters.records[0].headers).toMatchObject({
      'error.message': 'Error: cannot go on with x',
    });
  });
});

describe.each(Object.entries(makers))('%s: user code that throws', (_, maker) => {
  test('is called again, so often and no more', () => {
    let calls = 0;
    const call = () => {
      if (++calls <= 3) throw new Error('not yet');
      return 1;
    };
    const patient = new OperatorHarness(maker(call), { retries: 3 });
    patient.push('k', 0, 'x');
    expect(patient.take().length).toBe(1);
    expect(calls).toBe(4);
    calls = 0;
    const strict = new OperatorHarness(maker(call), { retries: 2 });
    strict.push('k', 0, 'x');
    expect(calls).toBe(3);
    expect(strict.take()).toEqual([]);
    expect(strict.counts.deadLetters).toBe(1);
  });

  test('makes a dead letter that says what and where, and waits for room', () => {
    const harness = new OperatorHarness(
      maker(() => {
        throw new RangeError('out of it');
      }),
      { refusing: true },
    );
    harness.push('k', 17, { id: 5n, when: new Set([1]) });
    harness.push(undefined, 18, undefined);
    const [first, second] = harness.deadLetters.records;
    expect(first).toEqual({
      key: 'k',
      value: '{"id":"5","when":[1]}',
      timestamp: 17,
      headers: {
        'error.pipeline': 'harness',
        'error.step': 'step',
        'error.message': 'RangeError: out of it',
      },
    });
    expect(second).toMatchObject({ key: null, value: null, timestamp: 18 });
  });

  test('a promise stops the pipeline and names the step', () => {
    const harness = new OperatorHarness(
      maker(() => Promise.reject(new Error('nobody looks at it'))),
      { retries: 3 },
    );
    expect(() => harness.push('k', 0, 'x')).toThrow(
      expect.objectContaining({
        code: 'ASYNC_OPERATOR',
        message: expect.stringMatching(/"step".*mapAsync/),
      }),
    );
  });
});
