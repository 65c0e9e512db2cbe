/** A straight line through samples, at one load. */
export interface Slope {
  /** Growth per second, and the standard error of it. */
  readonly perSecond: number;
  readonly error: number;
  readonly mean: number;
  readonly seconds: number;
}

export interface MemorySample {
  readonly second: number;
  readonly bytes: number;
  /** Records per second about then. What is in flight or garbage takes the more memory the more there are. */
  readonly load: number;
}

/** Growth that is none: memory moves about that much while it is collected. */
const NEGLIGIBLE_BYTES = 32 * 1024 * 1024;
const NEGLIGIBLE_SHARE = 0.05;

/**
 * Least squares over time and load: how memory would grow were the load always the same. At least four
 * samples.
 */
export function slopeOf(samples: readonly MemorySample[]): Slope {
  const count = samples.length;
  const loads = samples.map(({ load }) => load);
  const times = withoutLoad(
    samples.map(({ second }) => second),
    loads,
  );
  const bytes = samples.map(one => one.bytes);
  const moved = withoutLoad(bytes, loads);
  const spread = product(times, times);
  const perSecond = product(times, moved) / spread;
  const residual = moved.map((one, i) => one - perSecond * times[i]);
  const error = Math.sqrt(product(residual, residual) / (count - 3) / spread);
  const seconds = samples[count - 1].second - samples[0].second;
  return { perSecond, error, mean: meanOf(bytes), seconds };
}

/** How far the numbers are from where a straight line over the load has them. */
function withoutLoad(numbers: readonly number[], loads: readonly number[]): number[] {
  const apart = centred(numbers);
  const load = centred(loads);
  const spread = product(load, load);
  const per = spread === 0 ? 0 : product(apart, load) / spread;
  return apart.map((one, i) => one - per * load[i]);
}

function centred(numbers: readonly number[]): number[] {
  const mean = meanOf(numbers);
  return numbers.map(number => number - mean);
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, number, i) => sum + number * b[i], 0);
}

/** Whether memory grows: by more than it moves anyway, and surely. */
export function grows({ perSecond, error, mean, seconds }: Slope): boolean {
  const most = Math.max(NEGLIGIBLE_BYTES, mean * NEGLIGIBLE_SHARE);
  return perSecond * seconds > most && perSecond > 2 * error;
}
