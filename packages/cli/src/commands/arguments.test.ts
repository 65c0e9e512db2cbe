import { describe, expect, test } from 'vitest';
import { positiveNumber, timeSpan, wholeNumber, wholeNumberOrUnlimited } from './arguments.ts';

describe('arguments', () => {
  test.each([
    ['5', 5],
    ['10k', 10_000],
    ['1.5M', 1_500_000],
    ['2e3', 2_000],
    ['1_000', 1_000],
    ['1,000', 1_000],
  ])('%s is a whole number', (text, value) => {
    expect(wholeNumber(0)(text)).toBe(value);
  });

  test.each(['', 'x', '-1', '1.5', '0x10', '1e400', 'NaN', '5 '])('"%s" is none', text => {
    expect(() => wholeNumber(0)(text)).toThrow('whole number');
  });

  test('a range is named where a number lies outside of it', () => {
    expect(() => wholeNumber(1, 64)('65')).toThrow('from 1 to 64');
    expect(() => wholeNumber(1, 64)('0')).toThrow('from 1 to 64');
    expect(wholeNumberOrUnlimited(0)('unlimited')).toBe(Number.POSITIVE_INFINITY);
    expect(() => positiveNumber('0')).toThrow('above 0');
    expect(positiveNumber('0.5')).toBe(0.5);
  });

  test.each([
    ['250', 250],
    ['100ms', 100],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('%s is a span of time', (text, ms) => {
    expect(timeSpan(0)(text)).toBe(ms);
  });

  test.each(['', '1 s', '1w', '-1s', '0.5', 's'])('"%s" is none', text => {
    expect(() => timeSpan(0)(text)).toThrow('span of time');
  });

  test('a span that is too short is none', () => {
    expect(timeSpan(0)('0')).toBe(0);
    expect(() => timeSpan(1)('0s')).toThrow('of 1 ms or more');
  });
});
