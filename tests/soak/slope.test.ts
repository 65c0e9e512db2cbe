import { expect, test } from 'vitest';
import { grows, slopeOf } from './slope.ts';

const MIB = 1024 * 1024;

function samples(bytesAt: (second: number) => number) {
  return Array.from({ length: 60 }, (_, second) => ({ second, bytes: bytesAt(second) }));
}

test('a line through samples, and how sure it is', () => {
  const exact = slopeOf(samples(second => 100 * MIB + second * MIB));
  expect(exact.perSecond).toBeCloseTo(MIB);
  expect(exact.error).toBeCloseTo(0);
  expect(exact.seconds).toBe(59);
  expect(grows(exact)).toBe(true);
});

test('memory that moves up and down does not grow', () => {
  const sawtooth = slopeOf(samples(second => 400 * MIB + (second % 7) * 20 * MIB));
  expect(grows(sawtooth)).toBe(false);
  expect(grows(slopeOf(samples(second => 400 * MIB - second * MIB)))).toBe(false);
});
