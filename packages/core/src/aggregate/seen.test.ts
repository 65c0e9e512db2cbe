import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Distinguishable, nothingSeen, type Seen, see, seeAll } from './seen.ts';

const CLASSES = 31;

const value: fc.Arbitrary<Distinguishable> = fc.oneof(
  fc.integer(),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 0.5, Number.NaN),
  fc.string({ maxLength: 2 }),
  fc.constantFrom(null, undefined, true, false, 0n, 1n),
);
const sights = fc.array(fc.tuple(value, fc.integer({ min: 1, max: 2 ** 31 - 1 })), {
  maxLength: 300,
});

/** How many different values were seen in each class, by a Map. */
function counted(all: readonly (readonly [Distinguishable, number])[]): number[] {
  const byValue = new Map<Distinguishable, number>();
  for (const [one, classes] of all) byValue.set(one, (byValue.get(one) ?? 0) | classes);
  return Array.from(
    { length: CLASSES },
    (_, i) => [...byValue.values()].filter(classes => (classes >>> i) & 1).length,
  );
}

function seenOf(all: readonly (readonly [Distinguishable, number])[]): Seen {
  const seen = nothingSeen(CLASSES);
  for (const [one, classes] of all) see(seen, one, classes);
  return seen;
}

test('what was seen is what a Map would hold, together with what another one saw, too', () => {
  fc.assert(
    fc.property(sights, sights, (left, right) => {
      const seen = seenOf(left);
      expect(seen.counts).toEqual(counted(left));
      seeAll(seen, seenOf(right));
      expect(seen.counts).toEqual(counted([...left, ...right]));
    }),
  );
});

test('a few that take in many look at each a few times', () => {
  const many = nothingSeen(1);
  for (let n = 0; n < 5_000; n++) see(many, n * 7, 1);
  const few = nothingSeen(1);
  see(few, 1, 1);
  let looks = 0;
  const counting = (table: Int32Array): Int32Array =>
    new Proxy(table, {
      get(of, at) {
        looks++;
        return Reflect.get(of, at, of);
      },
    });
  let table = counting(few.table);
  Object.defineProperty(few, 'table', {
    get: () => table,
    set: (grown: Int32Array) => {
      table = counting(grown);
    },
  });
  seeAll(few, many);
  expect(few.counts).toEqual([5_001]);
  expect(looks).toBeLessThan(5_000 * 40);
});

test('numbers lie in a table that is never more than two thirds full, nor less than a third', () => {
  const seen = nothingSeen(1);
  for (let n = 1; n <= 100_000; n++) {
    see(seen, n * 4096, 1);
    const pairs = seen.table.length / 2;
    if (n <= pairs * (2 / 3) && (pairs === 4 || n > pairs / 3 - 1)) continue;
    expect.fail(`${n} numbers in ${pairs} places`);
  }
  expect(seen.counts).toEqual([100_000]);
  expect(seen.others.size).toBe(0);
});
