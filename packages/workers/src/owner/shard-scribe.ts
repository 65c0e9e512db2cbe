import { fail, loadAcquire, storeRelease, storeWide } from '@lite-streams/core/ground';
import {
  type Acks,
  GroupCursor,
  KERNEL,
  LOG,
  LOG_ERRORS,
  type Shard,
  SlotRun,
} from '@lite-streams/core/internal';
import type { RetentionPolicy } from '../storage/retention.ts';
import type { ShardLog } from '../storage/shard-log.ts';

/** Slots that go to the log in one call: enough for large writes, few enough to publish in between. */
const MOST_AT_ONCE = 8_192;
/** Frames of a compaction between two looks at what is to be written: about a millisecond. */
const FRAMES_AT_ONCE = 4;

/**
 * Writes what is published in one durable shard to its log, and tells those who wait for it. It is
 * the ring's gate as a group is: the slots that it has not written stay. What is appended while it
 * waits for the disk is the next commit.
 *
 * An error of the disk ends it: the shard takes nothing more, and nothing is tried again, for what a
 * failed flush has left on disk nobody knows. What was acknowledged before is not touched.
 */
export class ShardScribe {
  readonly shard: Shard;
  private readonly log: ShardLog;
  private readonly gate: GroupCursor;
  private readonly run: SlotRun;
  /** Whether slots wait for the disk itself, or only for the operating system. */
  private readonly syncs: boolean;
  private writtenTo: number;
  private unsynced = false;
  private open = true;
  private compacts = true;
  private compaction: Iterator<void, unknown> | undefined;

  /** Goes on where the log ends. Throws `LOG_DAMAGED` where that is before what was acknowledged. */
  constructor(shard: Shard, log: ShardLog, acks: Acks) {
    this.shard = shard;
    this.log = log;
    this.gate = new GroupCursor(shard, shard.gate);
    this.run = new SlotRun(shard);
    this.syncs = acks === 'disk';
    const acknowledged = shard.offsetOf(shard.logged(this.syncs ? 'durable' : 'written'));
    if (log.endOffset < acknowledged) {
      log.close();
      fail(
        'LOG_DAMAGED',
        `The log of shard ${shard.number} ends at offset ${log.endOffset}, but everything below ` +
          `${acknowledged} was acknowledged: files of it were changed or removed from outside.`,
      );
    }
    this.writtenTo = shard.sequenceOf(log.endOffset);
    this.publish(LOG.written, this.writtenTo);
    this.publish(LOG.durable, shard.sequenceOf(log.durableOffset));
    this.publishStart();
    this.release();
  }

  /** Whether there is something that `write` would write. */
  get behind(): boolean {
    return this.open && this.shard.published() !== this.writtenTo;
  }

  /** Hands everything that is published to the operating system. Tells whether there was any. */
  write(): boolean {
    if (!this.behind) return false;
    const { shard, run, log } = this;
    const end = shard.published();
    while (this.writtenTo !== end) {
      const count = Math.min((end - this.writtenTo) | 0, MOST_AT_ONCE);
      run.inRing(shard, this.writtenTo, count);
      log.append(run);
      this.writtenTo = (this.writtenTo + count) | 0;
      this.unsynced = true;
      this.publish(LOG.written, this.writtenTo);
      if (!this.syncs) this.release();
    }
    return true;
  }

  /** Waits until what was written is on disk, where slots wait for that, or `always`. */
  sync(always = false): void {
    if (!this.open || !this.unsynced || !(this.syncs || always)) return;
    this.log.sync();
    this.unsynced = false;
    this.publish(LOG.durable, this.shard.sequenceOf(this.log.durableOffset));
    if (this.syncs) this.release();
  }

  /** Removes whole segments that nobody has to keep. */
  retain(policy: RetentionPolicy): void {
    if (!this.open) return;
    this.log.retain(policy);
    this.publishStart();
  }

  /** Begins to compact the log, when it has grown enough since it was compacted. */
  startCompaction(): void {
    if (!this.open || !this.compacts || this.compaction !== undefined) return;
    if (this.log.isWorthCompacting) this.compaction = this.log.compaction();
  }

  /** Compacts a little, so that nobody waits long for what is written in between. Tells whether there is more. */
  compact(): boolean {
    if (!this.open || this.compaction === undefined) return false;
    try {
      for (let frame = 0; frame < FRAMES_AT_ONCE; frame++) {
        if (this.compaction.next().done !== true) continue;
        this.compaction = undefined;
        return false;
      }
      return true;
    } catch (error) {
      this.compaction = undefined;
      // An old file that is damaged is told to whoever reads it; what is new can be written.
      if ((error as { code?: unknown }).code !== 'LOG_DAMAGED') throw error;
      this.compacts = false;
      return false;
    }
  }

  /** Whether anybody waits for what a step may have done. */
  get awaited(): boolean {
    const { i32 } = this.shard;
    return loadAcquire(i32, LOG.waiters >> 2) > 0 || loadAcquire(i32, KERNEL.ROOM_WAITERS >> 2) > 0;
  }

  /** The disk has failed: the shard takes nothing more. */
  stop(error: unknown): void {
    this.open = false;
    stopShard(this.shard, error);
    closeQuietly(this.log);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.compaction?.return?.();
    this.log.close();
  }

  /** Slots below what is safe may be used again. */
  private release(): void {
    const safe = this.shard.logged(this.syncs ? 'durable' : 'written');
    this.gate.moveNext(safe);
  }

  private publish(word: number, sequence: number): void {
    storeRelease(this.shard.i32, word >> 2, sequence);
  }

  private publishStart(): void {
    storeWide(this.shard.i64, LOG.start >> 3, this.log.firstOffset);
  }
}

/** Makes a shard refuse appends, and say why. */
export function stopShard(shard: Shard, error: unknown): void {
  storeRelease(shard.i32, LOG.error >> 2, errorNumber(error));
  shard.setState(KERNEL.STATE_STOPPED);
}

function closeQuietly(log: ShardLog): void {
  try {
    log.close();
  } catch {
    // What it has failed with is known already.
  }
}

/** The number by which the memory of a shard names an error, from 1 on. */
function errorNumber(error: unknown): number {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const known = 'code' in cause ? (LOG_ERRORS as readonly unknown[]).indexOf(cause.code) : -1;
    if (known >= 0) return known + 1;
  }
  return LOG_ERRORS.length;
}
