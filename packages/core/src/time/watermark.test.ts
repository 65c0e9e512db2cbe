import { expect, test } from 'vitest';
import { boundedOutOfOrderness, manual, monotonic } from './watermark.ts';

test('bounded disorder: the largest timestamp − the bound − 1, and never back', () => {
  const generator = boundedOutOfOrderness(10).create();
  expect(generator.record(12345, undefined)).toBe(12334);
  for (const timestamp of [12300, 12340, 12280])
    expect(generator.record(timestamp, undefined)).toBe(12334);
  expect(boundedOutOfOrderness('10ms').create().record(1337, undefined)).toBe(1326);
});

test('monotonic: the largest timestamp − 1', () => {
  expect(monotonic().create().record(1000, undefined)).toBe(999);
});

test('manual: records say nothing', () => {
  expect(manual().create().record(1000, undefined)).toBe(Number.NEGATIVE_INFINITY);
});

test('one generator knows nothing of another', () => {
  const strategy = monotonic();
  strategy.create().record(1000, undefined);
  expect(strategy.create().record(10, undefined)).toBe(9);
});

test.each([[-1], ['-1h'], ['soon']])('a bound of %j is refused', bound => {
  expect(() => boundedOutOfOrderness(bound as number)).toThrow(
    expect.objectContaining({ code: 'INVALID_PIPELINE' }),
  );
});
