import type { RecordMemory } from './record.ts';

/** Memory that values are written into; a value begins at a multiple of 8. */
export interface ValueMemory extends RecordMemory {
  readonly f64: Float64Array;
}

/** Bytes of at most this number are copied word by word, which beats a native call. */
const SHORT_COPY = 384;

/** What `place` returns when the value does not fit. */
export const NO_ROOM = -1;

/**
 * A value that is not handed over as bytes but writes them where its record is to stand: one copy
 * fewer. One object stands for value after value.
 */
export abstract class PlacedValue {
  /**
   * Writes the value's bytes at `at` of `memory`, padded with zeros to a multiple of 4, and nothing at
   * or behind `end`. Returns how many there are without the padding, or `NO_ROOM`.
   */
  abstract place(memory: ValueMemory, at: number, end: number): number;

  /** The same bytes in memory of its own, until the next value. */
  abstract bytes(): Uint8Array;
}

/** Copies bytes from and to a multiple of 4, and zeros up to the next one. */
export function copyRecordBytes(
  from: RecordMemory,
  start: number,
  length: number,
  to: ValueMemory,
  at: number,
): void {
  const rest = length & 3;
  let target = at >> 2;
  let source = start >> 2;
  const last = (start + length) >> 2;
  if (length > SHORT_COPY) {
    to.u8.set(from.u8.subarray(start, start + length - rest), at);
    target += last - source;
    source = last;
  } else {
    const words = from.i32;
    const { i32 } = to;
    while (source < last) i32[target++] = words[source++];
  }
  if (rest !== 0) to.i32[target] = from.i32[source] & ((1 << (rest << 3)) - 1);
}
