import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemorySnapshot } from '../state/memory-snapshot.ts';
import type { Aggregate } from '../window/aggregate.ts';
import { isFold } from '../window/fold.ts';
import { plainCopy } from '../window/plain-copy.ts';
import { count } from './count.ts';
import { distinct } from './distinct.ts';
import { first } from './first.ts';
import { last } from './last.ts';
import { max } from './max.ts';
import { mean } from './mean.ts';
import { min } from './min.ts';
import { percentile } from './percentile.ts';
import type { Rank } from './rank.ts';
import { sum } from './sum.ts';
import { together } from './together.ts';
import { topN } from './top-n.ts';
import { where } from './where.ts';

interface Sale {
  readonly id: number;
  readonly price: number;
  readonly name: string;
}

type Any = Aggregate<unknown, unknown, unknown>;
const any = (aggregate: object): Any => aggregate as Any;

const INFO = { key: 'k', window: { start: 0, end: 10 } };
const price = (sale: Sale): number => sale.price;
const byName = (sale: Sale): string => sale.name;
const isCheap = (sale: Sale): boolean => sale.price < 3;
const byPrice = (sale: Sale): Rank => [sale.price, -sale.id];

/** Each aggregate, and the same computed from the list of all values. */
const cases: [name: string, aggregate: Any, naive: (sales: readonly Sale[]) => unknown][] = [
  ['count', any(count()), sales => sales.length],
  ['sum', any(sum(price)), sales => sales.reduce((total, sale) => total + sale.price, 0)],
  ['min', any(min(price)), sales => (sales.length > 0 ? Math.min(...sales.map(price)) : undefined)],
  ['max', any(max(price)), sales => (sales.length > 0 ? Math.max(...sales.map(price)) : undefined)],
  [
    'mean',
    any(mean(price)),
    sales =>
      sales.length > 0
        ? sales.reduce((total, sale) => total + sale.price, 0) / sales.length
        : undefined,
  ],
  [
    'distinct',
    any(distinct(({ name }: Sale) => name)),
    sales => new Set(sales.map(({ name }) => name)).size,
  ],
  [
    'distinct of numbers',
    any(distinct(({ price: p }: Sale) => p)),
    sales => new Set(sales.map(price)).size,
  ],
  [
    'distinct by class',
    any(distinct(byName, [isCheap, ({ id }: Sale) => id % 2])),
    sales => {
      const different = (some: readonly Sale[]) => new Set(some.map(byName)).size;
      return [sales, sales.filter(isCheap), sales.filter(({ id }) => id % 2)].map(different);
    },
  ],
  [
    'topN',
    any(topN(3, price)),
    sales => sales.toSorted((left, right) => right.price - left.price).slice(0, 3),
  ],
  [
    'topN by a list',
    any(topN(2, byPrice)),
    sales =>
      sales.toSorted((left, right) => right.price - left.price || left.id - right.id).slice(0, 2),
  ],
  [
    'first',
    any(first(price)),
    sales => sales.toSorted((left, right) => left.price - right.price)[0],
  ],
  [
    'last',
    any(last(price)),
    sales => sales.toSorted((left, right) => left.price - right.price).at(-1),
  ],
  [
    'where',
    any(where(({ price: p }: Sale) => p > 0, max(price))),
    sales => {
      const kept = sales.map(price).filter(p => p > 0);
      return kept.length > 0 ? Math.max(...kept) : undefined;
    },
  ],
  [
    'percentile',
    any(percentile([0, 100], price)),
    sales => {
      const prices = sales.map(price);
      return prices.length > 0 ? [Math.min(...prices), Math.max(...prices)] : undefined;
    },
  ],
  [
    'several at once',
    together({
      n: any(count()),
      names: any(distinct(({ name }: Sale) => name)),
      total: any(sum(price)),
      cheap: any(where((sale: Sale) => sale.price < 3, count())),
    }),
    sales => ({
      n: sales.length,
      names: new Set(sales.map(({ name }) => name)).size,
      total: sales.reduce((total, sale) => total + sale.price, 0),
      cheap: sales.filter(sale => sale.price < 3).length,
    }),
  ],
  [
    'several, one of them not of the library',
    together({
      n: any(count()),
      names: any({
        create: () => [] as string[],
        add: (names: string[], sale: Sale) => [...names, sale.name],
        merge: (left: string[], right: string[]) => [...left, ...right],
      }),
    }),
    sales => ({ n: sales.length, names: sales.map(({ name }) => name) }),
  ],
];

