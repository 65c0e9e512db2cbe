/** A straight line through samples. */
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
}

/** Growth that is none: memory moves about that much while it is collected. */
const NEGLIGIBLE_BYTES = 32 * 1024 * 1024;
const NEGLIGIBLE_SHARE = 0.05;

/** Least squares; at least three samples. */
export function slopeOf(samples: readonly MemorySample[]): Slope {
  const count = samples.length;
  const meanOf = (numbers: readonly number[]): number =>
    numbers.reduce((sum, number) => sum + number, 0) / count;
  const atMean = meanOf(samples.map(({ second }) => second));
  const mean = meanOf(samples.map(({ bytes }) => bytes));
  let spread = 0;
  let together = 0;
  for (const { second, bytes } of samples) {
    spread += (second - atMean) ** 2;
    together += (second - atMean) * (bytes - mean);
  }
  const perSecond = together / spread;
  let residual = 0;
  for (const { second, bytes } of samples) {
    residual += (bytes - mean - perSecond * (second - atMean)) ** 2;
  }
  const error = Math.sqrt(residual / (count - 2) / spread);
  const seconds = samples[count - 1].second - samples[0].second;
  return { perSecond, error, mean, seconds };
}

/** Whether memory grows: by more than it moves anyway, and surely. */
export function grows({ perSecond, error, mean, seconds }: Slope): boolean {
  const most = Math.max(NEGLIGIBLE_BYTES, mean * NEGLIGIBLE_SHARE);
  return perSecond * seconds > most && perSecond > 2 * error;
}
