import { KERNEL, type ShardPlan } from '@lite-streams/core/internal';
import type { Machine, Observer } from './machine.ts';
import type { ExploredMemory } from './memory.ts';
import { GHOST } from './memory.ts';
import { Violation } from './program.ts';
import { STATUS } from './thread.ts';

/** The invariants of a shard, by name. */
export const INVARIANT = {
  disjoint: '1. claims are disjoint in sequence and bytes while uncommitted',
  published:
    '2. published only grows, never passes the tail, and all below is committed or aborted',
  atRest: '3. at rest published equals the tail, and intents and leases are clear',
  gate: '4. claims never pass the gate',
  identical: '5. a delivered batch is byte-identical to what was written',
  order: '6. order is kept per producer',
  lossless: '7. lossless: each record once per group',
  lossy: '8. lossy: delivered + lost + aborted + control = published',
  wakeUp: '9. no wake-up is ever lost',
  alive: '10. killing a thread at any step leaves the shard alive',
  wrap: '11. all of it across the wraps of 2^30, 2^31 and 2^32',
} as const;

/** What a producer is about to append. */
export interface IntendedBatch {
  /** What the records carry; 0 for a control record. */
  readonly ids: readonly number[];
  /** Stored bytes of each; of a single one it can be left out. */
  readonly sizes: readonly number[];
}

/** What stands in a slot before the start. */
export interface StandingSlot {
  readonly aborted: boolean;
  readonly granule: number;
  readonly bytes: number;
  readonly id: number;
}

export const MOST_SEQUENCES = 256;
const MOST_THREADS = 8;
const PART = MOST_SEQUENCES * 4;
/** State of the claim that a sequence is in | first of it << 2 | its thread << 4. */
const CLAIM = GHOST;
const GRANULE = GHOST + PART;
const ID = GHOST + 2 * PART;
const SIZE = GHOST + 3 * PART;
/** For each thread, the claim that it may write to: first sequence + 1, end. */
const MINE = GHOST + 4 * PART;
/** For each thread, what it reads now: first sequence, how many. */
const HELD = GHOST + 9 * PART;
/** For each thread, the cell that it has. */
const CELL_OF = GHOST + 11 * PART;
/** For each group, the sequence from which on it holds everything, and whether it does yet. */
const OPENED = GHOST + 10 * PART;
/** For each group, how often a sequence was delivered. */
const DELIVERED = GHOST + 5 * PART;

const OPEN = 1;
const STAMPED = 2;
const ABORTED = 3;
const FIRST_OF_CLAIM = 4;

/**
 * Knows what the shard's words cannot say (who claimed what, what was written where) and checks the
 * invariants at every write to shared memory. What it knows lies in explored memory too, so that it
 * is saved, restored and told apart together with the state that it belongs to.
 */
export class Monitor implements Observer {
  /** How often a group may get a record: more than once where a worker dies. */
  mostDeliveries = 1;
  private readonly machine: Machine;
  private readonly memory: ExploredMemory;
  private readonly plan: ShardPlan;
  /** The sequence that stands at index 0 of what is noted by sequence. */
  private start: number;
  private readonly batches: (IntendedBatch | undefined)[] = [];

  constructor(machine: Machine, plan: ShardPlan, start: number) {
    this.machine = machine;
    this.memory = machine.memory;
    this.plan = plan;
    this.start = start;
  }

  /** To be said before each append. */
  intends(thread: number, batch: IntendedBatch): void {
    this.batches[thread] = batch;
  }

  /** Notes a record that was appended before the start. */
  stands(sequence: number, slot: StandingSlot): void {
    const { memory } = this;
    const at = this.at(sequence);
    memory.store(CLAIM + at, FIRST_OF_CLAIM | (slot.aborted ? ABORTED : STAMPED));
    memory.store(GRANULE + at, slot.granule);
    memory.store(ID + at, slot.id);
    memory.store(SIZE + at, slot.bytes);
  }

  /** All sequences have been moved on by so much at once. */
  leapt(by: number): void {
    this.start = (this.start + by) | 0;
  }

  idOf(sequence: number): number {
    return this.memory.load(ID + this.at(sequence));
  }

  wasAborted(sequence: number): boolean {
    return (this.memory.load(CLAIM + this.at(sequence)) & 3) === ABORTED;
  }

  wrote(thread: number, address: number, low: number, high: number | undefined): void {
    const { plan } = this;
    if (address >= plan.dataAt) {
      if (address < plan.byteLength) this.wroteData(thread, address, high === undefined ? 4 : 8);
    } else if (address >= plan.slotsAt) this.wroteSlot(thread, address, low);
    else if (address === KERNEL.TAIL) this.claimed(thread, low, high as number);
    else if (address === KERNEL.PUBLISHED) this.published(low);
  }

