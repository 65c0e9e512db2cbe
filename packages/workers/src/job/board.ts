import { add, loadAcquire, storeRelease } from '@lite-streams/core/ground';

/**
 * Where the processors write how the tasks of a job stand, so that any thread can read it without
 * asking.
 *
 * ```
 * per task 768 B:   0  version       odd while the task's processor writes the rest
 *                   4  text bytes
 *                   8  numbers       32 × f64
 *                 264  text          504 B of UTF-8
 * ```
 * One writer per task. A reader that meets an odd or a changed version reads again.
 */
const ROW_BYTES = 768;
const TEXT_LENGTH_AT = 4;
const NUMBERS_AT = 8;
const TEXT_AT = 264;
/** A writer that was killed while it wrote leaves an odd version: what it left is shown then. */
const MOST_READS = 1_000;

export function createBoard(tasks: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(1, tasks) * ROW_BYTES);
}

export interface BoardRow {
  readonly numbers: number[];
  readonly text: string;
}

export class Board {
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly bytes: Buffer;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer);
    this.bytes = Buffer.from(buffer);
  }

  write(task: number, numbers: readonly number[], text: string): void {
    const row = task * ROW_BYTES;
    const version = row >> 2;
    const begun = loadAcquire(this.words, version) | 1;
    storeRelease(this.words, version, begun);
    this.numbers.set(numbers, (row + NUMBERS_AT) >> 3);
    this.words[(row + TEXT_LENGTH_AT) >> 2] = this.bytes.write(
      text,
      row + TEXT_AT,
      ROW_BYTES - TEXT_AT,
    );
    storeRelease(this.words, version, begun + 1);
  }

  read(task: number, count: number): BoardRow {
    const row = task * ROW_BYTES;
    const version = row >> 2;
    const at = (row + NUMBERS_AT) >> 3;
    for (let attempt = 1; ; attempt++) {
      const before = loadAcquire(this.words, version);
      const numbers = Array.from(this.numbers.subarray(at, at + count));
      const end = row + TEXT_AT + this.words[(row + TEXT_LENGTH_AT) >> 2];
      const text = this.bytes.toString('utf8', row + TEXT_AT, end);
      // Adding 0 keeps the reads above from moving below it, which a load alone does not.
      const after = add(this.words, version, 0);
      if ((before === after && (before & 1) === 0) || attempt === MOST_READS) {
        return { numbers, text };
      }
    }
  }
}
