import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Aggregate } from './aggregate.ts';
import { Cell, CopyGuard, FLAT_GUARD, guardFor, JournalGuard, NO_GUARD } from './guard.ts';

type Any = Aggregate<unknown, unknown, unknown>;
const of = <A>(create: () => A, more: Partial<Aggregate<unknown, A>> = {}): Any =>
  ({ create, add: (a: A) => a, ...more }) as Any;

describe('the cheapest guard that undoes everything', () => {
  test.each([
    ['a number', of(() => 0), NO_GUARD],
    ['a text', of(() => ''), NO_GUARD],
    ['an object of primitives', of(() => ({ n: 0, name: '' })), FLAT_GUARD],
    ['one without a prototype', of(() => Object.assign(Object.create(null), { n: 1 })), FLAT_GUARD],
  ])('%s', (_, aggregate, guard) => {
    expect(guardFor(aggregate, false)).toBe(guard);
    expect(guardFor(aggregate, true)).toBe(guard);
  });

  test.each([
    ['nothing yet', of(() => undefined)],
    ['null for an object to come', of(() => null)],
    ['a field for an object to come', of(() => ({ best: null }))],
    ['a list', of(() => [])],
    ['a Map', of(() => new Map())],
    ['a nested object', of(() => ({ inner: { n: 0 } }))],
    ['a class of its own with a copy', of(() => new (class Sketch {})(), { copy: a => a })],
  ])('%s', (_, aggregate) => {
    expect(guardFor(aggregate, false)).toBeInstanceOf(JournalGuard);
    expect(guardFor(aggregate, true)).toBeInstanceOf(CopyGuard);
  });

  test('a class of its own without a copy is refused', () => {
    class Sketch {}
    expect(() =>
      guardFor(
        of(() => new Sketch()),
        false,
      ),
    ).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_VALUE',
        message: expect.stringContaining('a Sketch'),
      }),
    );
    expect(() =>
      guardFor(
        of(() => ({ f: () => 0 })),
        false,
      ),
    ).toThrow(/a function/);
  });
});

/** An accumulator of every plain kind, changed in place, and half changed when a value is odd. */
interface Everything {
  list: number[];
  map: Map<string, { n: number }>;
  set: Set<number>;
  when: Date;
  bytes: Uint8Array;
}
const everything: Aggregate<number, Everything> = {
  create: () => ({
    list: [],
    map: new Map(),
    set: new Set(),
    when: new Date(0),
    bytes: new Uint8Array(2),
  }),
  add(all, value) {
    all.list.push(value);
    const entry = all.map.get(String(value % 3)) ?? { n: 0 };
    entry.n++;
    all.map.set(String(value % 3), entry);
    all.set.add(value);
    all.when.setTime(value);
    all.bytes[value & 1]++;
    if (value < 0) throw new Error('half done');
    return all;
  },
};
const flat: Aggregate<number, { n: number; sum: number }> = {
  create: () => ({ n: 0, sum: 0 }),
  add(all, value) {
    all.n++;
    if (value < 0) throw new Error('half done');
    all.sum += value;
    return all;
  },
};

test.each([
  ['flat', flat, false],
  ['journal', everything, false],
  ['copy', everything, true],
  [
    'journal with a copy of the user',
    { ...everything, copy: (a: Everything) => structuredClone(a) },
    false,
  ],
  ['copy of the user', { ...everything, copy: (a: Everything) => structuredClone(a) }, true],
])('%s: a failed add leaves no trace (500 cases)', (_, aggregate, views) => {
  const any = aggregate as Any;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 20 }), { maxLength: 80 }), values => {
      const guard = guardFor(any, views);
      const cell = new Cell('k', any.create());
      let expected = any.create();
      for (const value of values) {
        const kept = guard.keep(cell);
        try {
          cell.accumulator = any.add(cell.accumulator, value);
          guard.settle(cell, value);
          expected = any.add(expected, value);
        } catch {
          guard.restore(cell, kept);
        }
        expect(cell.accumulator).toEqual(expected);
      }
    }),
    { numRuns: 500 },
  );
});

test('an add that did not fail can be undone as well', () => {
  for (const views of [false, true]) {
    const guard = guardFor(everything as Any, views);
    const cell = new Cell('k', everything.create());
    everything.add(cell.accumulator as Everything, 1);
    const before = structuredClone(cell.accumulator);
    const kept = guard.keep(cell);
    everything.add(cell.accumulator as Everything, 2);
    guard.restore(cell, kept);
    expect(cell.accumulator).toEqual(before);
  }
});

test('primitives are restored by what was there', () => {
  const cell = new Cell('k', 5);
  const kept = NO_GUARD.keep(cell);
  cell.accumulator = 6;
  NO_GUARD.restore(cell, kept);
  NO_GUARD.settle(cell, 1);
  expect(cell.accumulator).toBe(5);
});

test('a journal copies its accumulator a constant share of times', () => {
  let copies = 0;
  const aggregate: Aggregate<number, number[]> = {
    create: () => [],
    add(list, value) {
      list.push(value);
      return list;
    },
  };
  const guard = new JournalGuard(aggregate as Any);
  const cell = new Cell('k', []);
  let base: unknown;
  for (let i = 0; i < 10_000; i++) {
    guard.keep(cell);
    cell.accumulator = aggregate.add(cell.accumulator as number[], i);
    guard.settle(cell, i);
    if (cell.journal?.base !== base) copies++;
    base = cell.journal?.base;
  }
  expect(copies).toBeLessThan(20);
});
