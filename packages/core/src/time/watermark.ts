import { fail, shown } from '../errors.ts';
import { DURATION_FORM, type Duration, durationMs } from './duration.ts';

/**
 * How a source learns what time it is from its records. A watermark `W` promises that no record with
 * a timestamp ≤ W follows. One generator serves one producer on one shard. `T` is what the records'
 * values have to be; most strategies look at timestamps alone.
 */
export interface WatermarkStrategy<T = unknown> {
  /** For plans and `explain()`, for example `bounded disorder 3600000 ms`. */
  readonly name: string;
  create(): WatermarkGenerator<T>;
}

export interface WatermarkGenerator<T = unknown> {
  /**
   * Takes note of a record and returns the watermark after it, −∞ as long as nothing is known. A
   * smaller one than before changes nothing. What it throws makes the record a dead letter. (A property
   * and not a method, so that TypeScript holds it to `T`.)
   */
  readonly record: (timestamp: number, value: T) => number;
  /**
   * What it knows, as plain data, for a checkpoint. Leave both out where a generator that begins anew
   * is as good, because the watermark itself is kept: it never falls.
   */
  snapshot?(): unknown;
  restore?(state: unknown): void;
}

/**
 * Records may come up to `bound` after one with a larger timestamp: the watermark is the largest
 * timestamp seen − bound − 1. Throws `INVALID_PIPELINE` for a bound that is no duration or negative.
 */
export function boundedOutOfOrderness(bound: Duration): WatermarkStrategy {
  const boundMs = durationMs(bound);
  if (boundMs === undefined || boundMs < 0) {
    fail(
      'INVALID_PIPELINE',
      `boundedOutOfOrderness(${shown(bound)}): the bound must be a duration of 0 or more, ` +
        `as ${DURATION_FORM}.`,
    );
  }
  return bounded(`bounded disorder ${boundMs} ms`, boundMs);
}

/** Timestamps never fall within one producer and shard: bounded disorder with a bound of 0. */
export function monotonic(): WatermarkStrategy {
  return bounded('monotonic', 0);
}

/** Only `producer.watermark(t)` moves the watermark. */
export function manual(): WatermarkStrategy {
  return Object.freeze({ name: 'manual', create: () => NEVER });
}

function bounded(name: string, boundMs: number): WatermarkStrategy {
  return Object.freeze({ name, create: () => new BoundedDisorder(boundMs) });
}

class BoundedDisorder implements WatermarkGenerator {
  private readonly behind: number;
  private watermark = Number.NEGATIVE_INFINITY;

  constructor(boundMs: number) {
    this.behind = boundMs + 1;
  }

  record(timestamp: number): number {
    const reached = timestamp - this.behind;
    if (reached > this.watermark) this.watermark = reached;
    return this.watermark;
  }
}

const NEVER: WatermarkGenerator = { record: () => Number.NEGATIVE_INFINITY };
