import { zstdDecompressSync } from 'node:zlib';
import { ENTRY_BYTES, FRAME } from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';
import type { FrameScanner } from './frame-scanner.ts';

/** Where the records of a frame lie. */
export interface FrameBody {
  readonly memory: FrameMemory;
  /** Address of the first record. */
  readonly at: number;
  /** Address of the first entry. */
  readonly entriesAt: number;
}

/** The body of the loaded frame in place, or decompressed into `inflated` from address `base` on. */
export function frameBody(scanner: FrameScanner, inflated: FrameMemory, base: number): FrameBody {
  const at = scanner.at + FRAME.body;
  if (!scanner.isCompressed) {
    return { memory: scanner.memory, at, entriesAt: at + scanner.payloadBytes };
  }
  const whole = zstdDecompressSync(scanner.memory.u8.subarray(at, at + scanner.bodyBytes));
  inflated.grow(base + whole.length, base);
  inflated.u8.set(whole, base);
  return { memory: inflated, at: base, entriesAt: base + scanner.payloadBytes };
}

/** One record after the other of a frame, whichever way it is stored. */
export class FrameRecords {
  memory: FrameMemory = new FrameMemory(0);
  /** Address and length of the record. */
  at = 0;
  bytes = 0;
  /** Its kind and producer, as in a slot. */
  meta = 0;
  offset = 0;

  private readonly inflated = new FrameMemory(0);
  private entry = 0;
  private end = 0;

  /** Begins before the first record of the loaded frame. */
  open(scanner: FrameScanner): void {
    const { memory, at, entriesAt } = frameBody(scanner, this.inflated, 0);
    this.memory = memory;
    this.at = at;
    this.bytes = 0;
    this.offset = scanner.firstOffset - 1;
    this.entry = entriesAt >> 2;
    this.end = (entriesAt + scanner.count * ENTRY_BYTES) >> 2;
  }

  /** Moves to the next record; false when there is none. */
  next(): boolean {
    if (this.entry === this.end) return false;
    const { i32 } = this.memory;
    this.at += this.bytes;
    this.bytes = i32[this.entry];
    this.meta = i32[this.entry + 1] & 0xffff;
    this.offset += 1 + (i32[this.entry + 1] >>> 16);
    this.entry += 2;
    return true;
  }
}