  /** The gate, seen at one moment. */
  private floor(leases: boolean): number {
    const { memory, plan } = this;
    let floor = memory.load(KERNEL.PUBLISHED);
    for (let group = plan.groupsAt; group < plan.groupsEnd; group += plan.groupBytes) {
      if (memory.load(group + KERNEL.GROUP_STATE) !== KERNEL.GROUP_GATING) continue;
      if (!leases && this.openedAt((group - plan.groupsAt) / plan.groupBytes) === undefined)
        continue;
      const next = memory.load(group + KERNEL.GROUP_NEXT);
      if (((next - floor) | 0) < 0) floor = next;
      const end = leases ? group + plan.groupBytes : 0;
      for (let lease = group + KERNEL.GROUP_LEASES; lease < end; lease += KERNEL.LEASE_BYTES) {
        const from = memory.load(lease);
        if (memory.load(lease + 4) === -1) continue;
        if (((from - floor) | 0) < 0) floor = from;
      }
    }
    return floor;
  }

  /** Whether `count` records of `bytes` together would find room now. */
  hasRoom(count: number, bytes: number): boolean {
    const floor = this.floor(true);
    const { memory, plan } = this;
    const tail = memory.load(KERNEL.TAIL);
    if (((tail + count - floor) | 0) > plan.slots - 1) return false;
    const granule = memory.load(this.slot(floor) + KERNEL.SLOT_GRANULE);
    const end = memory.load(KERNEL.TAIL + 4) + bytes / 8;
    return ((end - granule) << 1) >> 1 <= plan.dataBytes / 8;
  }

  private claimed(thread: number, next: number, nextGranule: number): void {
    const { memory } = this;
    const batch = this.batches[thread];
    const tail = memory.load(KERNEL.TAIL);
    let granule = memory.load(KERNEL.TAIL + 4);
    const count = (next - tail) | 0;
    if (batch === undefined || count !== batch.ids.length) {
      throw new Violation(INVARIANT.disjoint, `thread ${thread} claimed ${count} slots`);
    }
    this.checkSlots(next);
    for (let i = 0; i < count; i++) {
      const at = this.at((tail + i) | 0);
      // Of a marker only the claim tells the size.
      const size = batch.sizes[i] ?? ((nextGranule - granule) & 0x7fff_ffff) * 8;
      this.checkBytes(granule, size, tail);
      memory.store(CLAIM + at, OPEN | (i === 0 ? FIRST_OF_CLAIM : 0) | (thread << 4));
      memory.store(GRANULE + at, granule);
      memory.store(ID + at, batch.ids[i]);
      memory.store(SIZE + at, size);
      granule = (granule + size / 8) & 0x7fff_ffff;
    }
    if (granule !== nextGranule) {
      throw new Violation(INVARIANT.disjoint, `the tail moved to granule ${nextGranule}`);
    }
    memory.store(MINE + 8 * thread, this.at(tail) / 4 + 1);
    memory.store(MINE + 8 * thread + 4, this.at(next) / 4);
  }

  /** A thread has taken a cell, or none (0) any more. */
  hasCell(thread: number, cell: number): void {
    const { memory, machine } = this;
    memory.store(CELL_OF + 4 * thread, cell);
    if (cell === 0) return;
    for (const [other, { status }] of machine.threads.entries()) {
      if (other === thread || status === STATUS.dead) continue;
      if (memory.load(CELL_OF + 4 * other) !== cell) continue;
      throw new Violation(INVARIANT.disjoint, `threads ${other} and ${thread} share cell ${cell}`);
    }
  }

  /** A group holds everything from a sequence on. */
  opened(group: number, from: number): void {
    this.memory.store(OPENED + 8 * group, from);
    this.memory.store(OPENED + 8 * group + 4, 1);
    this.checkIntact(from);
  }

  /** A group gives up what it holds. */
  closed(group: number): void {
    this.memory.store(OPENED + 8 * group + 4, 0);
  }

  openedAt(group: number): number | undefined {
    const from = this.memory.load(OPENED + 8 * group);
    return this.memory.load(OPENED + 8 * group + 4) === 0 ? undefined : from;
  }

  /** A worker has got sequences to read, and must be able to until it commits. */
  holds(thread: number, from: number, count: number): void {
    const { memory } = this;
    memory.store(HELD + 8 * thread, from);
    memory.store(HELD + 8 * thread + 4, count);
    if (count > 0) this.checkIntact(from);
  }

