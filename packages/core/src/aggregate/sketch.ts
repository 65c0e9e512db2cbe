/**
 * A quantile sketch with a bounded relative error that merges without loss: DDSketch (C. Masson,
 * J. E. Rim, H. K. Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
 * Guarantees", PVLDB 12(12), 2019).
 *
 * A positive number x falls into the bucket i = ⌈log_γ x⌉ with γ = (1 + e) / (1 − e), that is
 * γ^(i−1) < x ≤ γ^i, and 2γ^i / (γ + 1) is within e · x of every x in it. Only counts are kept, of
 * the buckets that have any: merging adds them up, and gives what adding all numbers to one gives.
 */
export interface Sketch {
  n: number;
  zeros: number;
  min: number;
  max: number;
  /** Counts by bucket, of the numbers above 0 and of the negated ones below. */
  readonly positive: Map<number, number>;
  readonly negative: Map<number, number>;
}

/** Numbers nearer to 0 than this are 0: below, floating point has not the digits for the error bound. */
const NEAREST = 2.3e-308;

export class SketchScale {
  private readonly gamma: number;
  private readonly perLog: number;

  /** `error`: between 0 and 1, both not included. */
  constructor(error: number) {
    this.gamma = (1 + error) / (1 - error);
    this.perLog = 1 / Math.log(this.gamma);
  }

  /** Takes in a finite number. */
  add(sketch: Sketch, given: number): void {
    sketch.n++;
    if (given < sketch.min) sketch.min = given;
    if (given > sketch.max) sketch.max = given;
    if (given >= NEAREST) increment(sketch.positive, this.bucket(given), 1);
    else if (given <= -NEAREST) increment(sketch.negative, this.bucket(-given), 1);
    else sketch.zeros++;
  }

  /** The number of rank ⌊q (n − 1)⌋, counted from 0 in rising order, within the error. `n` above 0. */
  quantile(sketch: Sketch, q: number): number {
    let before = Math.floor(q * (sketch.n - 1));
    if (before === 0) return sketch.min;
    if (before === sketch.n - 1) return sketch.max;
    const { min, max, zeros } = sketch;
    const within = (found: number): number => Math.min(Math.max(found, min), max);
    for (const [bucket, count] of falling(sketch.negative)) {
      if (before < count) return within(-this.numberIn(bucket));
      before -= count;
    }
    if (before < zeros) return within(0);
    before -= zeros;
    for (const [bucket, count] of falling(sketch.positive).reverse()) {
      if (before < count) return within(this.numberIn(bucket));
      before -= count;
    }
    return max;
  }

  private bucket(given: number): number {
    return Math.ceil(Math.log(given) * this.perLog);
  }

  private numberIn(bucket: number): number {
    // The power alone may be too large where what it stands for is not.
    return (2 / (this.gamma + 1)) * this.gamma * this.gamma ** (bucket - 1);
  }
}

export function emptySketch(): Sketch {
  return {
    n: 0,
    zeros: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    positive: new Map(),
    negative: new Map(),
  };
}

/** Adds what is in `from`, of the same scale, to `into`. */
export function mergeSketch(into: Sketch, from: Sketch): void {
  into.n += from.n;
  into.zeros += from.zeros;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
  for (const [bucket, count] of from.positive) increment(into.positive, bucket, count);
  for (const [bucket, count] of from.negative) increment(into.negative, bucket, count);
}

function increment(counts: Map<number, number>, bucket: number, by: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + by);
}

function falling(counts: Map<number, number>): [bucket: number, count: number][] {
  return [...counts].sort(([left], [right]) => right - left);
}
