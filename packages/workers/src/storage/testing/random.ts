/** Choices that a seed repeats. */
export interface Random {
  /** From 0 to 1, exclusive. */
  next(): number;
  /** A whole number from 0 to `limit`, exclusive. */
  below(limit: number): number;
  chance(probability: number): boolean;
}

export function seededRandom(seed: number): Random {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let warming = 0; warming < 8; warming++) next();
  return { next, below: limit => Math.floor(next() * limit), chance: p => next() < p };
}
