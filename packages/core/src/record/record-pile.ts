import { SIZE } from './layout.ts';

const FIRST_BYTES = 4 * 1024;
const SIZE_WORD_BYTES = 4;

/** Encoded records, one after the other. */
export class RecordPile {
  records = 0;
  private bytes = new Uint8Array(0);
  private used = 0;

  /** Copies a record of `length` bytes from `at` of `from`. */
  add(from: Uint8Array, at: number, length: number): void {
    const end = this.used + length;
    if (end > this.bytes.length) this.grow(end);
    this.bytes.set(from.subarray(at, at + length), this.used);
    this.used = end;
    this.records++;
  }

  /** Gives all of them away. */
  take(): Uint8Array {
    const bytes = this.bytes.slice(0, this.used);
    this.used = 0;
    this.records = 0;
    return bytes;
  }

  /** How long the record at `at` is, its size word included. */
  static recordBytes(bytes: Uint8Array, at: number): number {
    const word = at + SIZE;
    const size =
      bytes[word] | (bytes[word + 1] << 8) | (bytes[word + 2] << 16) | (bytes[word + 3] << 24);
    return size + SIZE_WORD_BYTES;
  }

  private grow(least: number): void {
    const bytes = new Uint8Array(Math.max(FIRST_BYTES, this.bytes.length * 2, least));
    bytes.set(this.bytes.subarray(0, this.used));
    this.bytes = bytes;
  }
}
