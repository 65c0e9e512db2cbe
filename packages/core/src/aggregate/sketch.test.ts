import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile } from './percentile.ts';
import { emptySketch, mergeSketch, type Sketch, SketchScale } from './sketch.ts';

const numbers = fc.array(
  fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
  ),
  { minLength: 1, maxLength: 200 },
);
const errors = fc.constantFrom(0.001, 0.01, 0.05, 0.5);

function sketchOf(scale: SketchScale, all: readonly number[]): Sketch {
  const sketch = emptySketch();
  for (const one of all) scale.add(sketch, one);
  return sketch;
}

test('every quantile is within the error of the number of its rank', () => {
  fc.assert(
    fc.property(numbers, errors, fc.double({ min: 0, max: 1, noNaN: true }), (all, error, q) => {
      const scale = new SketchScale(error);
      const sorted = all.toSorted((left, right) => left - right);
      const exact = sorted[Math.floor(q * (all.length - 1))];
      const found = scale.quantile(sketchOf(scale, all), q);
      // What the logarithm rounds away, and numbers that are as good as 0.
      const slack = Math.abs(exact) * 1e-9 + 2.3e-308;
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * error + slack);
    }),
    { numRuns: 500 },
  );
});

test('merging gives the very sketch that adding all to one gives', () => {
  fc.assert(
    fc.property(numbers, numbers, errors, (left, right, error) => {
      const scale = new SketchScale(error);
      const merged = sketchOf(scale, left);
      mergeSketch(merged, sketchOf(scale, right));
      expect(merged).toEqual(sketchOf(scale, [...left, ...right]));
    }),
  );
});

test('what is kept grows with the logarithm of the range, and not with the numbers', () => {
  const scale = new SketchScale(0.01);
  const sketch = emptySketch();
  for (let i = 1; i <= 100_000; i++) scale.add(sketch, i / 10);
  expect(sketch.positive.size).toBeLessThan(700);
  expect(scale.quantile(sketch, 0.99)).toBeGreaterThan(9_900 * 0.99);
  expect(scale.quantile(sketch, 0.99)).toBeLessThan(9_900 * 1.01);
});

test('percentiles of a list come in its order; the ends are exact', () => {
  const all = percentile<number>([100, 50, 0], n => n);
  let sketch = all.create();
  for (const n of [3, 1, 2, 1000, -7]) sketch = all.add(sketch, n);
  const [most, middle, least] = all.result(sketch, { key: 'k', window: { start: 0, end: 1 } });
  expect([most, least]).toEqual([1000, -7]);
  expect(middle).toBeCloseTo(2, 1);
});
