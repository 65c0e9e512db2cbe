/**
 * The shared memory as the explorer keeps it: the words that were ever written, compactly, so that a
 * state is saved and restored in a fraction of a microsecond, and a hash of them that follows every
 * write. Addresses are bytes, as in a shard; from `GHOST` on lies what only the monitor knows.
 */
export const GHOST = 0x20000;
const END = 0x28000;
const MOST_WORDS = 2_048;

export interface SavedMemory {
  readonly words: Int32Array;
  readonly low: number;
  readonly high: number;
}

export class ExploredMemory {
  /** Hash of all words that differ from the start, independent of the order of the writes. */
  low = 0;
  high = 0;
  private readonly initial: Int32Array;
  /** Where a word's value stands in `words`, plus one; 0 while it was never written. */
  private readonly placeOf = new Int16Array(END >> 2);
  private readonly wordAt = new Int32Array(MOST_WORDS);
  private readonly words = new Int32Array(MOST_WORDS);
  private count = 0;

  constructor(initial: Int32Array) {
    this.initial = new Int32Array(END >> 2);
    this.initial.set(initial.subarray(0, GHOST >> 2));
  }

  load(address: number): number {
    const place = this.placeOf[address >> 2];
    return place === 0 ? this.initial[address >> 2] : this.words[place - 1];
  }

  store(address: number, value: number): void {
    const word = address >> 2;
    const place = this.placeOf[word] || this.placeFor(word);
    const before = this.words[place - 1];
    const next = value | 0;
    if (before === next) return;
    this.words[place - 1] = next;
    const start = this.initial[word];
    if (before !== start) this.fold(word, before);
    if (next !== start) this.fold(word, next);
  }

  save(): SavedMemory {
    return { words: this.words.slice(0, this.count), low: this.low, high: this.high };
  }

  restore(saved: SavedMemory): void {
    this.words.set(saved.words);
    for (let place = saved.words.length; place < this.count; place++) {
      this.words[place] = this.initial[this.wordAt[place]];
    }
    this.low = saved.low;
    this.high = saved.high;
  }

  private placeFor(word: number): number {
    if (this.count === MOST_WORDS) throw new Error('The explored memory has too many words.');
    this.wordAt[this.count] = word;
    this.words[this.count] = this.initial[word];
    this.count++;
    this.placeOf[word] = this.count;
    return this.count;
  }

  private fold(word: number, value: number): void {
    this.low ^= mix(word, value, 0x9e3779b1);
    this.high ^= mix(word, value, 0x85ebca6b);
  }
}

/** A well-spread 32-bit number of two. */
export function mix(a: number, b: number, seed: number): number {
  let h = Math.imul(a ^ seed, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ seed, 0x27d4eb2f);
  return h ^ (h >>> 16);
}