const someSales = fc
  .array(
    fc.record({
      price: fc.integer({ min: -5, max: 9 }),
      name: fc.constantFrom('a', 'b', 'ç', ''),
    }),
    { maxLength: 30 },
  )
  .map(sales => sales.map((sale, id) => ({ id, ...sale })));

function addAll(aggregate: Any, values: readonly unknown[], from = aggregate.create()): unknown {
  return values.reduce((accumulator, value) => aggregate.add(accumulator, value), from);
}

const resultOf = (aggregate: Any, accumulator: unknown): unknown =>
  aggregate.result === undefined ? accumulator : aggregate.result(accumulator, INFO);

describe.each(cases)('%s', (_, aggregate, naive) => {
  test('gives what looking at all values gives', () => {
    fc.assert(
      fc.property(someSales, sales => {
        expect(resultOf(aggregate, addAll(aggregate, sales))).toEqual(naive(sales));
      }),
    );
  });

  test('merging gives what adding all to one gives, and leaves the right one as it was', () => {
    fc.assert(
      fc.property(someSales, fc.array(fc.nat(30), { maxLength: 3 }), (sales, cuts) => {
        const edges = [0, ...cuts.toSorted((left, right) => left - right), sales.length];
        const parts = edges.slice(1).map((to, i) => sales.slice(edges[i], to));
        const panes = parts.map(part => addAll(aggregate, part));
        const before = plainCopy(panes).copy;
        let merged = aggregate.create();
        for (const pane of panes) merged = aggregate.merge?.(merged, pane);
        expect(panes).toEqual(before);
        expect(resultOf(aggregate, merged)).toEqual(naive(sales));
        // Nor does the merged one share anything with them.
        addAll(aggregate, sales, merged);
        expect(panes).toEqual(before);
      }),
    );
  });

  test('goes on after a snapshot as before it', () => {
    fc.assert(
      fc.property(someSales, someSales, (before, after) => {
        const snapshot = new MemorySnapshot();
        snapshot.group(0);
        snapshot.put(addAll(aggregate, before));
        const reader = snapshot.reader();
        reader.nextGroup();
        const restored = addAll(aggregate, after, reader.take());
        expect(resultOf(aggregate, restored)).toEqual(naive([...before, ...after]));
      }),
      { numRuns: 30 },
    );
  });

  test('what came out stays as it is when more is added', () => {
    const accumulator = addAll(aggregate, [{ id: 0, price: 2, name: 'a' }]);
    const result = resultOf(aggregate, accumulator);
    const before = plainCopy(result).copy;
    addAll(aggregate, [{ id: 1, price: 8, name: 'b' }], accumulator);
    expect(result).toEqual(before);
  });
});

describe('what is refused leaves no trace', () => {
  test.each([
    ['sum', any(sum(price)), Number.NaN, /^sum was given .*NaN.*; it takes a number/],
    ['mean', any(mean(price)), '12', /^mean was given the text "12"/],
    ['min', any(min(price)), undefined, /^min was given undefined/],
    ['percentile', any(percentile(50, price)), Number.POSITIVE_INFINITY, /a finite number/],
    ['distinct', any(distinct(({ price: p }: Sale) => p)), {}, /^distinct was given/],
    ['distinct by class', any(distinct(price, [isCheap])), {}, /^distinct was given/],
    ['topN', any(topN(1, price)), 'dear', /to compare by/],
    ['topN by a list', any(topN(1, byPrice)), Number.NaN, /to compare by/],
    ['first', any(first(price)), null, /^first was given null/],
    ['several', together({ n: any(count()), total: any(sum(price)) }), null, /^sum was given null/],
  ])('%s', (_, aggregate, bad, message) => {
    expect(isFold(aggregate)).toBe(true);
    const good = { id: 1, price: 1, name: 'a' };
    const accumulator = addAll(aggregate, [good]);
    const before = plainCopy(accumulator).copy;
    expect(() => aggregate.add(accumulator, { ...good, price: bad })).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(message),
      }),
    );
    expect(accumulator).toEqual(before);
  });
});