  private checkIntact(from: number): void {
    const { memory, plan } = this;
    const behind = (memory.load(KERNEL.TAIL) - from) | 0;
    if (behind === 0) return;
    const granule = memory.load(GRANULE + this.at(from));
    const bytesBehind = (((memory.load(KERNEL.TAIL + 4) - granule) << 1) >> 1) * 8;
    if (behind < plan.slots && bytesBehind <= plan.dataBytes) return;
    throw new Violation(INVARIANT.gate, `sequence ${from} was to stay and may be overwritten`);
  }

  /**
   * The oldest sequence that must stay: what is not published, what a gating group has not taken, or
   * what somebody still reads. (The gate may hold more: a lease stands before `next` has moved.)
   */
  private oldestNeeded(): number {
    let oldest = this.floor(false);
    for (let thread = 0; thread < MOST_THREADS; thread++) {
      if (this.memory.load(HELD + 8 * thread + 4) === 0) continue;
      const from = this.memory.load(HELD + 8 * thread);
      if (((from - oldest) | 0) < 0) oldest = from;
    }
    return oldest;
  }

  private checkSlots(next: number): void {
    const most = this.plan.slots - 1;
    const published = this.memory.load(KERNEL.PUBLISHED);
    if (((next - published) | 0) > most) {
      throw new Violation(INVARIANT.disjoint, `a claim to ${next}, published is ${published}`);
    }
    const oldest = this.oldestNeeded();
    if (((next - oldest) | 0) > most) {
      throw new Violation(INVARIANT.gate, `a claim to ${next}, ${oldest} is still needed`);
    }
  }

  /** Whether new bytes lie clear of every record that must stay; by place, spill zone and all. */
  private checkBytes(granule: number, size: number, tail: number): void {
    const { memory } = this;
    const from = this.dataAt(granule);
    const published = memory.load(KERNEL.PUBLISHED);
    for (let s = this.oldestNeeded(); ((tail - s) | 0) > 0; s = (s + 1) | 0) {
      const at = this.at(s);
      const other = this.dataAt(memory.load(GRANULE + at));
      if (from >= other + memory.load(SIZE + at) || other >= from + size) continue;
      const name = ((published - s) | 0) > 0 ? INVARIANT.gate : INVARIANT.disjoint;
      throw new Violation(name, `new bytes at ${from} overlap those of sequence ${s}`);
    }
  }

  private wroteData(thread: number, address: number, bytes: number): void {
    const { memory } = this;
    const end = memory.load(MINE + 8 * thread + 4);
    for (let index = memory.load(MINE + 8 * thread) - 1; index >= 0 && index < end; index++) {
      const from = this.dataAt(memory.load(GRANULE + 4 * index));
      if (address >= from && address + bytes <= from + memory.load(SIZE + 4 * index)) return;
    }
    throw new Violation(INVARIANT.disjoint, `thread ${thread} wrote at ${address} without a claim`);
  }

  private wroteSlot(thread: number, address: number, value: number): void {
    const { memory, plan } = this;
    const field = (address - plan.slotsAt) & 15;
    const slot = address - field;
    const first = memory.load(MINE + 8 * thread) - 1;
    const end = memory.load(MINE + 8 * thread + 4);
    for (let index = first; index >= 0 && index <= end; index++) {
      const sequence = (this.start + index) | 0;
      if (this.slot(sequence) !== slot) continue;
      if (index < end) {
        if (field === 0 && (value & 7) === KERNEL.FIRST) this.stamped(thread, index, first, end);
        return;
      }
      // The slot behind a claim is told its granule, by both of its neighbours.
      if (field === KERNEL.SLOT_GRANULE && value === this.granuleAfter(end - 1)) return;
    }
    if (this.machine.programs[thread].mayRepair && this.repairs(slot, field, value)) return;
    throw new Violation(
      INVARIANT.disjoint,
      `thread ${thread} wrote word ${field / 4} of slot ${(slot - plan.slotsAt) / 16} without a claim`,
    );
  }

  /** The granule behind the record at an index. */
  private granuleAfter(index: number): number {
    const granule = this.memory.load(GRANULE + 4 * index);
    return (granule + this.memory.load(SIZE + 4 * index) / 8) & 0x7fff_ffff;
  }

