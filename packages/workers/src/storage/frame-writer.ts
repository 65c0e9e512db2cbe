import { crc32, constants as zlib, zstdCompressSync } from 'node:zlib';
import { type RecordMemory, RecordView } from '@lite-streams/core/internal';
import {
  ENTRY_BYTES,
  FLAG_COMPRESSED,
  FLAG_SEAL,
  FRAME,
  FRAME_MAGIC,
  MOST_SKIPPED,
  MOST_SPAN,
  NO_GREATEST,
  NO_LEAST,
  SEAL_BYTES,
  storeWhole,
} from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';

/** Consecutive slots to append: what `SlotRun` offers of the ring, or of a copy. */
export interface AppendableRun {
  readonly memory: RecordMemory;
  /** Offset of the first slot. */
  readonly offset: number;
  readonly count: number;
  /** 0 for data, a control kind, or below 0 for a slot that tells readers nothing. */
  kind(index: number): number;
  producer(index: number): number;
  storedBytes(index: number): number;
  address(index: number): number;
}

/** What the writer of a frame says of it, beside what its records say. */
export interface FrameStamp {
  readonly salt: number;
  readonly durableOffset: number;
  readonly epoch: number;
  readonly appendedAtMs: number;
}

/** Payload after which a frame is full; a single larger record makes a larger frame. */
const FULL_BYTES = 256 * 1024;
const MOST_RECORDS = 8192;
/** Shorter bodies gain nothing from compression. */
const COMPRESS_FROM_BYTES = 256;
const FAST = { params: { [zlib.ZSTD_c_compressionLevel]: 1 } };

/**
 * Builds one frame at a time in memory of its own: the records are copied from the ring, in as few
 * pieces as they lie in, so that the frame goes to the file in one write.
 */
export class FrameWriter {
  firstOffset = 0;
  /** Offsets that the frame covers. */
  span = 0;
  /** Records in the frame. */
  count = 0;
  /** How many of them are data. */
  dataCount = 0;
  leastTimestamp = NO_LEAST;
  greatestTimestamp = NO_GREATEST;
  /** Bytes of the records themselves. */
  payloadBytes = 0;

  private readonly compress: boolean;
  private readonly memory = new FrameMemory(FRAME.body + FULL_BYTES + MOST_RECORDS * ENTRY_BYTES);
  private readonly entries = new Int32Array(MOST_RECORDS * 2);
  private readonly view = new RecordView();

  constructor(compress: boolean) {
    this.compress = compress;
  }

  /** Begins a frame that covers offsets from `firstOffset` on. */
  begin(firstOffset: number): void {
    this.firstOffset = firstOffset;
    this.span = 0;
    this.count = 0;
    this.dataCount = 0;
    this.payloadBytes = 0;
    this.leastTimestamp = NO_LEAST;
    this.greatestTimestamp = NO_GREATEST;
  }

  /** Begins a frame with the slots of `run` from `from` on and takes as many as fit: returns where it stopped. */
  fill(run: AppendableRun, from: number): number {
    this.begin(run.offset + from);
    const { memory } = run;
    let skip = 0;
    let pieceStart = 0;
    let pieceEnd = 0;
    let index = from;
    for (; index < run.count; index++) {
      const kind = run.kind(index);
      if (kind < 0) {
        if (skip === MOST_SKIPPED) break;
        skip++;
        continue;
      }
      const bytes = run.storedBytes(index);
      if (!this.fits(pieceEnd - pieceStart + bytes)) break;
      const at = run.address(index);
      if (at !== pieceEnd) {
        this.copy(memory, pieceStart, pieceEnd);
        pieceStart = at;
      }
      pieceEnd = at + bytes;
      this.note(memory, at, bytes, kind, run.producer(index), skip);
      skip = 0;
    }
    this.copy(memory, pieceStart, pieceEnd);
    this.span = index - from;
    return index;
  }

  /** Adds one record behind the offsets that the frame covers. False when it does not fit any more. */
  add(
    memory: RecordMemory,
    at: number,
    bytes: number,
    kind: number,
    producer: number,
    offset: number,
  ): boolean {
    const skip = offset - this.firstOffset - this.span;
    if (skip > MOST_SKIPPED || !this.fits(bytes)) return false;
    this.note(memory, at, bytes, kind, producer, skip);
    this.copy(memory, at, at + bytes);
    this.span += skip + 1;
    return true;
  }

  private fits(bytes: number): boolean {
    if (this.count === 0) return true;
    return this.count < MOST_RECORDS && this.payloadBytes + bytes <= FULL_BYTES;
  }

  private note(
    memory: RecordMemory,
    at: number,
    bytes: number,
    kind: number,
    producer: number,
    skip: number,
  ): void {
    const entry = this.count++ << 1;
    this.entries[entry] = bytes;
    this.entries[entry + 1] = (skip << 16) | (kind << 12) | producer;
    if (kind !== 0) return;
    this.dataCount++;
    const { timestamp } = this.view.wrap(memory, at, 0, 0);
    if (timestamp < this.leastTimestamp) this.leastTimestamp = timestamp;
    if (timestamp > this.greatestTimestamp) this.greatestTimestamp = timestamp;
  }

