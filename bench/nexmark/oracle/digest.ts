import { lineOf, type Row } from './rows.ts';

const { imul } = Math;

/** Two lists of the same rows have the same digest, in whatever order they come: for very many rows. */
export class RowDigest {
  private readonly key: readonly string[] | undefined;
  /** The digest of the last row of each key. */
  private readonly last = new Map<string, number>();
  private count = 0;
  private high = 0;
  private low = 0;

  /** With `key`, the last row of each key counts. */
  constructor(key: readonly string[] | undefined) {
    this.key = key;
  }

  get rows(): number {
    return this.count;
  }

  add(row: Row): void {
    const hash = hashOf(lineOf(row));
    if (this.key === undefined) {
      this.count++;
      this.take(hash, 1);
      return;
    }
    const key = this.key.map(column => row[column]).join('\n');
    const before = this.last.get(key);
    if (before === undefined) this.count++;
    else this.take(before, -1);
    this.take(hash, 1);
    this.last.set(key, hash);
  }

  text(): string {
    return `${this.count} rows, digest ${(this.high >>> 0).toString(16)}-${(this.low >>> 0).toString(16)}`;
  }

  private take(hash: number, sign: 1 | -1): void {
    this.high = (this.high + sign * Math.floor(hash / 0x4000_0000)) | 0;
    this.low = (this.low + sign * (hash % 0x4000_0000)) | 0;
  }
}

/** 52 bits. */
function hashOf(line: string): number {
  let left = 0x811c9dc5 | 0;
  let right = 0x2545f491;
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    left = imul(left ^ code, 0x01000193);
    right = imul(right + code, 0x5bd1e995) ^ (right >>> 13);
  }
  left ^= left >>> 15;
  return (left & 0x3f_ffff) * 0x4000_0000 + (right & 0x3fff_ffff);
}
