import { fail } from '../errors.ts';
import { type Fold, refuseInput } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import type { NumberOf } from './number-input.ts';
import { emptySketch, mergeSketch, type Sketch, SketchScale } from './sketch.ts';

export interface PercentileOptions {
  /** The largest relative error of a result, above 0 and below 1. Default 0.01: one percent. */
  readonly error?: number | undefined;
}

/**
 * A percentile, from 0 to 100, of a number of each value: with `p = 99` the number that 99 of 100 do
 * not exceed (the one of rank ⌊p / 100 · (n − 1)⌋ in rising order, counted from 0). A list of
 * percentiles gives a list of numbers. A result is off by at most `error` of itself; `p = 0` and
 * `p = 100` are exact. Kept are counts by order of magnitude (see `Sketch`), and not the numbers:
 * about 460 of them for each factor of 10,000 between the smallest and the largest, at most.
 *
 * Throws `INVALID_PIPELINE` for what is no percentile or no error.
 */
export function percentile<T>(
  p: number,
  of: NumberOf<T>,
  options?: PercentileOptions,
): Fold<T, Sketch, number, undefined>;
export function percentile<T>(
  ps: readonly number[],
  of: NumberOf<T>,
  options?: PercentileOptions,
): Fold<T, Sketch, number[], undefined>;
export function percentile<T>(
  p: number | readonly number[],
  of: NumberOf<T>,
  { error = 0.01 }: PercentileOptions = {},
): Fold<T, Sketch, number | number[], undefined> {
  const many = Array.isArray(p);
  const ps: readonly unknown[] = many ? p : [p];
  for (const one of ps) {
    if (typeof one === 'number' && one >= 0 && one <= 100) continue;
    fail('INVALID_PIPELINE', `percentile(${String(one)}, of): it takes a number from 0 to 100.`);
  }
  if (!(typeof error === 'number' && error > 0 && error < 1)) {
    fail(
      'INVALID_PIPELINE',
      `percentile with the error ${String(error)}: it must be above 0 and below 1.`,
    );
  }
  checkFunction('percentile', of);
  return new Percentile(ps as readonly number[], many, of, new SketchScale(error));
}

class Percentile<T> implements Fold<T, Sketch, number | number[], undefined> {
  readonly empty = undefined;
  private readonly ps: readonly number[];
  private readonly many: boolean;
  private readonly of: NumberOf<T>;
  private readonly scale: SketchScale;

  constructor(ps: readonly number[], many: boolean, of: NumberOf<T>, scale: SketchScale) {
    this.ps = ps;
    this.many = many;
    this.of = of;
    this.scale = scale;
  }

  create(): Sketch {
    return emptySketch();
  }

  read(value: T): number {
    const given: unknown = this.of(value);
    if (!Number.isFinite(given)) refuseInput('percentile', given, 'a finite number');
    return given as number;
  }

  fold(sketch: Sketch, input: unknown): Sketch {
    this.scale.add(sketch, input as number);
    return sketch;
  }

  add(sketch: Sketch, value: T): Sketch {
    return this.fold(sketch, this.read(value));
  }

  merge(left: Sketch, right: Sketch): Sketch {
    mergeSketch(left, right);
    return left;
  }

  result(sketch: Sketch): number | number[] {
    // Behind `where` nothing may have been taken in; the types there say so.
    if (sketch.n === 0) return this.empty as never;
    const found = this.ps.map(p => this.scale.quantile(sketch, p / 100));
    return this.many ? found : found[0];
  }
}
