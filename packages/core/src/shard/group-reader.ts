import { CopiedRun } from './copied-run.ts';
import type { GroupCursor } from './group-cursor.ts';
import { KERNEL } from './layout.ts';
import type { Shard } from './shard.ts';
import { SlotRun } from './slot-run.ts';

/**
 * Reads one shard for one worker of a group. Where the group gates the ring, runs are read in place;
 * where records may be overwritten, from a validated copy, and `lost` tells how many were.
 */
export class GroupReader {
  readonly shard: Shard;
  readonly cursor: GroupCursor;
  /** The run that the last `poll` returned. */
  readonly run: SlotRun;
  /** How many records before those of the last `poll` were overwritten unread. */
  lost = 0;

  /** WAKE bits of the last `poll`: others may go on because of it. */
  wake = 0;

  /** Lost since a `poll` last returned something; `next` stands behind them already. */
  private unreported = 0;

  /** Where the last run in the ring ends: a commit up to there leaves nothing to hold. */
  private end = 0;
  private readonly member: number;
  private readonly lease: number;
  private readonly group: number;
  private readonly copied: CopiedRun | undefined;

  constructor(cursor: GroupCursor, member: number) {
    this.shard = cursor.shard;
    this.cursor = cursor;
    this.run = new SlotRun(this.shard);
    this.group = this.shard.groupAddress(cursor.group);
    this.member = member;
    this.lease = this.shard.leaseAddress(cursor.group, member);
    this.copied = this.shard.overwrite ? new CopiedRun(this.shard) : undefined;
  }

  /** Takes up to `max` slots into `run` and returns their count; 0 when there are none yet. */
  poll(max: number): number {
    const { kernel, scratch } = this.shard;
    this.lost = 0;
    this.wake = 0;
    if (this.copied !== undefined) return this.pollCopied(this.copied, max);
    const count = kernel.poll(this.group, this.lease, max);
    if (count > 0) {
      const from = scratch.i32[KERNEL.RESULT >> 2];
      this.run.inRing(this.shard, from, count);
      this.end = (from + count) | 0;
    }
    if (count >= 0) return count;
    this.wake = KERNEL.WAKE_PRODUCERS;
    return 0;
  }

  private pollCopied(copied: CopiedRun, max: number): number {
    for (;;) {
      const next = this.cursor.next();
      const end = this.shard.published();
      // Nobody waits for this group: it may be behind by more than 2^31.
      const behind = (end - next) >>> 0;
      if (behind === 0) return 0;
      const gone = behind - ((end - this.shard.physicalEarliest()) | 0);
      if (gone > 0) {
        this.unreported += gone;
        this.cursor.moveNext((next + gone) | 0);
        continue;
      }
      const wanted = Math.min(behind, max);
      this.unreported += copied.take(next, wanted, this.run);
      this.cursor.moveNext((next + wanted) | 0);
      if (this.run.count === 0) continue;
      this.lost = this.unreported;
      this.unreported = 0;
      return this.run.count;
    }
  }

  /** Takes the last `poll`, from a copy, and what was lost before it back: both will be polled again. */
  unpoll(): void {
    this.cursor.moveNext(this.shard.sequenceOf(this.run.offset - this.lost));
  }

  /**
   * Commits everything below `sequence`, which must not be above what was polled. Returns WAKE bits.
   */
  commit(sequence: number): number {
    if (this.copied !== undefined) {
      this.cursor.commitLossy(sequence);
      return 0;
    }
    const holds = ((this.end - sequence) | 0) > 0 ? 1 : 0;
    return this.shard.kernel.release(this.lease, holds, sequence);
  }

  /** `commit` by an offset. */
  commitOffset(offset: number): number {
    return this.commit(this.shard.sequenceOf(offset));
  }

  /** `seek` by an offset. */
  seekOffset(offset: number, thread: number): number {
    return this.shard.offsetOf(this.seek(this.shard.sequenceOf(offset), thread));
  }

  /**
   * Reads on at `sequence`, or a little later where a producer was faster; what has not been committed
   * is given up. Returns where. `thread` is the caller's.
   */
  seek(sequence: number, thread: number): number {
    this.unreported = 0;
    const from = this.cursor.open(sequence, thread);
    this.end = from;
    this.cursor.clearLease(this.member);
    return from;
  }

  /** Goes back to what was committed, as after a failure; what was polled since is polled again. */
  rewind(): void {
    // Whoever reads on from here counts anew what is lost by then.
    this.unreported = 0;
    this.cursor.rewind(this.member);
    this.end = this.cursor.next();
  }

  close(): void {
    this.copied?.close();
  }
}
