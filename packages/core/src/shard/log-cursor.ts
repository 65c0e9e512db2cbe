import { loadAcquire, loadWide, storeRelease, storeWide } from '../memory/atomics.ts';
import { countData } from './group-cursor.ts';
import { GROUP, KERNEL } from './layout.ts';
import type { Shard } from './shard.ts';

/**
 * Where a group stands in a durable shard. It holds nobody back: what it has not read when the ring
 * moves on lies on disk. So it may be behind by more than sequences can tell, and is kept in offsets.
 *
 * One member at a time reads a shard, and it alone writes here; the directory hands the shard over.
 */
export class LogCursor {
  readonly shard: Shard;
  readonly group: number;
  private readonly address: number;
  private readonly position: number;
  private readonly done: number;

  constructor(shard: Shard, group: number) {
    this.shard = shard;
    this.group = group;
    this.address = shard.groupAddress(group);
    this.position = (this.address + GROUP.position) >> 3;
    this.done = (this.address + GROUP.committed) >> 3;
  }

  get state(): number {
    return loadAcquire(this.shard.i32, (this.address + KERNEL.GROUP_STATE) >> 2);
  }

  nextOffset(): number {
    return loadWide(this.shard.i64, this.position);
  }

  committedOffset(): number {
    return loadWide(this.shard.i64, this.done);
  }

  atEnd(): boolean {
    return this.nextOffset() === this.shard.offsetOf(this.shard.published());
  }

  openAt(offset: number): number {
    storeWide(this.shard.i64, this.done, offset);
    storeWide(this.shard.i64, this.position, offset);
    storeRelease(this.shard.i32, (this.address + KERNEL.GROUP_STATE) >> 2, KERNEL.GROUP_LOSSY);
    return offset;
  }

  moveTo(offset: number): void {
    storeWide(this.shard.i64, this.position, offset);
  }

  commitOffset(offset: number): void {
    storeWide(this.shard.i64, this.done, offset);
  }

  drop(): void {
    storeRelease(this.shard.i32, (this.address + KERNEL.GROUP_STATE) >> 2, KERNEL.GROUP_FREE);
  }

  /** Goes back to what was committed. Nobody can be held back by it, so nobody has to be woken. */
  rewind(): number {
    this.moveTo(this.committedOffset());
    return 0;
  }

  /** Records of users that are not committed; those that are on disk only count with their markers. */
  lag(): number {
    const { shard } = this;
    const end = shard.published();
    const behind = shard.offsetOf(end) - this.committedOffset();
    const inRing = Math.min(behind, (end - shard.physicalEarliest()) | 0);
    return behind - inRing + countData(shard, (end - inRing) | 0, end);
  }
}