  private stamped(thread: number, index: number, first: number, end: number): void {
    const { memory } = this;
    if (index !== first) {
      throw new Violation(INVARIANT.disjoint, `thread ${thread} stamped inside its claim`);
    }
    for (let i = first; i < end; i++) {
      memory.store(CLAIM + 4 * i, (memory.load(CLAIM + 4 * i) & ~3) | STAMPED);
    }
    memory.store(MINE + 8 * thread, 0);
    memory.store(MINE + 8 * thread + 4, 0);
  }

  /** Whether a write into a slot is the repair of a claim that a dead thread left open. */
  private repairs(slot: number, field: number, value: number): boolean {
    const { memory } = this;
    const tail = memory.load(KERNEL.TAIL);
    let inside = false;
    for (let s = memory.load(KERNEL.PUBLISHED); ((tail - s) | 0) >= 0; s = (s + 1) | 0) {
      const claim = memory.load(CLAIM + this.at(s));
      const dead =
        s !== tail &&
        (claim & 3) === OPEN &&
        this.machine.threads[claim >> 4].status === STATUS.dead;
      if (this.slot(s) === slot && (dead || (inside && field === KERNEL.SLOT_GRANULE))) {
        if (field === 0 && (value & 7) === KERNEL.FIRST_ABORTED) this.aborted(s);
        return true;
      }
      inside = dead;
    }
    return false;
  }

  private aborted(sequence: number): void {
    const { memory } = this;
    const span = memory.load(this.slot(sequence) + KERNEL.SLOT_META) >>> 16;
    const claim = memory.load(CLAIM + this.at(sequence));
    for (let i = 0; i < span; i++) {
      const at = this.at((sequence + i) | 0);
      const one = memory.load(CLAIM + at);
      if (one >> 4 !== claim >> 4 || (one & 7) !== (i === 0 ? OPEN | FIRST_OF_CLAIM : OPEN)) {
        throw new Violation(
          INVARIANT.published,
          `repair aborted ${span} from ${sequence}, past the dead claim`,
        );
      }
      memory.store(CLAIM + at, (one & ~3) | ABORTED);
    }
  }

  private published(next: number): void {
    const { memory } = this;
    const before = memory.load(KERNEL.PUBLISHED);
    const tail = memory.load(KERNEL.TAIL);
    if (((next - before) | 0) <= 0 || ((tail - next) | 0) < 0) {
      throw new Violation(
        INVARIANT.published,
        `published moved from ${before} to ${next}, the tail is ${tail}`,
      );
    }
    for (let s = before; s !== next; s = (s + 1) | 0) {
      if ((memory.load(CLAIM + this.at(s)) & 3) > OPEN) continue;
      throw new Violation(INVARIANT.published, `sequence ${s} was published uncommitted`);
    }
    const boundary = memory.load(CLAIM + this.at(next)) & FIRST_OF_CLAIM;
    if (next !== tail && boundary === 0) {
      throw new Violation(INVARIANT.published, `published stands inside a batch, at ${next}`);
    }
  }

  /** A group's worker has got a record: `words` as they were read, or `undefined` for no data. */
  delivered(group: number, sequence: number, words: readonly number[] | undefined): void {
    const { memory } = this;
    const at = this.at(sequence);
    const claim = memory.load(CLAIM + at);
    const id = memory.load(ID + at);
    if ((claim & 3) < STAMPED) {
      throw new Violation(INVARIANT.identical, `sequence ${sequence} was read uncommitted`);
    }
    const expected = (claim & 3) === ABORTED || id === 0 ? undefined : id;
    if (words === undefined ? expected !== undefined : words.some(word => word !== expected)) {
      throw new Violation(
        INVARIANT.identical,
        `sequence ${sequence} was read as ${words ?? 'nothing'}, written as ${expected ?? 'nothing'}`,
      );
    }
    const times = memory.load(DELIVERED + group * PART + at) + 1;
    memory.store(DELIVERED + group * PART + at, times);
    if (times > this.mostDeliveries) {
      throw new Violation(INVARIANT.lossless, `sequence ${sequence} was delivered again`);
    }
  }

  timesDelivered(group: number, sequence: number): number {
    return this.memory.load(DELIVERED + group * PART + this.at(sequence));
  }

  private at(sequence: number): number {
    const index = (sequence - this.start) | 0;
    if (index < 0 || index >= MOST_SEQUENCES) {
      throw new Violation(INVARIANT.published, `sequence ${sequence} was never claimed`);
    }
    return 4 * index;
  }

  private slot(sequence: number): number {
    return this.plan.slotsAt + (sequence & (this.plan.slots - 1)) * 16;
  }

  private dataAt(granule: number): number {
    return this.plan.dataAt + (granule & (this.plan.dataBytes / 8 - 1)) * 8;
  }
}
