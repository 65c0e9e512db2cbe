import { KERNEL, SLOT_BYTES } from '@lite-streams/core/internal';
import { ENTRY_BYTES } from './frame-layout.ts';
import type { FrameMemory } from './frame-memory.ts';

/** Slots of a run at most. */
export const MOST_SLOTS = 16_384;
/** Room for them, at the beginning of the memory that the run lies in. */
export const SLOTS_BYTES = MOST_SLOTS * SLOT_BYTES;

/** Longer stretches of offsets that hold nothing are not spelled out. */
const LONGEST_GAP = 4096;

const COMMITTED = KERNEL.FIRST;
const ABORTED = KERNEL.FIRST_ABORTED;

/**
 * Writes the slots of a run as the ring has them, for records that lie in frames: `SlotRun` reads
 * them without knowing where they come from.
 */
export class SlotTable {
  /** Offset of the first slot. */
  offset: number;
  count = 0;
  private readonly memory: FrameMemory;
  /** Granules count from this address. */
  private readonly dataAt: number;
  private readonly wanted: number;

  /** A table at address 0 of `memory`, of slots from `wanted` on. */
  constructor(memory: FrameMemory, wanted: number, dataAt: number) {
    this.memory = memory;
    this.offset = wanted;
    this.wanted = wanted;
    this.dataAt = dataAt;
  }

  /** Whether a whole frame of `span` offsets certainly finds room. */
  hasRoomFor(span: number): boolean {
    return this.count === 0 || this.count + span <= MOST_SLOTS;
  }

  /**
   * Takes the slots of a frame: its records from address `at` on, its entries at `entriesAt`. False
   * when it could take only a part of them.
   */
  take(
    firstOffset: number,
    endOffset: number,
    at: number,
    entriesAt: number,
    entries: number,
  ): boolean {
    const { i32 } = this.memory;
    let offset = firstOffset;
    let address = at;
    const end = (entriesAt + entries * ENTRY_BYTES) >> 2;
    for (let entry = entriesAt >> 2; entry < end; entry += 2) {
      const bytes = i32[entry];
      const meta = i32[entry + 1];
      offset += meta >>> 16;
      if (offset >= this.wanted) {
        if (!this.reach(offset) || this.count === MOST_SLOTS) return false;
        this.put(COMMITTED, address, bytes, meta & 0xffff);
      }
      address += bytes;
      offset++;
    }
    return this.reach(endOffset);
  }

  /** Fills up with aborted slots to `offset`, exclusive. False when a run has to end before. */
  private reach(offset: number): boolean {
    let gap = offset - this.offset - this.count;
    if (gap <= 0) return true;
    if (gap > LONGEST_GAP) {
      if (this.count > 0) return false;
      // One slot stands for all of them, so that whoever reads on gets past them.
      this.offset = offset - 1;
      gap = 1;
    }
    if (this.count + gap > MOST_SLOTS) return false;
    for (; gap > 0; gap--) this.put(ABORTED, this.dataAt, 0, 0);
    return true;
  }

  private put(stamp: number, address: number, bytes: number, meta: number): void {
    const { i32 } = this.memory;
    const slot = (this.count++ * SLOT_BYTES) >> 2;
    i32[slot] = stamp;
    i32[slot + (KERNEL.SLOT_GRANULE >> 2)] = (address - this.dataAt) >> 3;
    i32[slot + (KERNEL.SLOT_LENGTH >> 2)] = bytes;
    i32[slot + (KERNEL.SLOT_META >> 2)] = meta;
  }
}
