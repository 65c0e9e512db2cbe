/** What records are generated. The same seed gives the same records, on any number of threads. */
export interface Workload {
  readonly count: number;
  /** Records a second over all threads; 0: as fast as they go. */
  readonly ratePerS: number;
  /** How many different keys. */
  readonly keys: number;
  /** Bytes of a value. */
  readonly sizeBytes: number;
  readonly threads: number;
  readonly seed: number;
  /**
   * For measuring: keys and values repeat after so many records, and none carries its send time.
   * Values then begin with nothing but letters. By default every value is another.
   */
  readonly repeatAfter?: number | undefined;
}

/** Where the text of values is cut from. */
const POOL_CHARACTERS = 1 << 16;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Mixes 32 bits so that neighbours have nothing in common (the finalizer of MurmurHash3). */
function mix(bits: number): number {
  let h = bits | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Keys that are kept as text; of more, each is made when it is asked for. */
const KEYS_KEPT = 1 << 16;

/** Keys and values by the record's number, from 0 on. */
export class RecordSource {
  private readonly seed: number;
  private readonly sizeBytes: number;
  private readonly keys: number;
  private readonly keyTexts: readonly string[];
  private readonly pool: string;
  private readonly repeated: readonly string[];

  constructor(workload: Pick<Workload, 'keys' | 'sizeBytes' | 'seed' | 'repeatAfter'>) {
    this.seed = mix(workload.seed);
    this.sizeBytes = workload.sizeBytes;
    this.keys = workload.keys;
    this.keyTexts = Array.from(
      { length: workload.keys <= KEYS_KEPT ? workload.keys : 0 },
      (_, i) => `key-${i}`,
    );
    let pool = '';
    for (let i = 0; pool.length < POOL_CHARACTERS + workload.sizeBytes; i++) {
      pool += LETTERS[mix(this.seed ^ i) % LETTERS.length];
    }
    this.pool = pool;
    this.repeated = Array.from({ length: workload.repeatAfter ?? 0 }, (_, i) =>
      // A slice would keep pointing into the pool and be slower to read than a text of its own.
      Buffer.from(pool.slice(i, i + workload.sizeBytes)).toString('latin1'),
    );
  }

  key(number: number): string {
    const which = mix(number ^ this.seed) % this.keys;
    return this.keyTexts[which] ?? `key-${which}`;
  }

  /** `payload-<number>`, filled up to the size with letters; shorter sizes cut it. */
  value(number: number): string {
    const { repeated } = this;
    if (repeated.length > 0) return repeated[number % repeated.length];
    const head = `payload-${number}`;
    const missing = this.sizeBytes - head.length - 1;
    if (missing < 0) return missing === -1 ? head : head.slice(0, this.sizeBytes);
    const at = mix(number + this.seed) % POOL_CHARACTERS;
    return `${head} ${this.pool.slice(at, at + missing)}`;
  }
}
