import { SIZE } from './layout.ts';

const FIRST_BYTES = 4 * 1024;
const MOST_BLOCK_BYTES = 1024 * 1024;
/** From here on it is cheaper to show memory to another thread than to copy it there. */
const SHARED_BYTES = 64 * 1024;
const SIZE_WORD_BYTES = 4;

/** Encoded records, one after the other. */
export class RecordPile {
  records = 0;
  /** Full ones, and the one that is being filled. */
  private full: Uint8Array[] = [];
  private block = new Uint8Array(0);
  private used = 0;
  private usedBefore = 0;

  /** Copies a record of `length` bytes from `at` of `from`. */
  add(from: Uint8Array, at: number, length: number): void {
    const end = this.used + length;
    if (end > this.block.length) {
      this.begin(length);
      this.add(from, at, length);
      return;
    }
    this.block.set(from.subarray(at, at + length), this.used);
    this.used = end;
    this.records++;
  }

  /**
   * Gives all of them away, in one piece that nobody writes to any more. A large one lies in shared memory,
   * so that other threads see it without a copy.
   */
  take(): Uint8Array {
    const { full, block, used, usedBefore } = this;
    const bytes = usedBefore + used;
    const whole = new Uint8Array(
      bytes < SHARED_BYTES ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes),
    );
    let at = 0;
    for (const one of full) {
      whole.set(one, at);
      at += one.length;
    }
    whole.set(block.subarray(0, used), at);
    if (block.length > MOST_BLOCK_BYTES) this.block = new Uint8Array(0);
    this.full = [];
    this.used = this.usedBefore = this.records = 0;
    return whole;
  }

  /** How long the record at `at` is, its size word included. */
  static recordBytes(bytes: Uint8Array, at: number): number {
    const word = at + SIZE;
    const size =
      bytes[word] | (bytes[word + 1] << 8) | (bytes[word + 2] << 16) | (bytes[word + 3] << 24);
    return size + SIZE_WORD_BYTES;
  }

  /** A new block, with room for a record of `length` bytes. */
  private begin(length: number): void {
    const { block, used } = this;
    if (used > 0) this.full.push(block.subarray(0, used));
    this.usedBefore += used;
    this.used = 0;
    const larger = Math.min(Math.max(FIRST_BYTES, block.length * 2), MOST_BLOCK_BYTES);
    this.block = new Uint8Array(Math.max(larger, length));
  }
}
