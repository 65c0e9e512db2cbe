import { loadAcquire, storeRelease } from '../memory/atomics.ts';
import { KERNEL } from './layout.ts';
import { granuleDifference, type Shard } from './shard.ts';

/**
 * Where a group stands in one shard: `next`, the sequence that its workers read on from, and a
 * lease for each worker, the oldest sequence that it still reads. The smallest of them is what the
 * group has committed.
 */
export class GroupCursor {
  readonly shard: Shard;
  readonly group: number;
  private readonly address: number;

  constructor(shard: Shard, group: number) {
    this.shard = shard;
    this.group = group;
    this.address = shard.groupAddress(group);
  }

  get state(): number {
    return loadAcquire(this.shard.i32, (this.address + KERNEL.GROUP_STATE) >> 2);
  }

  /** The sequence that is read next. */
  next(): number {
    return loadAcquire(this.shard.i32, (this.address + KERNEL.GROUP_NEXT) >> 2);
  }

  /** Everything below this sequence has been committed. */
  committed(): number {
    return this.shard.kernel.committed(this.address);
  }

  /**
   * Begins, or goes on, at `sequence`: from here on nothing at or above what is returned will be
   * overwritten. That may be a little later than what was asked for.
   *
   * A producer may have computed its limit before the gate was raised, and claim once more by it
   * (only once: the claim moves the tail, and the next claim looks at the gate again). Therefore the
   * gate is raised first, then the tail is read, and one largest claim is left as a margin.
   */
  open(sequence: number): number {
    const { i32, overwrite } = this.shard;
    storeRelease(i32, (this.address + KERNEL.GROUP_NEXT) >> 2, sequence);
    storeRelease(
      i32,
      (this.address + KERNEL.GROUP_STATE) >> 2,
      overwrite ? KERNEL.GROUP_LOSSY : KERNEL.GROUP_GATING,
    );
    this.shard.staleLimits();
    if (overwrite) return sequence;
    const safe = earliestBehindGate(this.shard);
    if (((safe - sequence) | 0) <= 0) return sequence;
    storeRelease(i32, (this.address + KERNEL.GROUP_NEXT) >> 2, safe);
    return safe;
  }

  /** Moves `next` without looking at the gate; for sequences that a lease or the group still holds. */
  moveNext(sequence: number): void {
    storeRelease(this.shard.i32, (this.address + KERNEL.GROUP_NEXT) >> 2, sequence);
  }

  /** Ends the group in this shard; it holds nobody back any more. */
  drop(): void {
    const { i32, plan } = this.shard;
    storeRelease(i32, (this.address + KERNEL.GROUP_STATE) >> 2, KERNEL.GROUP_FREE);
    for (let member = 0; member < plan.members; member++) this.clearLease(member);
  }

  clearLease(member: number): number {
    return this.shard.kernel.release(this.shard.leaseAddress(this.group, member), 0, 0);
  }

  /** How many records of users lie between what was committed and the published end. */
  lag(): number {
    return this.countData(this.committed(), this.shard.published());
  }

  private countData(from: number, to: number): number {
    let data = 0;
    for (let s = from; ((to - s) | 0) > 0; s = (s + 1) | 0) if (this.shard.isData(s)) data++;
    return data;
  }
}

/**
 * The largest part of a ring that one claim may take. What a new gate finds within one such claim of
 * the tail's reach may be overwritten once more.
 */
export const CLAIM_SHARE = 4;

/** The oldest sequence that a gate raised just now certainly protects. */
function earliestBehindGate(shard: Shard): number {
  const { slots, dataBytes } = shard.plan;
  const published = shard.published();
  const tail = shard.claimed();
  let low = (tail + Math.ceil(slots / CLAIM_SHARE) - slots + 1) | 0;
  if (((published - low) | 0) < 0) return published;
  const first = shard.physicalEarliest();
  if (((first - low) | 0) > 0) low = first;
  const end = shard.i32[(KERNEL.TAIL >> 2) + 1];
  const reach = (dataBytes / 8) * (1 - 1 / CLAIM_SHARE);
  let high = published;
  while (((high - low) | 0) > 0) {
    const middle = (low + (((high - low) | 0) >>> 1)) | 0;
    if (granuleDifference(end, shard.granuleOf(middle)) <= reach) high = middle;
    else low = (middle + 1) | 0;
  }
  return low;
}