  private copy(memory: RecordMemory, start: number, end: number): void {
    if (start === end) return;
    const at = FRAME.body + this.payloadBytes;
    this.memory.grow(at + end - start, at);
    memory.buffer.copy(this.memory.buffer, at, start, end);
    this.payloadBytes += end - start;
  }

  /** The finished frame, valid until the next one is begun. */
  finish(stamp: FrameStamp): Uint8Array {
    const entryBytes = this.count * ENTRY_BYTES;
    const entriesAt = FRAME.body + this.payloadBytes;
    const end = entriesAt + entryBytes;
    this.memory.grow(end, entriesAt);
    this.memory.i32.set(this.entries.subarray(0, this.count << 1), entriesAt >> 2);
    const { u8 } = this.memory;
    if (this.compress && end - FRAME.body >= COMPRESS_FROM_BYTES) {
      const packed = zstdCompressSync(u8.subarray(FRAME.body, end), FAST);
      if (packed.length < end - FRAME.body) {
        u8.set(packed, FRAME.body);
        return encodeHeader(this.memory, this, stamp, packed.length, FLAG_COMPRESSED);
      }
    }
    return encodeHeader(this.memory, this, stamp, end - FRAME.body, 0);
  }

  /** The offset behind those that the frame covers. */
  get endOffset(): number {
    return this.firstOffset + this.span;
  }

  /** Covers the offsets up to `endOffset`, of which those behind the last record hold nothing; returns how far it could. */
  coverTo(endOffset: number): number {
    this.span = Math.min(endOffset - this.firstOffset, MOST_SPAN);
    return this.endOffset;
  }

  /** Bytes of the finished frame, at most. */
  get bytesAtMost(): number {
    return FRAME.body + this.payloadBytes + this.count * ENTRY_BYTES;
  }
}

/** The seal of a segment that ends at `endOffset`. */
export function encodeSeal(
  stamp: FrameStamp,
  endOffset: number,
  contents: { records: number; leastTimestamp: number; greatestTimestamp: number },
): Uint8Array {
  const memory = FrameMemory.zeroed(SEAL_BYTES);
  storeWhole(memory.i32, FRAME.body, contents.records);
  const { leastTimestamp, greatestTimestamp } = contents;
  const whole = { span: 0, count: 0, dataCount: 0, payloadBytes: 8 };
  const fields = { firstOffset: endOffset, leastTimestamp, greatestTimestamp, ...whole };
  return encodeHeader(memory, fields, stamp, whole.payloadBytes, FLAG_SEAL);
}

/** What a frame says of its records. */
interface FrameFields {
  readonly firstOffset: number;
  readonly leastTimestamp: number;
  readonly greatestTimestamp: number;
  readonly span: number;
  readonly count: number;
  readonly dataCount: number;
  readonly payloadBytes: number;
}

/** Writes the header before a body of `bodyBytes` bytes, the padding behind it, and the checksum. */
function encodeHeader(
  { i32, u8 }: FrameMemory,
  fields: FrameFields,
  stamp: FrameStamp,
  bodyBytes: number,
  flags: number,
): Uint8Array {
  const padding = -bodyBytes & 7;
  const length = FRAME.body + bodyBytes + padding;
  u8.fill(0, length - padding, length);
  i32[FRAME.length >> 2] = length;
  i32[FRAME.magic >> 2] = FRAME_MAGIC;
  i32[FRAME.salt >> 2] = stamp.salt;
  storeWhole(i32, FRAME.firstOffset, fields.firstOffset);
  storeWhole(i32, FRAME.durableOffset, stamp.durableOffset);
  storeWhole(i32, FRAME.epoch, stamp.epoch);
  storeWhole(i32, FRAME.appendedAt, stamp.appendedAtMs);
  storeWhole(i32, FRAME.leastTimestamp, fields.leastTimestamp);
  storeWhole(i32, FRAME.greatestTimestamp, fields.greatestTimestamp);
  i32[FRAME.span >> 2] = fields.span | 0;
  i32[FRAME.count >> 2] = fields.count;
  i32[FRAME.dataCount >> 2] = fields.dataCount;
  i32[FRAME.payloadBytes >> 2] = fields.payloadBytes;
  i32[FRAME.flags >> 2] = flags | (padding << 16);
  i32[FRAME.reserved >> 2] = 0;
  i32[FRAME.checksum >> 2] = checksum(u8, length);
  return u8.subarray(0, length);
}

/** The checksum of the frame or header in the first `length` bytes of `bytes`. */
export function checksum(bytes: Uint8Array, length: number): number {
  return crc32(bytes.subarray(4, length)) | 0;
}
