import { fail } from '../errors.ts';
import { add, loadAcquire, loadWide, storeRelease } from '../memory/atomics.ts';
import { type Scratch, scratch } from '../memory/scratch.ts';
import type { RecordMemory } from '../record/record.ts';
import { instantiateKernel, type Kernel } from './kernel.ts';
import {
  CONSTANT,
  KERNEL,
  KIND,
  kindOf,
  LAYOUT_VERSION,
  LOG,
  MAGIC,
  planShard,
  type ShardGeometry,
  type ShardPlan,
  SLOT_BYTES,
} from './layout.ts';

export interface ShardOptions extends ShardGeometry {
  /** The shard's number in its topic. */
  shard: number;
  /** Whether groups do not hold producers back: the oldest records are overwritten. */
  overwrite: boolean;
  /** Whether its owner writes it to a log on disk; then its last group is the log's gate. */
  durable?: boolean;
  /** The offset of the first record; 0 but where a log goes on. */
  firstOffset?: number;
}

const WAITERS = {
  records: KERNEL.RECORD_WAITERS,
  room: KERNEL.ROOM_WAITERS,
  log: LOG.waiters,
} as const;
const TWO_TO_30 = 2 ** 30;
const ERA_WORD = KERNEL.ERA >> 2;

/**
 * One shard as one thread sees it: the shared memory, views of it, and a kernel over it. Every
 * thread attaches its own.
 *
 * Inside the shard a record has a 32-bit *sequence* that wraps; outside it has an *offset* that does
 * not. `offsetOf` extends the one to the other by the era.
 */
export class Shard implements RecordMemory {
  readonly memory: WebAssembly.Memory;
  readonly plan: ShardPlan;
  readonly kernel: Kernel;
  readonly number: number;
  readonly overwrite: boolean;
  readonly durable: boolean;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly buffer: Buffer;
  /** Scratch memory of this thread, into which the kernel leaves its results. */
  readonly scratch: Scratch;

  private constructor(memory: WebAssembly.Memory, plan: ShardPlan, kernel?: Kernel) {
    const whole = memory.buffer;
    this.memory = memory;
    this.plan = plan;
    this.u8 = new Uint8Array(whole);
    this.i32 = new Int32Array(whole);
    this.f64 = new Float64Array(whole);
    this.i64 = new BigInt64Array(whole, 0, whole.byteLength >> 3);
    this.buffer = Buffer.from(whole);
    this.number = this.i32[CONSTANT.shard >> 2];
    this.overwrite = this.i32[CONSTANT.overwrite >> 2] === 1;
    this.durable = this.i32[CONSTANT.durable >> 2] === 1;
    this.scratch = scratch();
    this.kernel = kernel ?? instantiateKernel(memory, plan, this.scratch);
  }

  /** Allocates the memory of a new shard. Throws `OUT_OF_MEMORY`, `INVALID_OPTION`. */
  static create(options: ShardOptions): Shard {
    const plan = planShard(options);
    const memory = allocate(plan.pages, options.shard);
    initialise(new Int32Array(memory.buffer), plan, options);
    return new Shard(memory, plan);
  }

  /**
   * Sees the shard of another thread. A test may bring its own kernel. Throws `LAYOUT_MISMATCH` when
   * the memory is not a shard of this build's layout.
   */
  static attach(memory: WebAssembly.Memory, kernel?: (plan: ShardPlan) => Kernel): Shard {
    const plan = readPlan(new Int32Array(memory.buffer), memory.buffer.byteLength);
    return new Shard(memory, plan, kernel?.(plan));
  }

  /** The end of what can be read, as a sequence. */
  published(): number {
    return loadAcquire(this.i32, KERNEL.PUBLISHED >> 2);
  }

  /** The end of what has been claimed, as a sequence: at rest equal to `published`. */
  claimed(): number {
    return loadAcquire(this.i32, KERNEL.TAIL >> 2);
  }

  /** Offset of a sequence that lies within 2^31 of the published end. */
  offsetOf(sequence: number): number {
    // The era may lag a little; a difference of sequences bridges that.
    const era = this.i32[ERA_WORD];
    // In the first era, the two are the same; then a small integer stays one.
    if (era === 0) return sequence;
    return era * TWO_TO_30 + ((sequence - Math.imul(era, TWO_TO_30)) | 0);
  }

