import { compareExchange, loadAcquire, storeRelease } from '../memory/atomics.ts';
import type { Kernel } from './kernel.ts';
import { CELL, CLAIM_SHARE, KERNEL, KIND, type Kind, metaOf } from './layout.ts';
import { encodeMarker } from './marker.ts';
import type { Shard } from './shard.ts';

const RESULT_WORD = KERNEL.RESULT >> 2;

/** The producer cell 0 of every shard belongs to the shard's owner. */
export const OWNER_CELL = 0;

/**
 * One producer's right to append to one shard: a cell with its intent and its cached limits. Used by
 * one thread only.
 */
export class Appender {
  readonly shard: Shard;
  readonly producer: number;
  /** The most records and bytes that one call may append. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  private readonly cell: number;
  private readonly dataMeta: number;
  private readonly kernelAppend: Kernel['append'];

  constructor(shard: Shard, producer: number) {
    this.shard = shard;
    this.producer = producer;
    this.cell = shard.cellAddress(producer);
    this.dataMeta = metaOf(producer, KIND.data);
    this.kernelAppend = shard.kernel.append;
    this.maxRecords = Math.min(Math.max(1, shard.plan.slots / CLAIM_SHARE), 0xffff);
    this.maxBytes = Math.max(shard.plan.maxRecordBytes, shard.plan.dataBytes / CLAIM_SHARE);
  }

  /**
   * Appends `count` encoded records at scratch address `at`, together `bytes` long, as one batch:
   * visible together, at consecutive offsets. Returns WAKE bits, `FULL` or `REFUSED` (ended or
   * poisoned). `lastSequence()` tells where the first of them went.
   */
  append(at: number, count: number, bytes: number): number {
    return this.kernelAppend(this.cell, at, count, bytes, this.dataMeta);
  }

  /** Appends one control record that carries `timestampMs`; `producer` is whom it is about. */
  appendControl(kind: Kind, timestampMs: number, producer = this.producer): number {
    const { at, bytes } = encodeMarker(timestampMs);
    return this.shard.kernel.append(this.cell, at, 1, bytes, metaOf(producer, kind));
  }

  /**
   * Ends this producer: its end marker, then the cell is free; or, without room, a note to the owner.
   * Returns WAKE bits.
   */
  end(timestampMs: number): number {
    const result = this.appendControl(KIND.producerEnd, timestampMs);
    if (result === KERNEL.FULL) {
      this.leaveToOwner();
      return 0;
    }
    this.free();
    return Math.max(0, result);
  }

  /** Sequence of the first record of the last successful append of this thread. */
  lastSequence(): number {
    return this.shard.scratch.i32[RESULT_WORD];
  }

  /** Gives the cell back; its end has been appended, or there is nothing to end. */
  free(): void {
    storeRelease(this.shard.i32, (this.cell + KERNEL.CELL_STATE) >> 2, KERNEL.CELL_FREE);
  }

  /** Leaves it to the owner to append the end of this producer once there is room. */
  private leaveToOwner(): void {
    storeRelease(this.shard.i32, (this.cell + KERNEL.CELL_STATE) >> 2, KERNEL.CELL_CLOSING);
  }
}

/** The state of a cell that a thread is about to make its own: its exit finds even that. */
export function takenBy(thread: number): number {
  return KERNEL.CELL_TAKEN | (thread << 3);
}

/** Takes a free cell of a shard for the thread `thread`; false when somebody else has it. */
export function takeCell(shard: Shard, producer: number, thread: number): boolean {
  const cell = shard.cellAddress(producer);
  const words = shard.i32;
  if (!compareExchange(words, (cell + KERNEL.CELL_STATE) >> 2, KERNEL.CELL_FREE, takenBy(thread))) {
    return false;
  }
  // Nobody looks at these words while the cell is neither free nor live.
  words[(cell + CELL.thread) >> 2] = thread;
  words[(cell + CELL.incarnation) >> 2]++;
  words[(cell + KERNEL.CELL_LIMIT_VERSION) >> 2] = -1;
  storeRelease(words, (cell + KERNEL.CELL_STATE) >> 2, KERNEL.CELL_LIVE);
  return true;
}

export function cellState(shard: Shard, producer: number): number {
  return loadAcquire(shard.i32, (shard.cellAddress(producer) + KERNEL.CELL_STATE) >> 2);
}
