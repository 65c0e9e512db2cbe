/** The middle of the samples, the lower one of two; NaN without any. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
}

/**
 * How far the rounds lie apart: half the distance between the highest and the lowest median of a
 * round, relative to the median of all samples. On a machine that others use too, rounds differ by
 * much more than samples of one round do, so the usual standard error would promise too much.
 */
export function spread(rounds: readonly (readonly number[])[]): number {
  const medians = rounds.map(median);
  return (Math.max(...medians) - Math.min(...medians)) / 2 / median(rounds.flat());
}
