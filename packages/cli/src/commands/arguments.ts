import { InvalidArgumentError } from 'commander';

const MULTIPLIERS = { k: 1e3, m: 1e6, g: 1e9 } as const;
const NUMBER = /^(\d[\d_,]*(?:\.\d+)?(?:e\d+)?)([kmg]?)$/i;

/** A whole number from `least` to `most`, also written `10k`, `1.5M`, `1e6`, `1_000_000`. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = numberOf(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `It takes a whole number from ${least} on, such as 1000, 10k or 1e6.`
        : `It takes a whole number from ${least} to ${most}.`,
    );
  };
}

/** As `wholeNumber`, and the word `unlimited`. */
export function wholeNumberOrUnlimited(least: number) {
  const parse = wholeNumber(least);
  return (text: string): number => (text === 'unlimited' ? Number.POSITIVE_INFINITY : parse(text));
}

/** A number above 0. */
export function positiveNumber(text: string): number {
  const value = numberOf(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It takes a number above 0, such as 0.5, 1000 or 10k.');
}

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A span of time of at least `leastMs`, such as `100ms`, `1s`, `5m`, `1h`, `1d`, or plain milliseconds.
 * Gives milliseconds.
 */
export function timeSpan(leastMs: number) {
  return (text: string): number => {
    const [, digits, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
    const ms = Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
    if (Number.isSafeInteger(ms) && ms >= leastMs) return ms;
    const least = leastMs > 0 ? ` of ${leastMs} ms or more` : '';
    throw new InvalidArgumentError(
      `It takes a span of time${least}, such as 100ms, 1s, 5m, 1h or 1d.`,
    );
  };
}

function numberOf(text: string): number {
  const [, digits, multiplier = ''] = NUMBER.exec(text) ?? [];
  if (digits === undefined) return Number.NaN;
  const factor = MULTIPLIERS[multiplier.toLowerCase() as keyof typeof MULTIPLIERS] ?? 1;
  return Number(digits.replaceAll(/[_,]/g, '')) * factor;
}
