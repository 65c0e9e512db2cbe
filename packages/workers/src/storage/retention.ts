import type { SealedSegment } from './segment.ts';

/** What a log keeps at most, in whole finished segments; what is left out bounds nothing. */
export interface RetentionPolicy {
  /** Bytes of files. */
  readonly bytes?: number | undefined;
  /** Data records. */
  readonly records?: number | undefined;
  /** Milliseconds since a record was appended. */
  readonly ageMs?: number | undefined;
  /** Nothing at or above this offset is removed. */
  readonly keepFrom?: number | undefined;
}

/**
 * How many of the finished segments, oldest first, a policy lets go. `whole` is what the log holds, the
 * segment that is appended to included.
 */
export function countExpired(
  sealed: readonly SealedSegment[],
  whole: { readonly bytes: number; readonly records: number },
  { bytes, records, ageMs, keepFrom = Number.MAX_SAFE_INTEGER }: RetentionPolicy,
  nowMs: number,
): number {
  let leftBytes = whole.bytes;
  let leftRecords = whole.records;
  let count = 0;
  for (const segment of sealed) {
    if (segment.endOffset > keepFrom) break;
    leftBytes -= segment.bytes;
    leftRecords -= segment.records;
    const isOverBytes = bytes !== undefined && leftBytes >= bytes;
    const isOverRecords = records !== undefined && leftRecords >= records;
    const isOld = ageMs !== undefined && segment.lastAppendMs < nowMs - ageMs;
    if (!isOverBytes && !isOverRecords && !isOld) break;
    count++;
  }
  return count;
}
