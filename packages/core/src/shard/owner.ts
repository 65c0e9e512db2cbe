import { fail } from '../errors.ts';
import { loadAcquire, loadWide, storeRelease } from '../memory/atomics.ts';
import { Appender, cellState, OWNER_CELL, takenBy } from './appender.ts';
import { CELL, CONSTANT, GROUP, KERNEL, KIND, MAGIC } from './layout.ts';
import type { Shard } from './shard.ts';

export interface OwnerOptions {
  /** Records older than this since they were appended leave the retained range; none by default. */
  retentionMs?: number | undefined;
}

interface Sample {
  atMs: number;
  /** Offset of the published end then. */
  end: number;
}

/** How often the published end is noted for retention by age. */
const SAMPLES_PER_RETENTION = 64;
/** How far behind the published end the floor of retention may be: sequences tell less than 2^31. */
const FAR = 2 ** 29;

/**
 * The duty cycle of a shard's owner: whatever needs one writer, or is periodic. It repairs the claims
 * of dead producers, ends producers that could not do so themselves, keeps the era, and moves the
 * floor of retention, by age and with the ring. One owner at a time; a successor takes up where it stopped.
 */
export class ShardOwner {
  readonly shard: Shard;
  /** Whether the last step left something that waits for room, or for the claim of somebody else. */
  pending = false;
  private readonly thread: number;
  private readonly appender: Appender;
  private readonly retentionMs: number | undefined;
  private readonly samples: Sample[] = [];
  private inOffice = false;

  constructor(shard: Shard, thread: number, options: OwnerOptions = {}) {
    this.shard = shard;
    this.thread = thread;
    this.retentionMs = options.retentionMs;
    this.appender = new Appender(shard, OWNER_CELL);
    const cell = shard.cellAddress(OWNER_CELL) >> 2;
    storeRelease(shard.i32, cell + (KERNEL.CELL_STATE >> 2), KERNEL.CELL_DEAD);
    while (shard.kernel.repair() !== 0);
    this.takeOffice();
  }

  /**
   * Whatever an earlier owner left open in its own cell is a dead claim as any other. Where it lies
   * behind the claim of somebody else it cannot be repaired yet; as long as it stands, the cell still
   * names it and is not used. Tells whether it is.
   */
  private takeOffice(): boolean {
    if (!this.settleIntent(OWNER_CELL)) return false;
    const { i32 } = this.shard;
    const cell = this.shard.cellAddress(OWNER_CELL) >> 2;
    i32[cell + (CELL.thread >> 2)] = this.thread;
    i32[cell + (KERNEL.CELL_LIMIT_VERSION >> 2)] = -1;
    storeRelease(i32, cell + (KERNEL.CELL_STATE >> 2), KERNEL.CELL_LIVE);
    this.inOffice = true;
    return true;
  }

  /** One round of duties. Returns WAKE bits for those who may go on because of it. */
  step(nowMs: number): number {
    const { kernel } = this.shard;
    this.checkInvariants();
    this.pending = false;
    let wake = kernel.help();
    kernel.advanceEra();
    while (kernel.repair() !== 0) wake |= KERNEL.WAKE_READERS | KERNEL.WAKE_PRODUCERS;
    wake |= this.appendMarkers(nowMs);
    this.sampleGroups(nowMs);
    this.moveEarliest(nowMs);
    return wake;
  }

  /** Appends what others could not: ends of producers, the end of the topic. */
  private appendMarkers(nowMs: number): number {
    if (!this.inOffice && !this.takeOffice()) {
      this.pending = true;
      return 0;
    }
    const wake = this.endProducers(nowMs);
    return this.shard.state() === KERNEL.STATE_ENDED ? wake | this.seal(nowMs) : wake;
  }

  /** To be called once a thread has exited, never on suspicion: its open claims may be repaired. */
  threadExited(thread: number): void {
    const { plan, i32 } = this.shard;
    for (let producer = 1; producer < plan.producers; producer++) {
      const cell = this.shard.cellAddress(producer) >> 2;
      const state = cellState(this.shard, producer);
      if (state === KERNEL.CELL_FREE) continue;
      // In a cell that is being taken, the word still names whoever had it before.
      const taking = (state & KERNEL.CELL_TAKEN) !== 0;
      if (taking ? state !== takenBy(thread) : i32[cell + (CELL.thread >> 2)] !== thread) continue;
      storeRelease(i32, cell + (KERNEL.CELL_STATE >> 2), KERNEL.CELL_DEAD);
    }
  }

