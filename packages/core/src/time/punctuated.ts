import { fail } from '../errors.ts';
import type { WatermarkGenerator, WatermarkStrategy } from './watermark.ts';

/**
 * The records themselves say how far time has come: `watermarkOf` returns a watermark (nothing with a
 * timestamp ≤ it follows from this producer), or nothing for a record that does not tell. What it
 * throws for good is a dead letter of the record. Throws `INVALID_PIPELINE` for what is no function.
 */
export function punctuated<T>(
  watermarkOf: (value: T, timestamp: number) => number | undefined,
): WatermarkStrategy<T> {
  if (typeof watermarkOf !== 'function') {
    fail('INVALID_PIPELINE', `punctuated(${typeof watermarkOf}): it takes a function.`);
  }
  return Object.freeze({ name: 'punctuated', create: () => new Punctuated(watermarkOf) });
}

class Punctuated<T> implements WatermarkGenerator<T> {
  private readonly watermarkOf: (value: T, timestamp: number) => number | undefined;

  constructor(watermarkOf: (value: T, timestamp: number) => number | undefined) {
    this.watermarkOf = watermarkOf;
  }

  record(timestamp: number, value: T): number {
    return this.watermarkOf(value, timestamp) ?? Number.NEGATIVE_INFINITY;
  }
}
