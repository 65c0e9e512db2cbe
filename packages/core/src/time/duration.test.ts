import { expect, test } from 'vitest';
import { durationMs } from './duration.ts';

test.each([
  [0, 0],
  [1500, 1500],
  [-5, -5],
  ['100ms', 100],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
  ['1.5h', 5_400_000],
  ['-1h', -3_600_000],
])('%j is %d ms', (duration, ms) => {
  expect(durationMs(duration)).toBe(ms);
});

test.each([
  ['1w'],
  ['h'],
  [''],
  ['1 h'],
  ['0.5ms'],
  [1.5],
  [Number.NaN],
  [2 ** 53],
  [null],
  [undefined],
])('%j is no duration', duration => {
  expect(durationMs(duration)).toBeUndefined();
});
