const { imul } = Math;

const GOLDEN = 0x9e3779b9 | 0;

/** Scatters 32 bits, so that neighbours have nothing in common. */
function scattered(bits: number): number {
  let mixed = bits;
  mixed = imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

/**
 * Random numbers that begin anew for every event: what is drawn for one depends on the seed and its
 * number alone, whoever draws it and in whatever order.
 */
export class EventRandom {
  private readonly seed: number;
  private state = 0;

  constructor(seed: number) {
    this.seed = scattered(seed + GOLDEN);
  }

  /** Begins the numbers of event `n`. */
  begin(n: number): void {
    this.state = scattered(this.seed + imul(n, GOLDEN)) ^ n;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 0x1_0000_0000);
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  private next(): number {
    this.state = (this.state + GOLDEN) | 0;
    return scattered(this.state) >>> 0;
  }
}
