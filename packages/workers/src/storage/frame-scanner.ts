import { crc32 } from 'node:zlib';
import type { DiskFile } from './disk.ts';
import {
  ENTRY_BYTES,
  FLAG_COMPRESSED,
  FLAG_SEAL,
  FRAME,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  loadWhole,
  MOST_FRAME_BYTES,
} from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';

const WINDOW_BYTES = 1024 * 1024;

/**
 * Reads the frames of one segment through a window of memory: `load` aims at the frame at a position
 * and verifies it; then its fields may be read until the next `load`.
 */
export class FrameScanner {
  readonly memory: FrameMemory;
  /** Address of the frame in `memory`. */
  at = 0;
  /** Position of the frame in the file. */
  position = 0;

  private readonly file: DiskFile;
  private readonly salt: number;
  /** The window begins at this address; what is below belongs to whoever uses the memory too. */
  private readonly base: number;
  private windowStart = 0;
  private windowEnd = 0;

  constructor(
    file: DiskFile,
    salt: number,
    memory: FrameMemory = new FrameMemory(WINDOW_BYTES),
    base = 0,
  ) {
    this.file = file;
    this.salt = salt;
    this.memory = memory;
    this.base = base;
  }

  /** Whether a whole, undamaged frame of this segment stands at `position`. */
  load(position: number): boolean {
    const wasRead = position >= this.windowStart && position < this.windowEnd;
    if (this.check(position)) return true;
    this.forget();
    // A writer may have finished the frame since it was read.
    return wasRead && (this.check(position) || this.forget());
  }

  private check(position: number): boolean {
    this.position = position;
    if (!this.window(position, FRAME_HEADER_BYTES)) return false;
    const { i32 } = this.memory;
    if (i32[(this.at + FRAME.magic) >> 2] !== FRAME_MAGIC) return false;
    if (i32[(this.at + FRAME.salt) >> 2] !== this.salt) return false;
    const { length } = this;
    if (length < FRAME_HEADER_BYTES || length > MOST_FRAME_BYTES || (length & 7) !== 0)
      return false;
    return this.window(position, length) && this.isIntact();
  }

  /** Whether the frame is what its checksum says. */
  isIntact(): boolean {
    const body = this.memory.u8.subarray(this.at + 4, this.at + this.length);
    return (crc32(body) | 0) === this.memory.i32[this.at >> 2];
  }

  /** As `load`, but only when the frame has been read already: frames loaded before it stay in place. */
  loadRead(position: number): boolean {
    const at = this.base + position - this.windowStart;
    const read = this.windowEnd - position;
    if (position < this.windowStart || read < FRAME_HEADER_BYTES) return false;
    if (this.memory.i32[(at + FRAME.length) >> 2] >>> 0 > read) return false;
    return this.check(position) || this.forget();
  }

  /**
   * The next position from `position` on at which a frame seems to begin, or −1. Frames begin at
   * multiples of 8; whether it is one, `load` tells.
   */
  search(position: number): number {
    const wanted = FRAME.salt + 4;
    for (let at = Math.ceil(position / 8) * 8; this.window(at, wanted); at += 8) {
      const { i32 } = this.memory;
      const magic = i32[(this.at + FRAME.magic) >> 2];
      if (magic === FRAME_MAGIC && i32[(this.at + FRAME.salt) >> 2] === this.salt) return at;
    }
    return -1;
  }

  /** Drops what has been read. Returns false. */
  private forget(): false {
    this.windowStart = 0;
    this.windowEnd = 0;
    return false;
  }

  /** Aims `at` at `position` and makes sure that `bytes` bytes stand there. */
  private window(position: number, bytes: number): boolean {
    if (position < this.windowStart || position + bytes > this.windowEnd) {
      this.memory.grow(this.base + bytes, this.base);
      const room = this.memory.u8.subarray(this.base);
      this.windowStart = position;
      this.windowEnd = position + this.file.read(room, position);
      if (position + bytes > this.windowEnd) return false;
    }
    this.at = this.base + position - this.windowStart;
    return true;
  }

  get length(): number {
    return this.memory.i32[(this.at + FRAME.length) >> 2];
  }

  /** Position of the next frame. */
  get end(): number {
    return this.position + this.length;
  }

  get firstOffset(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.firstOffset);
  }

  get endOffset(): number {
    return this.firstOffset + (this.memory.i32[(this.at + FRAME.span) >> 2] >>> 0);
  }

  get durableOffset(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.durableOffset);
  }

  get epoch(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.epoch);
  }

  get appendedAtMs(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.appendedAt);
  }

  get leastTimestamp(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.leastTimestamp);
  }

  get greatestTimestamp(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.greatestTimestamp);
  }

  get count(): number {
    return this.memory.i32[(this.at + FRAME.count) >> 2];
  }

  /** How many of its records are data. */
  get dataCount(): number {
    return this.memory.i32[(this.at + FRAME.dataCount) >> 2];
  }

  get payloadBytes(): number {
    return this.memory.i32[(this.at + FRAME.payloadBytes) >> 2];
  }

  /** Bytes of the body as it is stored. */
  get bodyBytes(): number {
    const padding = this.memory.i32[(this.at + FRAME.flags) >> 2] >>> 16;
    return this.length - FRAME.body - padding;
  }

  /** Bytes of the body before compression. */
  get wholeBytes(): number {
    return this.payloadBytes + this.count * ENTRY_BYTES;
  }

  get isCompressed(): boolean {
    return (this.memory.i32[(this.at + FRAME.flags) >> 2] & FLAG_COMPRESSED) !== 0;
  }

  get isSeal(): boolean {
    return (this.memory.i32[(this.at + FRAME.flags) >> 2] & FLAG_SEAL) !== 0;
  }

  /** Of a seal: how many data records its segment holds. */
  get sealedRecords(): number {
    return loadWhole(this.memory.i32, this.at + FRAME.body);
  }
}
