/**
 * The memory of a shard: one fixed-length shared WebAssembly memory (its buffer is a
 * SharedArrayBuffer). Every hot word stands on its own 128 bytes, so that no two threads fight over
 * a cache line that they do not both need.
 *
 * ```
 *       0  constants        written once, before anybody else can see the memory
 *     256  tail             {sequence, granule}      producers, by compare-and-swap
 *     384  published        contiguous end           whoever helps, by compare-and-swap
 *     512  record, room and written waiters          whoever is about to wait: add, subtract
 *     640  gate version     stales cached limits     whoever raises a gate, ends or crosses an era
 *     768  state            open, ended, sealed, …   who ends the topic; the owner
 *     896  era              published / 2^30         whoever sees it lag, by compare-and-swap
 *    1024  earliest         floor of retention       the owner
 *    1152  aborted          slots aborted by repair  the owner
 *    1280  written          end of what the log has  the owner of a durable shard
 *    1408  durable          end of what is on disk   the owner of a durable shard
 *    1536  log start        oldest offset on disk    the owner of a durable shard
 *    1544  log error        why it has stopped       the owner of a durable shard
 *    2048  producer cells   P × 128                  one producer each, and the owner once it is dead
 *       …  groups           G × (128 + M × 128)      next: any worker; a lease: its worker
 *       …  slots            S × 16
 *       …  data             C bytes, then a spill zone of one maximum record
 * ```
 *
 * A slot is `{stamp, granule, length, meta}`; a producer cell `{intent, state, limits}`. The limits
 * are private to the cell's producer: a cache of the gate, valid while the gate version stands.
 *
 * *Intent.* The tail word that a producer is about to replace, in its own cell. It is a plain store:
 * the compare-and-swap on the tail that follows publishes it, and nobody acts on the intent of a
 * claim whose tail he has not seen. It is cleared by a plain store too, behind the atomic loads of
 * the help that follows the stamp, hence never before the stamp.
 *
 * *Durable shards* have one group more than their topic: the last one is the log's own gate, so that
 * no slot is used again before its bytes are on disk. The other groups do not gate; what they have
 * not read when the ring moves on they read from disk.
 *
 * *Spill zone.* A record may begin in the last granule of the data area and run on past it: there is
 * no padding record and no wrap inside a record. The granules it covers there are skipped at the
 * beginning of the next lap.
 */
import { fail } from '../errors.ts';
import { CELLS } from '../memory/scratch.ts';

export const MAGIC = 0x4c535331; // "LSS1"
export const LAYOUT_VERSION = 3;

/** Offsets of the constants, in bytes. */
export const CONSTANT = {
  magic: 0,
  version: 4,
  byteLength: 8,
  slots: 12,
  dataBytes: 16,
  maxRecordBytes: 20,
  producers: 24,
  groups: 28,
  members: 32,
  overwrite: 36,
  shard: 40,
  durable: 44,
} as const;

/** Offsets and values that the kernel knows by these names. */
export const KERNEL = {
  TAIL: 256,
  PUBLISHED: 384,
  RECORD_WAITERS: 512,
  ROOM_WAITERS: 516,
  GATE_VERSION: 640,
  STATE: 768,
  STATE_OPEN: 0,
  STATE_ENDED: 1,
  STATE_POISONED: 2,
  /** Ended, and the end marker is in the log. */
  STATE_SEALED: 3,
  /** The log of a durable shard has failed: nothing more is taken. */
  STATE_STOPPED: 4,
  ERA: 896,
  EARLIEST: 1024,
  ABORTED: 1152,

  CELL_BYTES: 128,
  CELL_INTENT: 0,
  CELL_STATE: 8,
  CELL_LIMIT_SEQUENCE: 16,
  CELL_LIMIT_GRANULE: 20,
  CELL_LIMIT_VERSION: 24,
  CELL_FREE: 0,
  CELL_LIVE: 1,
  CELL_CLOSING: 2,
  CELL_DEAD: 3,
  /** A bit of its own: the thread that takes the cell stands above it. */
  CELL_TAKEN: 4,

  GROUP_STATE: 0,
  GROUP_NEXT: 4,
  GROUP_LEASES: 128,
  GROUP_FREE: 0,
  GROUP_GATING: 1,
  GROUP_LOSSY: 2,
  LEASE_BYTES: 128,

  SLOT_GRANULE: 4,
  SLOT_LENGTH: 8,
  SLOT_META: 12,
  /** The last slot's words, from the end of a run of slots. */
  LAST_SLOT_GRANULE: -12,
  LAST_SLOT_LENGTH: -8,
  /** The bits of `meta` that name a control record; none are set for data. */
  META_CONTROL: 0xf000,

  FIRST: 1,
  CONTINUATION: 2,
  FIRST_ABORTED: 3,
  CONTINUATION_ABORTED: 4,

  REFUSED: -2,
  FULL: -1,
  WAKE_READERS: 1,
  WAKE_PRODUCERS: 2,

  /** Scratch address where the kernel leaves a sequence. */
  RESULT: CELLS.sequence,
} as const;

