import { fail } from '../errors.ts';
import { CopiedRun } from './copied-run.ts';
import type { ShardHistory } from './history.ts';
import type { LogCursor } from './log-cursor.ts';
import type { Shard } from './shard.ts';
import { SlotRun } from './slot-run.ts';

/**
 * Reads a durable shard for one member of a group: from a validated copy of the ring, and what the
 * ring has no longer, from disk. There is no gap between the two: no slot is used again before its
 * bytes can be read from the file.
 */
export class LogReader {
  readonly shard: Shard;
  readonly cursor: LogCursor;
  readonly run: SlotRun;
  /** How many offsets before the last `poll` retention had taken from the disk, unread. */
  lost = 0;
  /** Nobody waits for this reader. */
  readonly wake = 0;

  private readonly copied: CopiedRun;
  private readonly history: ShardHistory;

  constructor(cursor: LogCursor, history: ShardHistory) {
    this.shard = cursor.shard;
    this.cursor = cursor;
    this.history = history;
    this.run = new SlotRun(this.shard);
    this.copied = new CopiedRun(this.shard);
  }

  poll(max: number): number {
    const { shard, cursor } = this;
    this.lost = 0;
    for (;;) {
      const next = cursor.nextOffset();
      const behind = shard.offsetOf(shard.published()) - next;
      if (behind <= 0) return 0;
      const count = this.fromRing(next, Math.min(behind, max)) || this.fromDisk(next, max);
      if (count > 0) {
        cursor.moveTo(this.run.offset + count);
        return count;
      }
      const start = shard.logStart();
      if (start <= next) this.missing(next);
      this.lost += start - next;
      cursor.moveTo(start);
    }
  }

  /** Takes the last `poll` back, and what was lost before it: both will be polled again. */
  unpoll(): void {
    this.cursor.moveTo(this.run.offset - this.lost);
  }

  commitOffset(offset: number): number {
    this.cursor.commitOffset(offset);
    return 0;
  }

  seekOffset(offset: number): number {
    return this.cursor.openAt(offset);
  }

  rewind(): void {
    this.cursor.rewind();
  }

  close(): void {
    this.copied.close();
    this.history.close();
  }

  private fromRing(offset: number, count: number): number {
    const { shard, copied, run } = this;
    const earliest = shard.physicalEarliest();
    if (offset < shard.offsetOf(earliest)) return 0;
    // Overwritten while it was copied: then it is on disk.
    return copied.take(shard.sequenceOf(offset), count, run) === 0 ? count : 0;
  }

  private fromDisk(offset: number, max: number): number {
    return this.history.read(offset, max, this.run);
  }

  private missing(offset: number): never {
    const { shard } = this;
    return fail(
      'LOG_DAMAGED',
      `Offset ${offset} of shard ${shard.number} is neither in memory nor on disk, though the log ` +
        `begins at ${shard.logStart()}: a file of it was changed or removed from outside.`,
    );
  }
}
