const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof UNIT_MS;

/** A span of time: milliseconds, or a number with its unit: `'100ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${Unit}`;

const WRITTEN = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * The whole milliseconds of a duration (`'1d'` is always 24 hours), or `undefined` when it is none:
 * the caller names what it was for.
 */
export function durationMs(duration: unknown): number | undefined {
  const ms = typeof duration === 'string' ? writtenMs(duration) : duration;
  return Number.isSafeInteger(ms) ? (ms as number) : undefined;
}

/** What a duration has to look like, for messages. */
export const DURATION_FORM = "whole milliseconds, or text such as '100ms', '30s', '5m', '1h', '1d'";

function writtenMs(text: string): number | undefined {
  const parts = WRITTEN.exec(text);
  if (parts === null) return undefined;
  const [, digits, unit] = parts;
  return Number(digits) * UNIT_MS[unit as Unit];
}
