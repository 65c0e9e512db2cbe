import { crc32 } from 'node:zlib';

/** A record that shows by itself whether it is what was sent. */
export interface Sample {
  /** Which producer sent it, and how many it had sent before. */
  readonly p: number;
  readonly n: number;
  /** Its key, its time, and what is added up. */
  readonly k: string;
  readonly t: number;
  readonly v: number;
  /** Makes records of different lengths. */
  readonly filling: string;
  readonly check: number;
}

export function sampleText(p: number, n: number, k: string, t: number, length: number): string {
  const v = (p * 31 + n * 7) % 100;
  const filling = 'x'.repeat(length);
  const sample: Sample = { p, n, k, t, v, filling, check: checkOf(p, n, k, t, v) };
  return JSON.stringify(sample);
}

/** `undefined` for a text that nobody has sent. */
export function readSample(text: string): Sample | undefined {
  try {
    const sample = JSON.parse(text) as Sample;
    const { p, n, k, t, v, check, filling } = sample;
    return check === checkOf(p, n, k, t, v) && /^x*$/.test(filling) ? sample : undefined;
  } catch {
    return undefined;
  }
}

function checkOf(...parts: readonly (string | number)[]): number {
  return crc32(parts.join('/'));
}
