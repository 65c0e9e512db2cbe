import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cell } from './guard.ts';
import { KeySlices } from './key-slices.ts';
import { AggregateLogic } from './pane.ts';

let merges = 0;
const lists = new AggregateLogic(
  {
    create: () => [],
    add: (list, v) => [...(list as unknown[]), v],
    merge: (left, right) => {
      merges++;
      (left as unknown[]).push(...(right as unknown[]));
      return left;
    },
  },
  false,
);

/** Adds as the operator does. */
function add(slices: KeySlices, start: number, value: number): void {
  const cell = slices.at(start);
  if (cell === undefined) slices.insert(start, new Cell('k', [value]));
  else {
    (cell.accumulator as number[]).push(value);
    slices.touched(start);
  }
}

test('a window holds what its slices hold, whatever comes between', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.nat(19).map(start => ({ start })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map(by => ({ by })) },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(step, { maxLength: 60 }),
      (size, steps) => {
        const slices = new KeySlices('k');
        let all: [start: number, value: number][] = [];
        let end = size;
        for (const [value, one] of steps.entries()) {
          if ('start' in one) {
            const start = end - size + one.start;
            add(slices, start, value);
            all.push([start, value]);
            continue;
          }
          for (let i = 0; i < one.by; i++, end++) {
            const start = end - size;
            const inside = all.filter(([at]) => at >= start && at < end);
            const values = inside.map(([, v]) => v).sort();
            expect(slices.has(start, end)).toBe(values.length > 0);
            if (values.length > 0) {
              expect([...(slices.mergedAlone(start, end, lists) as number[])].sort()).toEqual(
                values,
              );
              const merged = slices.merged(start, end, lists) as number[];
              expect([...merged].sort()).toEqual(values);
              // It is the caller's own.
              merged.push(-1);
            }
            slices.evict(start + 1);
            all = all.filter(([at]) => at > start);
            expect(slices.empty).toBe(all.length === 0);
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test.each([
  ['in every slice', 1],
  ['in few slices', 30],
])('a window costs few merges, for a key %s', (_, apart) => {
  const slices = new KeySlices('k');
  const size = 100;
  merges = 0;
  let windows = 0;
  for (let at = 0; at < 10_000; at++) {
    if (at % apart === 0) add(slices, at, at);
    const start = at + 1 - size;
    if (!slices.has(start, at + 1)) continue;
    slices.merged(start, at + 1, lists);
    slices.evict(start + 1);
    windows++;
  }
  expect(merges / windows).toBeLessThan(3);
});

test('when a merge fails, the next call begins anew', () => {
  let fails = true;
  const logic = new AggregateLogic(
    {
      create: () => 0,
      add: n => n,
      merge: (left, right) => {
        if (fails) throw new Error('not now');
        return (left as number) + (right as number);
      },
    },
    false,
  );
  const slices = new KeySlices('k');
  for (const start of [0, 1, 2]) slices.insert(start, new Cell('k', 1));
  expect(() => slices.merged(0, 3, logic)).toThrow('not now');
  fails = false;
  expect(slices.merged(0, 3, logic)).toBe(3);
  expect([...slices]).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ]);
});
