import { expect, test } from 'vitest';
import { grows, slopeOf } from './slope.ts';

const MIB = 1024 * 1024;

function samples(bytesAt: (second: number) => number, loadAt = (_second: number) => 1_000) {
  return Array.from({ length: 60 }, (_, second) => ({
    second,
    bytes: bytesAt(second),
    load: loadAt(second),
  }));
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

/** A load that rises, with gaps: each record per second holds a KiB. */
const rising = (second: number) => (second % 9 < 3 ? 0 : second * 2_000);
const byLoad = (second: number) => 400 * MIB + rising(second) * 1024;

test('memory that follows the load does not grow', () => {
  expect(grows(slopeOf(samples(byLoad)))).toBe(true);
  expect(grows(slopeOf(samples(byLoad, rising)))).toBe(false);
});

test('growth is found at whatever load', () => {
  const leaking = slopeOf(samples(second => byLoad(second) + second * MIB, rising));
  expect(leaking.perSecond).toBeCloseTo(MIB);
  expect(grows(leaking)).toBe(true);
  const falling = (second: number) => 100_000 - rising(second) / 2;
  expect(grows(slopeOf(samples(second => 400 * MIB + second * MIB, falling)))).toBe(true);
});