/** Words of a producer cell that the kernel does not know. */
export const CELL = {
  /** Which thread holds the cell, so that its exit finds it. */
  thread: 12,
  /** Grows each time the cell is taken: tells a producer from its successor in the same cell. */
  incarnation: 28,
} as const;

/** Words of a group that the kernel does not know: what the owner sampled last. */
export const GROUP = {
  sampledCommit: 8,
  /** Seconds since 1970 at which the committed sequence last moved. */
  movedAtSeconds: 12,
  /** Durable shards, as 64-bit offsets: what is read next, and what is committed. */
  position: 16,
  committed: 24,
  /** Where records may be overwritten, as a sequence: what is committed. Elsewhere leases tell. */
  done: 32,
} as const;

/** Words of a durable shard's log, which the kernel does not know. */
export const LOG = {
  /** How many wait for `written` or `durable` to move; beside the other counts of waiters. */
  waiters: 520,
  /** Sequences: everything below has been handed to the operating system; is on disk. */
  written: 1280,
  durable: 1408,
  /** A 64-bit offset: the oldest that the disk has. */
  start: 1536,
  /** 0, or which of `LOG_ERRORS` has stopped the log. */
  error: 1544,
} as const;

/** Why a log stops, by what the operating system said; the last stands for every other. */
export const LOG_ERRORS = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'other'] as const;

export const SLOT_BYTES = 16;
const CELLS_AT = 2048;
const PAGE_BYTES = 65_536;

/** Kinds of a slot; data is 0 so that testing for it is free. */
export const KIND = {
  data: 0,
  producerEnd: 1,
  watermark: 2,
  topicEnd: 3,
  producerStart: 4,
  /** Moved the tail on when a gate was raised; tells readers nothing. */
  gate: 5,
  /** What the producer appends from here on belongs to an epoch, whose token is in the timestamp. */
  epoch: 6,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/**
 * The largest part of a ring that one claim may take: a quarter. What a gate that was raised just
 * now finds within one such claim of the tail's reach may be overwritten once more.
 */
export const CLAIM_SHARE = 4;

export function metaOf(producer: number, kind: Kind): number {
  return (kind << 12) | producer;
}

export function kindOf(meta: number): Kind {
  return ((meta >>> 12) & 0xf) as Kind;
}

export function producerOf(meta: number): number {
  return meta & 0xfff;
}

/** What a shard is made of; all sizes in bytes or counts. */
export interface ShardGeometry {
  /** Slots, a power of two from 2 on: how many records the shard can hold. */
  slots: number;
  /** Data area, a power of two from 64 on. */
  dataBytes: number;
  /** Largest stored record, a multiple of 8, at most `dataBytes`. */
  maxRecordBytes: number;
  /** Producer cells, 2 to 4096; cell 0 is the owner's. */
  producers: number;
  /** Group cells. */
  groups: number;
  /** Leases in each group. */
  members: number;
}

/** Where the parts begin, in bytes, and what the kernel imports. */
export interface ShardPlan extends ShardGeometry {
  producersAt: number;
  producersEnd: number;
  groupsAt: number;
  groupsEnd: number;
  groupBytes: number;
  slotsAt: number;
  dataAt: number;
  byteLength: number;
  pages: number;
}

export function planShard(geometry: ShardGeometry): ShardPlan {
  checkGeometry(geometry);
  const producersAt = CELLS_AT;
  const producersEnd = producersAt + geometry.producers * KERNEL.CELL_BYTES;
  const groupBytes = KERNEL.GROUP_LEASES + geometry.members * KERNEL.LEASE_BYTES;
  const groupsAt = producersEnd;
  const groupsEnd = groupsAt + geometry.groups * groupBytes;
  const slotsAt = groupsEnd;
  const dataAt = slotsAt + Math.max(geometry.slots * SLOT_BYTES, 128);
  const byteLength = dataAt + geometry.dataBytes + geometry.maxRecordBytes;
  const pages = Math.ceil(byteLength / PAGE_BYTES);
  return {
    ...geometry,
    producersAt,
    producersEnd,
    groupBytes,
    groupsAt,
    groupsEnd,
    slotsAt,
    dataAt,
    byteLength,
    pages,
  };
}

function checkGeometry(geometry: ShardGeometry): void {
  const { slots, dataBytes, maxRecordBytes, producers } = geometry;
  powerOfTwo('slots', slots, 2, 2 ** 24);
  powerOfTwo('dataBytes', dataBytes, 64, 2 ** 30);
  if (maxRecordBytes % 8 !== 0 || maxRecordBytes < 32 || maxRecordBytes > dataBytes) {
    fail(
      'INVALID_OPTION',
      `maxRecordBytes is ${maxRecordBytes}: it must be a multiple of 8 from 32 to dataBytes (${dataBytes})`,
    );
  }
  if (producers < 2 || producers > 4096) {
    fail('INVALID_OPTION', `producers is ${producers}: a shard takes 2 to 4096`);
  }
}

function powerOfTwo(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(Math.log2(value)) || value < low || value > high) {
    fail('INVALID_OPTION', `${name} is ${value}: it must be a power of two from ${low} to ${high}`);
  }
}
