import type { DiskFile } from './disk.ts';
import {
  FRAME,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  NO_GREATEST,
  NO_LEAST,
  SEGMENT_HEADER_BYTES,
} from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';
import { FrameScanner } from './frame-scanner.ts';
import { readSegmentHeader, type SegmentHeader } from './segment.ts';

/** A stretch of a file that is not what it was. */
export interface Damage {
  readonly path: string;
  readonly position: number;
  readonly bytes: number;
  readonly what: string;
  /** Offsets that are lost with it, from `lostFrom` to `lostTo`, exclusive. */
  readonly lostFrom: number;
  readonly lostTo: number;
}

/** A frame that is whole. */
export interface FoundFrame {
  readonly position: number;
  readonly length: number;
  readonly firstOffset: number;
  readonly endOffset: number;
}

/** Everything that can be read of a segment, whatever its condition. */
export interface SegmentSurvey {
  readonly path: string;
  readonly bytes: number;
  /** `undefined` when it cannot be read. */
  readonly header: SegmentHeader | undefined;
  /** The salt of its frames, also where the header is gone. */
  readonly salt: number | undefined;
  readonly firstOffset: number;
  readonly endOffset: number;
  readonly frames: readonly FoundFrame[];
  readonly compressedFrames: number;
  readonly records: number;
  readonly leastTimestamp: number;
  readonly greatestTimestamp: number;
  /** The greatest durable offset that a frame names. */
  readonly durableOffset: number;
  readonly isSealed: boolean;
  /** Bytes behind the last whole frame. */
  readonly tailBytes: number;
  readonly damages: readonly Damage[];
}

/** Reads a segment that begins at `firstOffset` by its name, past whatever is damaged. */
export function surveySegment(file: DiskFile, firstOffset: number): SegmentSurvey {
  return new Survey(file, firstOffset).take();
}

class Survey {
  private readonly file: DiskFile;
  private readonly firstOffset: number;
  private readonly damages: Damage[] = [];
  private readonly frames: FoundFrame[] = [];
  private endOffset: number;
  private position = SEGMENT_HEADER_BYTES;
  private records = 0;
  private compressedFrames = 0;
  private durableOffset = 0;
  private leastTimestamp = NO_LEAST;
  private greatestTimestamp = NO_GREATEST;
  private isSealed = false;

  constructor(file: DiskFile, firstOffset: number) {
    this.file = file;
    this.firstOffset = firstOffset;
    this.endOffset = firstOffset;
  }

  take(): SegmentSurvey {
    const header = this.header();
    const salt = header?.salt ?? findSalt(this.file);
    if (salt !== undefined) this.readFrames(new FrameScanner(this.file, salt));
    const { path } = this.file;
    const bytes = this.file.size();
    const tailBytes = Math.max(0, bytes - this.position);
    const { firstOffset, endOffset, frames, compressedFrames, records, damages } = this;
    const { leastTimestamp, greatestTimestamp, durableOffset, isSealed } = this;
    return {
      path,
      bytes,
      header,
      salt,
      firstOffset,
      endOffset,
      frames,
      compressedFrames,
      records,
      leastTimestamp,
      greatestTimestamp,
      durableOffset,
      isSealed,
      tailBytes,
      damages,
    };
  }

  private header(): SegmentHeader | undefined {
    try {
      const header = readSegmentHeader(this.file);
      if (header.firstOffset === this.firstOffset) return header;
      this.note(0, SEGMENT_HEADER_BYTES, 'its header names another offset than its name', 0);
      return header;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'LOG_DAMAGED') throw error;
      this.note(0, SEGMENT_HEADER_BYTES, 'its header is damaged', 0);
      return undefined;
    }
  }

  private readFrames(scanner: FrameScanner): void {
    while (!this.isSealed) {
      const at = this.nextFrame(scanner);
      if (at < 0) return;
      const lost = scanner.firstOffset - this.endOffset;
      if (at > this.position || lost > 0) {
        this.note(this.position, at - this.position, 'frames are damaged or missing', lost);
      }
      this.found(scanner);
    }
  }

  /** Loads the first whole frame at the position or behind it; −1 when there is none. */
  private nextFrame(scanner: FrameScanner): number {
    if (this.isNext(scanner, this.position)) return this.position;
    for (let at = scanner.search(this.position); at >= 0; at = scanner.search(at + 8)) {
      if (this.isNext(scanner, at)) return at;
    }
    return -1;
  }

  private isNext(scanner: FrameScanner, at: number): boolean {
    return scanner.load(at) && scanner.firstOffset >= this.endOffset;
  }

  private found(scanner: FrameScanner): void {
    const { position, length, firstOffset, endOffset } = scanner;
    this.position = scanner.end;
    this.durableOffset = Math.max(this.durableOffset, scanner.durableOffset);
    this.endOffset = endOffset;
    if (scanner.isSeal) {
      this.isSealed = true;
      return;
    }
    this.frames.push({ position, length, firstOffset, endOffset });
    this.records += scanner.dataCount;
    if (scanner.isCompressed) this.compressedFrames++;
    this.leastTimestamp = Math.min(this.leastTimestamp, scanner.leastTimestamp);
    this.greatestTimestamp = Math.max(this.greatestTimestamp, scanner.greatestTimestamp);
  }

  private note(position: number, bytes: number, what: string, lost: number): void {
    const { path } = this.file;
    const lostFrom = this.endOffset;
    this.damages.push({ path, position, bytes, what, lostFrom, lostTo: lostFrom + lost });
  }
}

/** The salt of the first frame that its checksum confirms: the header may be gone. */
function findSalt(file: DiskFile): number | undefined {
  const window = new FrameMemory(1024 * 1024);
  const step = window.bytes - FRAME_HEADER_BYTES;
  for (let start = 0; start < file.size(); start += step) {
    const got = file.read(window.u8, start);
    for (let at = 0; at + FRAME_HEADER_BYTES <= got; at += 8) {
      if (window.i32[(at + FRAME.magic) >> 2] !== FRAME_MAGIC) continue;
      const salt = window.i32[(at + FRAME.salt) >> 2];
      if (new FrameScanner(file, salt).load(start + at)) return salt;
    }
  }
  return undefined;
}
