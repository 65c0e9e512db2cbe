/** The input of the proofs of checkpoints: reading `i` is the same in every process. */
export interface Reading {
  readonly i: number;
  readonly k: string;
  readonly t: number;
  readonly n: number;
}

/** What comes of a key in a window. */
export interface Sum {
  readonly key: string;
  readonly start: number;
  readonly sum: number;
}

export const KEYS = 40;
export const WINDOW_MS = 100;

export function readingOf(i: number): Reading {
  // A key's readings are in order in its shard; those of others may be a little ahead.
  return { i, k: `k${(i * 7) % KEYS}`, t: 10_000 + i, n: (i * 31) % 17 };
}

/** What must come out of the first `count` readings: by key and window. */
export function expectedOf(count: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const { k, t, n } = readingOf(i);
    const name = `${k}/${t - (t % WINDOW_MS)}`;
    sums.set(name, (sums.get(name) ?? 0) + n);
  }
  return sums;
}
