import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingAssigner } from './sliding.ts';

function startsOf(assigner: SlidingAssigner, timestamp: number): number[] {
  const starts: number[] = [];
  const count = assigner.assign(timestamp, starts);
  return starts.slice(0, count);
}

test.each([
  [5000, 1000, 0, 0, [-4000, -3000, -2000, -1000, 0]],
  [5000, 1000, 100, 5099, [100, 1100, 2100, 3100, 4100]],
  [5000, 1000, -100, 0, [-4100, -3100, -2100, -1100, -100]],
  [3000, 3000, 0, -1, [-3000]],
  [3000, 3000, 0, 3000, [3000]],
  [10, 100, 0, 9, [0]],
  [10, 100, 0, 10, []],
])('size %d, slide %d, offset %d: %d is in %j', (size, slide, offset, timestamp, starts) => {
  expect(startsOf(new SlidingAssigner(size, slide, offset), timestamp).reverse()).toEqual(starts);
});

test('every window that holds a timestamp and no other, the same over its span (5,000 cases)', () => {
  const parameters = fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }))
    .chain(([size, slide]) =>
      fc.tuple(
        fc.constant(size),
        fc.constant(slide),
        fc.integer({ min: 1 - slide, max: slide - 1 }),
        fc.integer({ min: -500, max: 500 }),
      ),
    );
  fc.assert(
    fc.property(parameters, ([size, slide, offset, timestamp]) => {
      const assigner = new SlidingAssigner(size, slide, offset);
      const found = startsOf(assigner, timestamp);
      const { spanStart, spanEnd } = assigner;
      // Every start is offset + k × slide.
      const all: number[] = [];
      for (let k = Math.ceil((timestamp + size + slide) / slide) + 1; ; k--) {
        const start = offset + k * slide;
        if (start <= timestamp - size - slide) break;
        if (start <= timestamp && timestamp < start + size) all.push(start);
      }
      expect(found).toEqual(all);
      expect(spanStart <= timestamp && timestamp < spanEnd).toBe(true);
      for (const other of [spanStart, spanEnd - 1]) {
        expect(startsOf(assigner, other)).toEqual(found);
      }
    }),
    { numRuns: 5_000 },
  );
});