  /** Sequence of an offset: its low 32 bits. */
  sequenceOf(offset: number): number {
    return offset | 0;
  }

  state(): number {
    return loadAcquire(this.i32, KERNEL.STATE >> 2);
  }

  /** Moves the state; whoever has cached a limit looks at the gate, and so at the state, again. */
  setState(state: number): void {
    storeRelease(this.i32, KERNEL.STATE >> 2, state);
    this.staleLimits();
  }

  /** Makes every producer compute its limits anew before its next claim. */
  staleLimits(): void {
    add(this.i32, KERNEL.GATE_VERSION >> 2, 1);
  }

  /** Whether the memory still is what this build laid out; else it is poisoned. Throws `SHARD_POISONED`. */
  checkAlive(): void {
    if (this.state() === KERNEL.STATE_POISONED) {
      fail(
        'SHARD_POISONED',
        `Shard ${this.number} was poisoned by a broken invariant; its topic must be made anew.`,
      );
    }
  }

  /** Everything below this sequence is in the log: written, or on disk (`durable`). */
  logged(level: 'written' | 'durable'): number {
    return loadAcquire(this.i32, LOG[level] >> 2);
  }

  /** The group that is the log's gate in a durable shard. */
  get gate(): number {
    return this.plan.groups - 1;
  }

  /** The oldest offset that the log of a durable shard has on disk. */
  logStart(): number {
    return loadWide(this.i64, LOG.start >> 3);
  }

  slotWord(sequence: number): number {
    return (this.plan.slotsAt + (sequence & (this.plan.slots - 1)) * SLOT_BYTES) >> 2;
  }

  /** Whether the slot holds a record of a user: not aborted, not a control record. */
  isData(sequence: number): boolean {
    const word = this.slotWord(sequence);
    const stamp = this.i32[word] & 7;
    return (
      stamp <= KERNEL.CONTINUATION && kindOf(this.i32[word + (KERNEL.SLOT_META >> 2)]) === KIND.data
    );
  }

  /** The oldest sequence whose slot and bytes have certainly not been overwritten yet. */
  physicalEarliest(): number {
    const published = this.published();
    const tail = this.claimed();
    const oldest = (tail - this.plan.slots + 1) | 0;
    const granules = this.plan.dataBytes / 8;
    const end = this.i32[(KERNEL.TAIL >> 2) + 1];
    // Granules grow with sequences: a binary search finds the first that is not overwritten.
    let low = oldest;
    let high = published;
    while (((high - low) | 0) > 0) {
      const middle = (low + (((high - low) | 0) >>> 1)) | 0;
      if (this.wasWritten(middle) && granuleDifference(end, this.granuleOf(middle)) <= granules)
        high = middle;
      else low = (middle + 1) | 0;
    }
    return low;
  }

  granuleOf(sequence: number): number {
    return this.i32[this.slotWord(sequence) + (KERNEL.SLOT_GRANULE >> 2)];
  }

  /** Bytes that were claimed from a sequence on, one that has not been overwritten. */
  claimedBytesSince(sequence: number): number {
    const end = this.i32[(KERNEL.TAIL >> 2) + 1];
    return granuleDifference(end, this.granuleOf(sequence)) * 8;
  }

  /** False before the first lap is full, for slots that nothing was ever written to. */
  private wasWritten(sequence: number): boolean {
    const stamp = this.i32[this.slotWord(sequence)];
    const lap = sequence >>> Math.log2(this.plan.slots);
    return (stamp & 7) !== 0 && stamp >>> 3 === (lap << 3) >>> 3;
  }

  groupAddress(group: number): number {
    return this.plan.groupsAt + group * this.plan.groupBytes;
  }

  leaseAddress(group: number, member: number): number {
    return this.groupAddress(group) + KERNEL.GROUP_LEASES + member * KERNEL.LEASE_BYTES;
  }

  cellAddress(producer: number): number {
    return this.plan.producersAt + producer * KERNEL.CELL_BYTES;
  }

  /** Says that somebody is about to wait, for records, for room or for the log; `-1` takes it back. */
  countWaiter(what: keyof typeof WAITERS, delta: 1 | -1): void {
    add(this.i32, WAITERS[what] >> 2, delta);
  }
}

/** a − b for granules, which wrap at 2^31. */
export function granuleDifference(a: number, b: number): number {
  return ((a - b) << 1) >> 1;
}

