import { loadAcquire } from '../memory/atomics.ts';
import { KERNEL } from './layout.ts';
import { granuleDifference, type Shard } from './shard.ts';

/** What a shard keeps at most, beyond what a group holds and within what the ring can hold. */
export interface Retention {
  /** Newest records of users. */
  records?: number | undefined;
  /** Stored bytes of the newest records. */
  bytes?: number | undefined;
}

/**
 * The oldest sequence that a new reader may begin at: the latest of what retention by records, bytes
 * and age (kept by the owner) allow and of what the ring still holds.
 */
export function earliest(shard: Shard, retention: Retention): number {
  let floor = shard.physicalEarliest();
  const byAge = loadAcquire(shard.i32, KERNEL.EARLIEST >> 2);
  if (((byAge - floor) | 0) > 0) floor = byAge;
  if (retention.bytes !== undefined) floor = withinBytes(shard, floor, retention.bytes);
  if (retention.records !== undefined) floor = newest(shard, floor, retention.records);
  return floor;
}

/** The sequence from which on there are `records` records of users, or `floor` if there are fewer. */
export function newest(shard: Shard, floor: number, records: number): number {
  let sequence = shard.published();
  let left = records;
  while (left > 0 && ((sequence - floor) | 0) > 0) {
    sequence = (sequence - 1) | 0;
    if (shard.isData(sequence)) left--;
  }
  return sequence;
}

function withinBytes(shard: Shard, floor: number, bytes: number): number {
  const published = shard.published();
  const end = shard.granuleOf(published);
  let low = floor;
  let high = published;
  while (((high - low) | 0) > 0) {
    const middle = (low + (((high - low) | 0) >>> 1)) | 0;
    if (granuleDifference(end, shard.granuleOf(middle)) * 8 <= bytes) high = middle;
    else low = (middle + 1) | 0;
  }
  return low;
}
