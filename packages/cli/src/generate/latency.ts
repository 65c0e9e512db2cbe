/** Steps per doubling: a recorded latency is off by 3 % at most. */
const STEPS = 16;
/** Bins up to 2^40 µs, twelve days. */
const BINS = 40 * STEPS;

/** Which bin a latency falls into. */
function binOf(us: number): number {
  if (!(us >= 1)) return 0;
  return Math.min(BINS - 1, 1 + Math.floor(Math.log2(us) * STEPS));
}

/** The middle of a bin, in microseconds. */
function middleOf(bin: number): number {
  return bin === 0 ? 0.5 : 2 ** ((bin - 0.5) / STEPS);
}

/** Counts of latencies by size. Plain data: it crosses threads and stands in window results. */
export interface LatencyCounts {
  /** Count by bin, up to the last bin that has any. */
  bins: number[];
  maxUs: number;
}

export function noLatencies(): LatencyCounts {
  return { bins: [], maxUs: 0 };
}

/** Counts `times` latencies of `us` microseconds. */
export function addLatency(counts: LatencyCounts, us: number, times = 1): void {
  const bin = binOf(us);
  const { bins } = counts;
  while (bins.length <= bin) bins.push(0);
  bins[bin] += times;
  if (us > counts.maxUs) counts.maxUs = us;
}

export function addLatencies(sum: LatencyCounts, counts: LatencyCounts): void {
  const { bins } = sum;
  while (bins.length < counts.bins.length) bins.push(0);
  counts.bins.forEach((count, bin) => {
    bins[bin] += count;
  });
  sum.maxUs = Math.max(sum.maxUs, counts.maxUs);
}

/** The latency in microseconds that a share (0 to 1) of all stays below; NaN without any. */
export function percentileUs(counts: LatencyCounts, share: number): number {
  const total = counts.bins.reduce((sum, count) => sum + count, 0);
  let left = Math.ceil(total * share);
  for (const [bin, count] of counts.bins.entries()) {
    left -= count;
    if (left <= 0 && total > 0) return Math.min(middleOf(bin), counts.maxUs);
  }
  return Number.NaN;
}