  /** Appends the end of producers that are dead, or that found no room for it, and frees their cells. */
  private endProducers(nowMs: number): number {
    let wake = 0;
    for (let producer = 1; producer < this.shard.plan.producers; producer++) {
      const state = cellState(this.shard, producer);
      if (state !== KERNEL.CELL_DEAD && state !== KERNEL.CELL_CLOSING) continue;
      if (!this.settleIntent(producer)) {
        this.pending = true;
        continue;
      }
      const result = this.appender.appendControl(KIND.producerEnd, nowMs, producer);
      if (result === KERNEL.FULL) {
        this.pending = true;
        return wake;
      }
      if (result > 0) wake |= result;
      const cell = this.shard.cellAddress(producer) >> 2;
      storeRelease(this.shard.i32, cell + (KERNEL.CELL_STATE >> 2), KERNEL.CELL_FREE);
    }
    return wake;
  }

  /** Appends the end of the topic where whoever ended it found no room. */
  private seal(nowMs: number): number {
    // Whoever looked at the gate before the state changed claims before this mark, or not at all:
    // the mark moves the tail. Who ended the topic may not have come to say so yet.
    this.shard.staleLimits();
    const result = this.appender.appendControl(KIND.topicEnd, nowMs);
    if (result < 0) {
      this.pending = true;
      return 0;
    }
    this.shard.setState(KERNEL.STATE_SEALED);
    return result | KERNEL.WAKE_READERS;
  }

  /** Clears the intent of a dead producer once nothing is left to repair for it; tells whether. */
  private settleIntent(producer: number): boolean {
    const { i32 } = this.shard;
    const word = (this.shard.cellAddress(producer) + KERNEL.CELL_INTENT) >> 2;
    const sequence = loadAcquire(i32, word);
    const granule = loadAcquire(i32, word + 1);
    if (sequence === -1 && granule === -1) return true;
    // The claim, if it ever was one, lies behind what has been published.
    const open = ((sequence - this.shard.published()) | 0) >= 0;
    if (open && sequence !== this.shard.claimed()) return false;
    this.shard.kernel.clearIntent(this.shard.cellAddress(producer));
    return true;
  }

  /**
   * A shard whose words contradict one another is poisoned, so that everybody who uses it is told,
   * instead of reading what nobody wrote. Throws `SHARD_POISONED`.
   */
  private checkInvariants(): void {
    const { shard } = this;
    shard.checkAlive();
    // Both ends move on meanwhile: `published` must not have passed the tail when it was read before
    // it, and the tail must not have been a lap ahead when `published` is read once more behind it.
    const published = shard.published();
    const claimed = shard.claimed();
    const open = (claimed - shard.published()) | 0;
    const magic = shard.i32[CONSTANT.magic >> 2];
    const inOrder = ((claimed - published) | 0) >= 0 && open < shard.plan.slots;
    if (magic === MAGIC && inOrder) return;
    shard.setState(KERNEL.STATE_POISONED);
    fail(
      'SHARD_POISONED',
      `Shard ${shard.number} broke an invariant: published ${published >>> 0}, claimed ` +
        `${claimed >>> 0}, ${shard.plan.slots} slots, magic 0x${(magic >>> 0).toString(16)}.`,
    );
  }

  private sampleGroups(nowMs: number): void {
    const { plan, i32, i64, kernel, durable, overwrite } = this.shard;
    for (let address = plan.groupsAt; address < plan.groupsEnd; address += plan.groupBytes) {
      if (loadAcquire(i32, (address + KERNEL.GROUP_STATE) >> 2) === KERNEL.GROUP_FREE) continue;
      const committed = durable
        ? loadWide(i64, (address + GROUP.committed) >> 3) | 0
        : overwrite
          ? loadAcquire(i32, (address + GROUP.done) >> 2)
          : kernel.committed(address);
      const word = (address + GROUP.sampledCommit) >> 2;
      if (i32[word] === committed && i32[word + 1] !== 0) continue;
      i32[word] = committed;
      i32[(address + GROUP.movedAtSeconds) >> 2] = Math.floor(nowMs / 1000);
    }
  }

  /** To what has not expired, and never far behind the ring, where it says nothing anyway. */
  private moveEarliest(nowMs: number): void {
    const { shard } = this;
    const word = KERNEL.EARLIEST >> 2;
    const expired = this.expired(nowMs);
    const end = shard.published();
    if (expired !== undefined && shard.offsetOf(end) - expired < FAR) {
      storeRelease(shard.i32, word, shard.sequenceOf(expired));
    } else if (((end - shard.i32[word]) | 0) >= FAR) {
      storeRelease(shard.i32, word, shard.physicalEarliest());
    }
  }

  /** The offset below which records have been there for longer than they are retained, if that has moved. */
  private expired(nowMs: number): number | undefined {
    const { samples, shard, retentionMs } = this;
    if (retentionMs === undefined) return undefined;
    const last = samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= retentionMs / SAMPLES_PER_RETENTION) {
      samples.push({ atMs: nowMs, end: shard.offsetOf(shard.published()) });
    }
    let expired: Sample | undefined;
    while (samples.length > 0 && nowMs - samples[0].atMs >= retentionMs) expired = samples.shift();
    return expired?.end;
  }
}