test('first and last without a rank go by arrival, and cannot be merged', () => {
  const sales = [5, 1, 9].map((p, id) => ({ id, price: p, name: '' }));
  for (const [aggregate, expected] of [
    [any(first<Sale>()), sales[0]],
    [any(last<Sale>()), sales[2]],
    [any(where(price, last<Sale>())), sales[2]],
  ] as const) {
    expect(resultOf(aggregate, addAll(aggregate, sales))).toEqual(expected);
    expect(aggregate.merge).toBeUndefined();
  }
  const mixed = together({ n: any(count()), newest: any(last<Sale>()) });
  expect(mixed.merge).toBeUndefined();
});

test('what nothing was taken into is empty', () => {
  const none = (_: Sale): boolean => false;
  const empty = together({
    n: any(where(none, count())),
    total: any(where(none, sum(price))),
    mean: any(where(none, mean(price))),
    least: any(where(none, min(price))),
    top: any(where(none, topN(2, price))),
    p: any(where(none, percentile([1, 2], price))),
    newest: any(where(none, last(price))),
  });
  const accumulator = addAll(empty, [{ id: 0, price: 1, name: '' }]);
  const expected = {
    n: 0,
    total: 0,
    mean: undefined,
    least: undefined,
    top: [],
    p: undefined,
    newest: undefined,
  };
  expect(resultOf(empty, accumulator)).toEqual(expected);
  expect((empty as unknown as { empty: unknown }).empty).toEqual(expected);
});

test('several with one that has a copy of its own are copied by it', () => {
  class Pair {
    readonly n: number;
    constructor(n: number) {
      this.n = n;
    }
  }
  const pairs = together({
    n: any(count()),
    pair: any({
      create: () => new Pair(0),
      add: ({ n }: Pair) => new Pair(n + 1),
      copy: ({ n }: Pair) => new Pair(n),
    }),
  });
  const accumulator = addAll(pairs, [1, 2]);
  const copy = pairs.copy?.(accumulator) as [number, Pair];
  expect(copy).toEqual([2, new Pair(2)]);
  expect(copy[1]).not.toBe((accumulator as typeof copy)[1]);
});

test('a promise of one of several reaches whoever refuses it', () => {
  const late = together({ slow: any({ create: () => 0, add: async () => 1 }) });
  expect(late.add(late.create(), 1)).toBeInstanceOf(Promise);
});

describe('arguments that cannot be', () => {
  test.each([
    ['topN', () => topN(0, price), /topN\(0, by\)/],
    ['topN', () => topN(1.5, price), /whole number from 1/],
    ['percentile', () => percentile(101, price), /percentile\(101, of\).*from 0 to 100/],
    ['percentile', () => percentile([50, -1], price), /percentile\(-1, of\)/],
    ['percentile', () => percentile('p99' as never, price), /percentile\(p99, of\)/],
    ['its error', () => percentile(50, price, { error: 0 }), /the error 0: it must be above 0/],
    ['its error', () => percentile(50, price, { error: 1 }), /below 1/],
    ['first', () => first('price' as never), /first takes a function of a value, not string/],
    ['last', () => last(null as never), /last takes a function of a value, not null/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: 'INVALID_PIPELINE',
        message: expect.stringMatching(message),
      }),
    );
  });
});

test.each([
  ['no array', isCheap, 'a function'],
  ['more than fit', Array.from({ length: 31 }, () => isCheap), '31 functions'],
])('distinct refuses classes: %s', (_, classes, what) => {
  expect(() => distinct(price, classes as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_PIPELINE',
      message: `distinct: the classes are ${what}; they must be up to 30 functions, in an array.`,
    }),
  );
  expect(() => distinct(price, ['price < 3'] as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_PIPELINE' }),
  );
});

test.each<[string, (of: never) => unknown]>([
  ['sum', sum],
  ['min', min],
  ['max', max],
  ['mean', mean],
  ['distinct', distinct],
  ['topN', of => topN(1, of)],
  ['percentile', of => percentile(1, of)],
  ['where', of => where(of, count())],
])('%s takes a function', (name, make) => {
  expect(() => make(undefined as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_PIPELINE',
      message: `The aggregate ${name} takes a function of a value, not undefined.`,
    }),
  );
});
