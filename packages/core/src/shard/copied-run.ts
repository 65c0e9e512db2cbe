import { KERNEL, SLOT_BYTES } from './layout.ts';
import { granuleDifference, type Shard } from './shard.ts';
import type { SlotRun } from './slot-run.ts';

/**
 * Room in scratch memory for validated copies of runs of a shard; grows as it must. One copy at a
 * time: the next one overwrites it.
 */
export class CopiedRun {
  private readonly shard: Shard;
  private address = 0;
  private bytes = 0;

  constructor(shard: Shard) {
    this.shard = shard;
  }

  /**
   * Copies up to `count` published slots from `sequence` on, as many as were not overwritten while
   * it copied, and aims `run` at them. Returns how many of the oldest were lost.
   */
  take(sequence: number, count: number, run: SlotRun): number {
    const { shard } = this;
    const { kernel, scratch } = shard;
    if (count === 0) {
      run.inCopy(scratch, shard.number, shard.offsetOf(sequence), 0, 0, 0, 0);
      return 0;
    }
    const slotBytes = count * SLOT_BYTES;
    let room = this.guessBytes(sequence, count);
    for (;;) {
      this.reserve(slotBytes + room);
      const dataAt = this.address + slotBytes;
      const lost = kernel.copyOut(sequence, count, this.address, dataAt, room);
      if (lost >= 0) {
        const slotsAt = this.address + lost * SLOT_BYTES;
        const first = scratch.i32[KERNEL.RESULT >> 2];
        run.inCopy(
          scratch,
          shard.number,
          shard.offsetOf((sequence + lost) | 0),
          count - lost,
          slotsAt,
          dataAt,
          first,
        );
        return lost;
      }
      // The slots were being overwritten while the size was guessed: at most the whole ring.
      room = shard.plan.dataBytes;
    }
  }

  /** Gives the scratch memory back. */
  close(): void {
    if (this.bytes > 0) this.shard.scratch.free(this.address, this.bytes, this);
    this.bytes = 0;
  }

  private guessBytes(sequence: number, count: number): number {
    const last = (sequence + count - 1) | 0;
    const end =
      this.shard.granuleOf(last) +
      (this.shard.i32[this.shard.slotWord(last) + (KERNEL.SLOT_LENGTH >> 2)] >>> 3);
    const granules = granuleDifference(end, this.shard.granuleOf(sequence));
    const most = this.shard.plan.dataBytes;
    return granules < 0 || granules * 8 > most ? most : granules * 8;
  }

  private reserve(bytes: number): void {
    if (bytes <= this.bytes) return;
    this.close();
    const rounded = 2 ** Math.ceil(Math.log2(bytes));
    this.address = this.shard.scratch.alloc(rounded, this);
    this.bytes = rounded;
  }
}
