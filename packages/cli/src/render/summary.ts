import type { LatencyCounts } from '../generate/latency.ts';
import { percentileUs } from '../generate/latency.ts';
import { duration } from './numbers.ts';

/** `p50 85 µs   p90 …   max …`, or `undefined` without any. */
export function latencyText(latencies: LatencyCounts | undefined): string | undefined {
  if (latencies === undefined || latencies.bins.length === 0) return undefined;
  const shares = [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
    ['p99.9', 0.999],
  ] as const;
  const parts = shares.map(([name, share]) => `${name} ${ofUs(percentileUs(latencies, share))}`);
  return [...parts, `max ${ofUs(latencies.maxUs)}`].join('   ');
}

function ofUs(us: number): string {
  return duration(us / 1_000);
}
