import type { Disk, DiskFile } from './disk.ts';
import { FORMAT_VERSION, loadWhole, NO_GREATEST, storeWhole } from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';
import type { FrameScanner } from './frame-scanner.ts';
import { checksum } from './frame-writer.ts';

/**
 * The file `<first offset>.index` of a finished segment. It says nothing that the segment does not:
 * one that is missing, damaged or of another salt is made anew.
 *
 * ```text
 * byte  index
 *    0  checksum           u32  CRC-32 of the file from byte 4 on
 *    4  version            u32  1
 *    8  magic              u32  "LSix"
 *   12  salt               u32  that of the segment
 *   16  count              u64  entries
 *   24  entries: {first offset u64, position u64, greatest timestamp before i64} of a frame
 * ```
 */
export const INDEX = {
  checksum: 0,
  version: 4,
  magic: 8,
  salt: 12,
  count: 16,
  entries: 24,
} as const;

/** "LSix" */
export const INDEX_MAGIC = 0x7869534c;
export const INDEX_ENTRY_BYTES = 24;

/** One entry for so many bytes of the segment, about. */
const STRIDE_BYTES = 64 * 1024;

/** Where some frames of a segment begin. */
export class SegmentIndex {
  private readonly offsets: number[] = [];
  private readonly positions: number[] = [];
  private readonly greatestBefore: number[] = [];
  private greatest = NO_GREATEST;

  /** Notes a frame; frames come in order. */
  note(position: number, firstOffset: number, greatestTimestamp: number): void {
    const last = this.positions.length - 1;
    if (last < 0 || position - this.positions[last] >= STRIDE_BYTES) {
      this.offsets.push(firstOffset);
      this.positions.push(position);
      this.greatestBefore.push(this.greatest);
    }
    if (greatestTimestamp > this.greatest) this.greatest = greatestTimestamp;
  }

  /** Position of the last noted frame that begins at or before `offset`; −1 without one. */
  positionOf(offset: number): number {
    return this.at(lastBelow(this.offsets, offset + 1));
  }

  /** Position of the last noted frame before which every timestamp is below `timestamp`; −1 without one. */
  positionOfTimestamp(timestamp: number): number {
    return this.at(lastBelow(this.greatestBefore, timestamp));
  }

  private at(index: number): number {
    return index < 0 ? -1 : this.positions[index];
  }

  encode(salt: number): Uint8Array {
    const count = this.positions.length;
    const { i32, u8 } = FrameMemory.zeroed(INDEX.entries + count * INDEX_ENTRY_BYTES);
    i32[INDEX.version >> 2] = FORMAT_VERSION;
    i32[INDEX.magic >> 2] = INDEX_MAGIC;
    i32[INDEX.salt >> 2] = salt;
    storeWhole(i32, INDEX.count, count);
    for (let i = 0, at: number = INDEX.entries; i < count; i++, at += INDEX_ENTRY_BYTES) {
      storeWhole(i32, at, this.offsets[i]);
      storeWhole(i32, at + 8, this.positions[i]);
      storeWhole(i32, at + 16, this.greatestBefore[i]);
    }
    i32[INDEX.checksum >> 2] = checksum(u8, u8.length);
    return u8;
  }

  private static decode(file: DiskFile, salt: number): SegmentIndex | undefined {
    const { i32, u8 } = new FrameMemory(file.size());
    if (file.read(u8, 0) < INDEX.entries) return undefined;
    if (i32[INDEX.magic >> 2] !== INDEX_MAGIC || i32[INDEX.salt >> 2] !== salt) return undefined;
    if (i32[INDEX.version >> 2] !== FORMAT_VERSION) return undefined;
    const count = loadWhole(i32, INDEX.count);
    if (u8.length !== INDEX.entries + count * INDEX_ENTRY_BYTES) return undefined;
    if (checksum(u8, u8.length) !== i32[INDEX.checksum >> 2]) return undefined;
    const index = new SegmentIndex();
    for (let i = 0, at: number = INDEX.entries; i < count; i++, at += INDEX_ENTRY_BYTES) {
      index.offsets.push(loadWhole(i32, at));
      index.positions.push(loadWhole(i32, at + 8));
      index.greatestBefore.push(loadWhole(i32, at + 16));
    }
    return index;
  }

  /** The index in the file at `path`, when there is one that belongs to the segment of this salt. */
  static read(disk: Disk, path: string, salt: number): SegmentIndex | undefined {
    if (disk.stat(path) === undefined) return undefined;
    const file = disk.openFile(path, 'read');
    try {
      return SegmentIndex.decode(file, salt);
    } finally {
      file.close();
    }
  }

  /** Makes the index of a segment from its frames, from `position` up to the first that is none. */
  static build(scanner: FrameScanner, position: number): SegmentIndex {
    const index = new SegmentIndex();
    let at = position;
    while (scanner.load(at) && !scanner.isSeal) {
      index.note(at, scanner.firstOffset, scanner.greatestTimestamp);
      at = scanner.end;
    }
    return index;
  }
}

/** Index of the last of the rising `values` that is below `limit`; −1 without one. */
function lastBelow(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
