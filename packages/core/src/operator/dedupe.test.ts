import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  replayOperator,
} from '../testing/operator-harness.ts';
import { DedupeOperator, type DedupeParts } from './dedupe.ts';

function makerOf(options: Partial<DedupeParts> = {}) {
  return ({ next, ...parts }: HarnessParts) =>
    new DedupeOperator(
      { step: 'd', withinMs: 10, time: 'event', by: undefined, ...parts, ...options },
      next,
    );
}

const values = (harness: OperatorHarness) => harness.take().map(({ value }) => value);

describe('values of one key', () => {
  test('pass once within the time, and again after it', () => {
    const harness = new OperatorHarness(makerOf());
    for (const [key, at] of [
      ['a', 100],
      ['a', 100],
      ['b', 101],
      ['a', 109],
      ['a', 110],
      ['a', 101],
      ['a', 119],
      ['a', 90],
      ['a', 90],
      ['a', 89],
    ] as const) {
      harness.push(key, at, `${key}${at}`);
    }
    expect(values(harness)).toEqual(['a100', 'b101', 'a110', 'a90']);
    expect(harness.counts).toMatchObject({ duplicates: 6 });
  });

  test('are told apart by more than the key', () => {
    const harness = new OperatorHarness(makerOf({ by: value => (value as { id: number }).id }));
    for (const [at, id] of [
      [1, 1],
      [2, 2],
      [3, 1],
      [12, 2],
    ] as const) {
      harness.push('a', at, { at, id });
    }
    expect(values(harness)).toEqual([
      { at: 1, id: 1 },
      { at: 2, id: 2 },
      { at: 12, id: 2 },
    ]);
  });

  test('by the clock', () => {
    const harness = new OperatorHarness(makerOf({ time: 'processing' }));
    harness.push('a', 1, 1);
    harness.tick(9);
    harness.push('a', 100, 2);
    harness.tick(10);
    harness.push('a', 1, 3);
    expect(values(harness)).toEqual([1, 3]);
  });

  test('that cannot be told apart are dead letters', () => {
    const harness = new OperatorHarness(
      makerOf({
        by: value => {
          if (value === 'throw') throw new Error('no');
          return value;
        },
      }),
    );
    harness.push('a', 1, undefined);
    harness.push('a', 1, 'throw');
    harness.push('a', 1, 'fine');
    expect(values(harness)).toEqual(['fine']);
    expect(harness.deadLetters.records).toMatchObject([
      { headers: { 'error.code': 'INVALID_KEY' } },
      { headers: { 'error.message': 'Error: no' } },
    ]);
    const harnessOfPromise = new OperatorHarness(makerOf({ by: async () => 'a' }));
    expect(() => harnessOfPromise.push('a', 1, 1)).toThrow(
      expect.objectContaining({ code: 'ASYNC_OPERATOR' }),
    );
  });
});

test('what is on time passes as by a list of all that passed, however the operator is driven', () => {
  const record = fc.tuple(fc.constantFrom('a', 'b', 3), fc.nat(60), fc.constantFrom('x', 'y'));
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), fc.boolean(), (records, named) => {
      const passed: { key: unknown; at: number; name: unknown }[] = [];
      const events: OperatorEvent[] = [];
      const expected: unknown[][] = [];
      let watermark = Number.NEGATIVE_INFINITY;
      for (const [index, [key, ahead, name]] of records.entries()) {
        const at = Math.max(watermark + 1, index * 5 + ahead - 30);
        events.push(['record', key, at, { name, index }]);
        const same = passed.filter(one => one.key === key && (!named || one.name === name));
        const isFirst = same.every(one => Math.abs(one.at - at) >= 10);
        if (isFirst) passed.push({ key, at, name });
        expected.push(isFirst ? [index] : []);
        if (index % 4 !== 3) continue;
        watermark = Math.max(watermark, index * 5 - 31);
        events.push(['watermark', watermark]);
        expected.push([]);
      }
      const by = (value: unknown) => (value as { name: string }).name;
      const outputs = replayOperator(makerOf(named ? { by } : {}), events);
      expect(
        outputs.map(one => one.map(({ value }) => (value as { index: number }).index)),
      ).toEqual(expected);
    }),
  );
});
