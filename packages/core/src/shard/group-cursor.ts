import { loadAcquire, storeRelease } from '../memory/atomics.ts';
import { Appender, takeCell } from './appender.ts';
import { CLAIM_SHARE, GROUP, KERNEL, KIND } from './layout.ts';
import { granuleDifference, type Shard } from './shard.ts';

/**
 * Where a group stands in one shard: `next`, the sequence that its workers read on from, and a
 * lease for each worker, the oldest sequence that it still reads. The smallest of them is what the
 * group has committed.
 *
 * Where records may be overwritten nothing is held, and there are no leases: what is committed stands in
 * a word of its own, which only the one member writes that reads the shard.
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
    const { shard, address } = this;
    if (shard.overwrite) return loadAcquire(shard.i32, (address + GROUP.done) >> 2);
    return shard.kernel.committed(address);
  }

  /** Where records may be overwritten: everything below `sequence` is done. */
  commitLossy(sequence: number): void {
    storeRelease(this.shard.i32, (this.address + GROUP.done) >> 2, sequence);
  }

  nextOffset(): number {
    return this.offsetOf(this.next());
  }

  committedOffset(): number {
    return this.offsetOf(this.committed());
  }

  /**
   * Offset of a sequence of this group's, which lies at or below the published end as it is now. A group
   * that nobody waits for may be behind by more than 2^31; up to 2^32 this is exact.
   */
  private offsetOf(sequence: number): number {
    const end = this.shard.published();
    return this.shard.offsetOf(end) - ((end - sequence) >>> 0);
  }

  /** Whether nothing is left to read now. */
  atEnd(): boolean {
    return this.next() === this.shard.published();
  }

  /** `open` by an offset. */
  openAt(offset: number, thread: number): number {
    return this.shard.offsetOf(this.open(this.shard.sequenceOf(offset), thread));
  }

  /**
   * Begins, or goes on, at `sequence`: from here on nothing at or above what is returned will be
   * overwritten. That is later than what was asked for only where a producer was faster.
   *
   * A producer may have computed its limit before the gate was raised, and claim once more by it;
   * only once, for its claim moves the tail, and whoever sees the new tail sees the gate. So what
   * one largest claim cannot reach is safe at once; for the rest the tail is moved on by a mark.
   */
  open(sequence: number, thread: number): number {
    const { overwrite } = this.shard;
    if (overwrite) this.commitLossy(sequence);
    this.raise(sequence, overwrite ? KERNEL.GROUP_LOSSY : KERNEL.GROUP_GATING);
    if (overwrite) return sequence;
    const safe = earliestBehindGate(this.shard);
    if (((safe - sequence) | 0) <= 0) return sequence;
    return this.moveTailOn(sequence, thread) ?? this.raise(safe, KERNEL.GROUP_GATING);
  }

  private raise(next: number, state: number): number {
    const { i32 } = this.shard;
    storeRelease(i32, (this.address + KERNEL.GROUP_NEXT) >> 2, next);
    storeRelease(i32, (this.address + KERNEL.GROUP_STATE) >> 2, state);
    this.shard.staleLimits();
    return next;
  }

  /** Claims one slot, so that every claim behind it has seen the gate; then what is left is safe. */
  private moveTailOn(sequence: number, thread: number): number | undefined {
    const { shard } = this;
    for (let producer = 1; producer < shard.plan.producers; producer++) {
      if (!takeCell(shard, producer, thread)) continue;
      const appender = new Appender(shard, producer);
      let next = sequence;
      let result = appender.appendControl(KIND.gate, 0);
      // The mark needs room itself: the oldest records of a full ring make way for it.
      for (let tries = 0; result === KERNEL.FULL && tries < MARK_TRIES; tries++) {
        next = this.raise((next + 1) | 0, KERNEL.GROUP_GATING);
        result = appender.appendControl(KIND.gate, 0);
      }
      appender.free();
      if (result < 0) return undefined;
      const oldest = shard.physicalEarliest();
      return ((oldest - next) | 0) > 0 ? this.raise(oldest, KERNEL.GROUP_GATING) : next;
    }
    return undefined;
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

  /**
   * Goes back to what was committed, for a member that reads no more: what it had polled since is
   * polled again. Returns WAKE bits.
   */
  rewind(member: number): number {
    this.moveNext(this.committed());
    // A producer that saw `next` before it moved back, and will see no lease, must look again.
    this.shard.staleLimits();
    return this.clearLease(member);
  }

  clearLease(member: number): number {
    return this.shard.kernel.release(this.shard.leaseAddress(this.group, member), 0, 0);
  }

  /**
   * How many records of users lie between what was committed and the published end; of those that have
   * been overwritten, how many slots there were.
   */
  lag(): number {
    const { shard } = this;
    const committed = this.committed();
    const end = shard.published();
    const behind = (end - committed) >>> 0;
    const inRing = Math.min(behind, (end - shard.physicalEarliest()) | 0);
    return behind - inRing + countData(shard, (end - inRing) | 0, end);
  }
}

/** How many records of users lie between two sequences that the ring still holds. */
export function countData(shard: Shard, from: number, to: number): number {
  let data = 0;
  for (let s = from; ((to - s) | 0) > 0; s = (s + 1) | 0) if (shard.isData(s)) data++;
  return data;
}

/** How many of the oldest records at most make way for the mark of a new gate. */
const MARK_TRIES = 64;

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
