import { join } from 'node:path';
import { fail, RecordView, SlotRun } from '@lite-streams/core/internal';
import type { Disk, DiskFile } from './disk.ts';
import { FRAME, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';
import { frameBody } from './frame-records.ts';
import { FrameScanner } from './frame-scanner.ts';
import { MARKS_NAME, readMarksOf, SECTOR_BYTES } from './marks.ts';
import { type Belonging, checkBelonging } from './recovery.ts';
import {
  indexPath,
  listSegments,
  readSegmentHeader,
  type SegmentHeader,
  segmentPath,
} from './segment.ts';
import { SegmentIndex } from './segment-index.ts';
import { SLOTS_BYTES, SlotTable } from './slot-table.ts';
import { logDamaged } from './storage-failure.ts';

const WINDOW_BYTES = 1024 * 1024;
const DEFAULT_BYTES = 512 * 1024;
const SEEK_ATTEMPTS = 8;

interface OpenSegment {
  readonly file: DiskFile;
  readonly header: SegmentHeader;
  readonly scanner: FrameScanner;
  index: SegmentIndex | undefined;
}

/**
 * Reads the log of a shard, also while another thread or process appends to it: read-only, without a
 * lock. What is being written is not there yet; what had been durable and cannot be read is damage.
 */
export class ShardLogReader {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly belonging: Belonging;
  /** Slots, then the window; nothing before a segment is open, for many readers only ask how far a log reaches. */
  private readonly memory = new FrameMemory(0);
  /** Where compressed frames are read from: slots, then the decompressed body; nothing before the first. */
  private readonly inflated = new FrameMemory(0);
  private readonly run: SlotRun;
  private readonly marksMemory = new FrameMemory(2 * SECTOR_BYTES);
  private marks: DiskFile | undefined;
  private segment: OpenSegment | undefined;
  /** Where the frame begins that the next read in order begins with, and from which offset on. */
  private position = 0;
  private nextOffset = -1;

  constructor(disk: Disk, directory: string, belonging: Belonging) {
    this.disk = disk;
    this.directory = directory;
    this.belonging = belonging;
    this.run = new SlotRun(this.memory);
  }

  /** The oldest offset that can be read; `undefined` when there is no log yet. */
  firstOffset(): number | undefined {
    return listSegments(this.disk, this.directory)[0];
  }

  /** Everything below is known to be on stable storage; 0 when nothing is known. */
  durableOffset(): number {
    this.marks ??= openIfThere(this.disk, join(this.directory, MARKS_NAME));
    if (this.marks === undefined) return 0;
    return readMarksOf(this.marks, this.marksMemory)?.durableOffset ?? 0;
  }

  /**
   * Slots from `offset` on, of about `maxBytes` bytes of log; `undefined` when they are not there yet.
   * The run is valid until the next call. Slots that hold nothing stand in it as aborted ones; after a
   * long stretch of them it begins at a later offset than was asked for.
   *
   * Throws `OFFSET_OUT_OF_RANGE` below the first offset, `LOG_DAMAGED`.
   */
  read(offset: number, maxBytes: number = DEFAULT_BYTES): SlotRun | undefined {
    if (offset !== this.nextOffset && !this.seek(offset)) return undefined;
    for (let reopened = false; this.segment !== undefined; ) {
      const { scanner } = this.segment;
      if (!scanner.load(this.position)) {
        this.checkTail(offset);
        return undefined;
      }
      if (scanner.isSeal) {
        if (this.open(scanner.firstOffset)) continue;
        // The next segment is not there yet; or both were compacted into one, of the name of this one.
        if (reopened) return undefined;
        reopened = true;
        this.closeSegment();
        if (!this.seek(offset)) return undefined;
      } else if (scanner.endOffset <= offset) {
        this.position = scanner.end;
      } else {
        return scanner.isCompressed
          ? this.inflate(scanner, offset)
          : this.gather(scanner, offset, maxBytes);
      }
    }
    return undefined;
  }

  /**
   * The first offset whose record has a timestamp of at least `timestamp`; `undefined` when there is
   * none yet.
   */
  offsetOfTimestamp(timestamp: number): number | undefined {
    this.nextOffset = -1;
    for (const first of listSegments(this.disk, this.directory)) {
      const segment = this.open(first);
      if (segment === undefined) continue;
      const { scanner } = segment;
      let at = Math.max(this.indexed(segment).positionOfTimestamp(timestamp), this.position);
      while (scanner.load(at) && !scanner.isSeal) {
        if (scanner.greatestTimestamp >= timestamp)
          return this.find(timestamp, scanner.firstOffset);
        at = scanner.end;
      }
    }
    return undefined;
  }

  private find(timestamp: number, from: number): number | undefined {
    const view = new RecordView();
    for (let offset = from; ; ) {
      const run = this.read(offset);
      if (run === undefined) return undefined;
      for (let i = 0; i < run.count; i++) {
        if (run.kind(i) === 0 && run.view(i, view).timestamp >= timestamp) return run.offset + i;
      }
      offset = run.offset + run.count;
    }
  }

  close(): void {
    this.closeSegment();
    this.marks?.close();
    this.marks = undefined;
  }

  private closeSegment(): void {
    this.segment?.file.close();
    this.segment = undefined;
    this.nextOffset = -1;
  }

  /** Aims at a frame before the one that holds `offset`. False when there is no log. */
  private seek(offset: number): boolean {
    // A segment may be removed between the look at the directory and its opening.
    for (let attempt = 0; attempt < SEEK_ATTEMPTS; attempt++) {
      const firsts = listSegments(this.disk, this.directory);
      if (firsts.length === 0) return false;
      const first = firsts.findLast(from => from <= offset);
      if (first === undefined) {
        fail(
          'OFFSET_OUT_OF_RANGE',
          `Offset ${offset} is below the first offset ${firsts[0]} of ${this.directory}.`,
        );
      }
      const segment = this.open(first);
      if (segment === undefined) continue;
      const indexed = this.indexed(segment).positionOf(offset);
      if (indexed > this.position) this.position = indexed;
      this.nextOffset = offset;
      return true;
    }
    return false;
  }

  /** Aims at the beginning of the segment that begins at `firstOffset`, if it is there. */
  private open(firstOffset: number): OpenSegment | undefined {
    this.position = SEGMENT_HEADER_BYTES;
    if (this.segment?.header.firstOffset === firstOffset) return this.segment;
    // Segments are made under another name: one that is there has its header.
    const file = openIfThere(this.disk, segmentPath(this.directory, firstOffset));
    if (file === undefined) return undefined;
    try {
      const header = readSegmentHeader(file);
      checkBelonging(file.path, header, firstOffset, this.belonging);
      this.memory.grow(SLOTS_BYTES + WINDOW_BYTES, 0);
      const scanner = new FrameScanner(file, header.salt, this.memory, SLOTS_BYTES);
      this.segment?.file.close();
      this.segment = { file, header, scanner, index: undefined };
      return this.segment;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The index of a segment; of one that still grows, as far as it had grown when it was made. */
  private indexed(segment: OpenSegment): SegmentIndex {
    segment.index ??= SegmentIndex.read(
      this.disk,
      indexPath(segment.file.path),
      segment.header.salt,
    );
    segment.index ??= SegmentIndex.build(segment.scanner, SEGMENT_HEADER_BYTES);
    return segment.index;
  }

  /** A frame that is not whole is being written, unless it had been durable. */
  private checkTail(offset: number): void {
    const { segment } = this;
    const durableOffset = this.durableOffset();
    if (durableOffset <= offset || segment === undefined) return;
    // It may have become whole since it was looked at.
    if (segment.scanner.load(this.position)) return;
    logDamaged(
      segment.file.path,
      this.position,
      `offset ${offset} cannot be read, though everything below ${durableOffset} was durable`,
    );
  }

  /** Aims the run at the slots of the loaded frame and of those behind it in the window. */
  private gather(scanner: FrameScanner, offset: number, maxBytes: number): SlotRun {
    const dataAt = scanner.at;
    const slots = new SlotTable(this.memory, offset, dataAt);
    let left = maxBytes;
    for (;;) {
      const { at, count, endOffset, firstOffset, length, payloadBytes } = scanner;
      if (!slots.hasRoomFor(endOffset - firstOffset)) break;
      const body = at + FRAME.body;
      if (!slots.take(firstOffset, endOffset, body, body + payloadBytes, count)) break;
      this.position = scanner.end;
      left -= length;
      if (left <= 0 || !scanner.loadRead(this.position)) break;
      if (scanner.isSeal || scanner.isCompressed || scanner.firstOffset !== endOffset) break;
    }
    return this.aim(slots, this.memory, dataAt);
  }

  private inflate(scanner: FrameScanner, offset: number): SlotRun {
    const { inflated } = this;
    inflated.grow(SLOTS_BYTES, 0);
    const { at, entriesAt } = frameBody(scanner, inflated, SLOTS_BYTES);
    const slots = new SlotTable(inflated, offset, at);
    const { count, endOffset, firstOffset } = scanner;
    if (slots.take(firstOffset, endOffset, at, entriesAt, count)) this.position = scanner.end;
    return this.aim(slots, inflated, at);
  }

  private aim(slots: SlotTable, memory: FrameMemory, dataAt: number): SlotRun {
    const { offset, count } = slots;
    this.nextOffset = offset + count;
    this.run.inCopy(memory, this.belonging.shard, offset, count, 0, dataAt, 0);
    return this.run;
  }
}

function openIfThere(disk: Disk, path: string): DiskFile | undefined {
  try {
    return disk.openFile(path, 'read');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