function allocate(pages: number, shard: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    return fail(
      'OUT_OF_MEMORY',
      `Shard ${shard} needs ${pages * 65_536} bytes of shared memory, which could not be had; ` +
        'fewer shards or a smaller shardBytes would need less.',
      cause,
    );
  }
}

function initialise(words: Int32Array, plan: ShardPlan, options: ShardOptions): void {
  const first = options.firstOffset ?? 0;
  const sequence = first | 0;
  words[CONSTANT.version >> 2] = LAYOUT_VERSION;
  words[CONSTANT.byteLength >> 2] = plan.byteLength;
  words[CONSTANT.slots >> 2] = plan.slots;
  words[CONSTANT.dataBytes >> 2] = plan.dataBytes;
  words[CONSTANT.maxRecordBytes >> 2] = plan.maxRecordBytes;
  words[CONSTANT.producers >> 2] = plan.producers;
  words[CONSTANT.groups >> 2] = plan.groups;
  words[CONSTANT.members >> 2] = plan.members;
  words[CONSTANT.overwrite >> 2] = options.overwrite ? 1 : 0;
  words[CONSTANT.shard >> 2] = options.shard;
  words[CONSTANT.durable >> 2] = options.durable ? 1 : 0;
  words[KERNEL.TAIL >> 2] = sequence;
  words[KERNEL.PUBLISHED >> 2] = sequence;
  words[KERNEL.EARLIEST >> 2] = sequence;
  words[LOG.written >> 2] = sequence;
  words[LOG.durable >> 2] = sequence;
  words[KERNEL.ERA >> 2] = Math.floor(first / TWO_TO_30);
  for (let cell = plan.producersAt; cell < plan.producersEnd; cell += KERNEL.CELL_BYTES) {
    words[(cell + KERNEL.CELL_INTENT) >> 2] = -1;
    words[((cell + KERNEL.CELL_INTENT) >> 2) + 1] = -1;
    words[(cell + KERNEL.CELL_LIMIT_VERSION) >> 2] = -1;
  }
  for (let group = plan.groupsAt; group < plan.groupsEnd; group += plan.groupBytes) {
    const end = group + plan.groupBytes;
    for (let lease = group + KERNEL.GROUP_LEASES; lease < end; lease += KERNEL.LEASE_BYTES) {
      words[lease >> 2] = -1;
      words[(lease >> 2) + 1] = -1;
    }
  }
  if (options.durable) {
    // The log's gate, before anybody can append.
    const gate = plan.groupsEnd - plan.groupBytes;
    words[(gate + KERNEL.GROUP_NEXT) >> 2] = sequence;
    words[(gate + KERNEL.GROUP_STATE) >> 2] = KERNEL.GROUP_GATING;
  }
  storeRelease(words, CONSTANT.magic >> 2, MAGIC);
}

function readPlan(words: Int32Array, byteLength: number): ShardPlan {
  const magic = loadAcquire(words, CONSTANT.magic >> 2);
  if (magic !== MAGIC) {
    fail(
      'LAYOUT_MISMATCH',
      `The shared memory begins with ${hex(magic)}, a shard with ${hex(MAGIC)}: it is not a shard.`,
    );
  }
  const version = words[CONSTANT.version >> 2];
  if (version !== LAYOUT_VERSION) {
    fail(
      'LAYOUT_MISMATCH',
      `The shard has the layout version ${version}, this build reads ${LAYOUT_VERSION}: ` +
        'all threads must load the same version of the package.',
    );
  }
  const plan = planShard({
    slots: words[CONSTANT.slots >> 2],
    dataBytes: words[CONSTANT.dataBytes >> 2],
    maxRecordBytes: words[CONSTANT.maxRecordBytes >> 2],
    producers: words[CONSTANT.producers >> 2],
    groups: words[CONSTANT.groups >> 2],
    members: words[CONSTANT.members >> 2],
  });
  const expected = words[CONSTANT.byteLength >> 2];
  if (plan.byteLength !== expected || byteLength < expected) {
    fail(
      'LAYOUT_MISMATCH',
      `The shard says that it is ${expected} bytes long, its parts make ${plan.byteLength}, ` +
        `and its memory has ${byteLength}.`,
    );
  }
  return plan;
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16).padStart(8, '0')}`;
}
