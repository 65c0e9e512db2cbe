import { describe, expect, test } from 'vitest';
import { bytes, compact, count, duration, percent, plural, rate } from './numbers.ts';

describe('numbers for people', () => {
  test.each([
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [999.6, '1.00 k'],
    [1_234, '1.23 k'],
    [12_345, '12.3 k'],
    [99_960, '100 k'],
    [999_600, '1.00 M'],
    [1_234_567, '1.23 M'],
    [5e15, '5000 T'],
  ])('%d is compactly %s', (value, text) => {
    expect(compact(value)).toBe(text);
  });

  test.each([
    [0.0005, '0.50 µs'],
    [0.085, '85.0 µs'],
    [1.2, '1.20 ms'],
    [123.4, '123 ms'],
    [3_400, '3.4 s'],
    [65_000, '1 min 05 s'],
    [119_600, '2 min 00 s'],
  ])('%d ms is a duration of %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('counts, bytes, rates, shares and nouns', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect(bytes(1_536)).toBe('1.50 KiB');
    expect(bytes(12)).toBe('12 B');
    expect(rate(3_000, 2_000)).toBe('1.50 k/s');
    expect(rate(5, 0)).toBe('–');
    expect(percent(0.034)).toBe('3.4 %');
    expect([plural(1, 'line'), plural(2_000, 'line')]).toEqual(['1 line', '2,000 lines']);
  });
});
