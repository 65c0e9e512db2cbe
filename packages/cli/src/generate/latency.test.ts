import { describe, expect, test } from 'vitest';
import { addLatencies, addLatency, noLatencies, percentileUs } from './latency.ts';

describe('latency counts', () => {
  test('percentiles are within 3 % of the exact ones', () => {
    const counts = noLatencies();
    const all = Array.from({ length: 10_000 }, (_, i) => 3 + i * 7.3);
    for (const us of all) addLatency(counts, us);
    for (const share of [0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = all[Math.ceil(all.length * share) - 1];
      const found = percentileUs(counts, share);
      expect(Math.abs(found - exact) / exact, `share ${share}`).toBeLessThan(0.03);
    }
  });

  test('the sum of two halves is the whole', () => {
    const [left, right, whole] = [noLatencies(), noLatencies(), noLatencies()];
    for (let us = 1; us < 2_000; us++) {
      addLatency(us % 3 === 0 ? left : right, us);
      addLatency(whole, us);
    }
    addLatencies(left, right);
    expect(left).toEqual(whole);
  });

  test('no latency exceeds the largest, and nothing has no percentile', () => {
    const counts = noLatencies();
    expect(percentileUs(counts, 0.5)).toBeNaN();
    addLatency(counts, 0.2);
    expect(percentileUs(counts, 0.99)).toBe(0.2);
    addLatency(counts, 1e15);
    expect(counts.maxUs).toBe(1e15);
    expect(percentileUs(counts, 1)).toBeLessThanOrEqual(1e15);
  });
});
