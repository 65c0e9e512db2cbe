import type { RecordMemory } from '../record/record.ts';
import type { RecordView } from '../record/view.ts';
import { KERNEL, KIND, type Kind, producerOf } from './layout.ts';
import type { Shard } from './shard.ts';

// V8 folds a module's own constants into its code, those of other modules it loads at every use.
const LAST_COMMITTED = KERNEL.CONTINUATION;
const LENGTH_WORD = KERNEL.SLOT_LENGTH >> 2;
const META_WORD = KERNEL.SLOT_META >> 2;
const GRANULE_WORD = KERNEL.SLOT_GRANULE >> 2;
const GATE = KIND.gate;

/** What a slot holds that tells a reader nothing: a dead claim, or the mark of a raised gate. */
export const ABORTED = -1;

/**
 * A run of consecutive slots that may be read: in place in the ring, or in a copy in scratch memory.
 * One object is aimed at run after run; nothing is allocated.
 */
export class SlotRun {
  memory: RecordMemory;
  shard = 0;
  count = 0;
  /** Offset of the first slot. */
  offset = 0;

  /** Of the slot that was stepped to: who appended it, or ended; and where its record lies. */
  producerHere = 0;
  addressHere = 0;

  private slotBase = 0;
  private start = 0;
  private mask = 0;
  private dataBase = 0;
  private granule = 0;
  private granuleMask = 0;

  constructor(memory: RecordMemory) {
    this.memory = memory;
  }

  /** Aims at `count` slots from `sequence` on, in the ring itself. */
  inRing(shard: Shard, sequence: number, count: number): void {
    this.memory = shard;
    this.shard = shard.number;
    this.count = count;
    this.offset = shard.offsetOf(sequence);
    this.slotBase = shard.plan.slotsAt >> 2;
    this.start = sequence;
    this.mask = shard.plan.slots - 1;
    this.dataBase = shard.plan.dataAt;
    this.granule = 0;
    this.granuleMask = shard.plan.dataBytes / 8 - 1;
  }

  /** Aims at a copy that `copyOut` made: slots at `slotsAt`, data of granule `granule` at `dataAt`. */
  inCopy(
    memory: RecordMemory,
    shard: number,
    offset: number,
    count: number,
    slotsAt: number,
    dataAt: number,
    granule: number,
  ): void {
    this.memory = memory;
    this.shard = shard;
    this.count = count;
    this.offset = offset;
    this.slotBase = slotsAt >> 2;
    this.start = 0;
    this.mask = -1;
    this.dataBase = dataAt;
    this.granule = granule;
    this.granuleMask = 0x0fff_ffff;
  }

  /** Aims at `count` slots of another run, from its slot `from` on. */
  within(other: SlotRun, from: number, count: number): void {
    this.memory = other.memory;
    this.shard = other.shard;
    this.count = count;
    this.offset = other.offset + from;
    this.slotBase = other.slotBase;
    this.start = other.start + from;
    this.mask = other.mask;
    this.dataBase = other.dataBase;
    this.granule = other.granule;
    this.granuleMask = other.granuleMask;
  }

  /**
   * Copies a run in scratch memory, its slots and its data as one piece, to `to` (8-aligned, with
   * `bytesToMove()` bytes of room) and aims at the copy.
   */
  moveTo(memory: RecordMemory, to: number): void {
    const from = this.slotBase << 2;
    this.memory.buffer.copy(memory.buffer, to, from, from + this.bytesToMove());
    this.memory = memory;
    this.slotBase += (to - from) >> 2;
    this.dataBase += to - from;
  }

  /** What `moveTo` copies: from the first slot to the end of the last record. */
  bytesToMove(): number {
    if (this.count === 0) return 0;
    const last = this.count - 1;
    return this.address(last) + this.storedBytes(last) - (this.slotBase << 2);
  }

  /** Steps to a slot. Returns what `kind` does. */
  step(index: number): Kind | typeof ABORTED {
    const { i32 } = this.memory;
    const word = this.slotBase + (((this.start + index) & this.mask) << 2);
    const meta = i32[word + META_WORD];
    const granule = (i32[word + GRANULE_WORD] - this.granule) & this.granuleMask;
    this.producerHere = producerOf(meta);
    this.addressHere = this.dataBase + (granule << 3);
    const kind = (meta >>> 12) & 0xf;
    return (i32[word] & 7) > LAST_COMMITTED || kind === GATE ? ABORTED : (kind as Kind);
  }

  /** 0 for data, a control kind, or `ABORTED`. */
  kind(index: number): Kind | typeof ABORTED {
    const word = this.slotBase + (((this.start + index) & this.mask) << 2);
    const i32 = this.memory.i32;
    if ((i32[word] & 7) > LAST_COMMITTED) return ABORTED;
    const kind = (i32[word + META_WORD] >>> 12) & 0xf;
    return kind === GATE ? ABORTED : (kind as Kind);
  }

  /** Id of the producer that appended the slot; for a producer's end, the producer that ended. */
  producer(index: number): number {
    const word = this.slotBase + (((this.start + index) & this.mask) << 2);
    return producerOf(this.memory.i32[word + META_WORD]);
  }

  /** Aims `view` at the record of the slot. */
  view(index: number, view: RecordView): RecordView {
    return view.wrap(this.memory, this.address(index), this.shard, this.offset + index);
  }

  /** Stored bytes of the slot's record; 0 for an aborted slot. */
  storedBytes(index: number): number {
    const word = this.slotBase + (((this.start + index) & this.mask) << 2);
    return this.memory.i32[word + LENGTH_WORD];
  }

  address(index: number): number {
    const word = this.slotBase + (((this.start + index) & this.mask) << 2);
    const granule = this.memory.i32[word + GRANULE_WORD];
    return this.dataBase + (((granule - this.granule) & this.granuleMask) << 3);
  }

  /** How many of the slots hold data. */
  countData(): number {
    let data = 0;
    for (let i = 0; i < this.count; i++) if (this.kind(i) === 0) data++;
    return data;
  }
}
