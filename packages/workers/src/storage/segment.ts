import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import {
  FORMAT_VERSION,
  loadWhole,
  SEAL_BYTES,
  SEGMENT,
  SEGMENT_HEADER_BYTES,
  SEGMENT_MAGIC,
  storeWhole,
} from './frame-layout.ts';
import { FrameMemory } from './frame-memory.ts';
import { FrameScanner } from './frame-scanner.ts';
import { checksum } from './frame-writer.ts';
import { logDamaged, storageMismatch } from './storage-failure.ts';

/** What the header of a segment says. */
export interface SegmentHeader {
  readonly salt: number;
  readonly firstOffset: number;
  readonly createdAtMs: number;
  readonly shard: number;
  /** Of the topic, so that a file of another is noticed; 0: unknown. */
  readonly identity: number;
}

/** A finished segment, as its header and its seal tell. */
export interface SealedSegment {
  readonly path: string;
  readonly salt: number;
  readonly firstOffset: number;
  readonly endOffset: number;
  readonly bytes: number;
  /** Data records. */
  readonly records: number;
  readonly leastTimestamp: number;
  readonly greatestTimestamp: number;
  readonly lastAppendMs: number;
}

const DIGITS = 16;
const NAME = new RegExp(`^(\\d{${DIGITS}})\\.log$`);

/** Files that are being made; whatever is left of them is removed. */
export const UNFINISHED = '.new';

export function segmentName(firstOffset: number): string {
  return `${String(firstOffset).padStart(DIGITS, '0')}.log`;
}

export function indexPath(segmentPath: string): string {
  return segmentPath.replace(/log$/, 'index');
}

/** First offsets of the segments in a directory, rising; other files are not looked at. */
export function listSegments(disk: Disk, directory: string): number[] {
  return disk
    .readDirectory(directory)
    .flatMap(name => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

export function segmentPath(directory: string, firstOffset: number): string {
  return join(directory, segmentName(firstOffset));
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const { i32, u8 } = FrameMemory.zeroed(SEGMENT_HEADER_BYTES);
  i32[SEGMENT.version >> 2] = FORMAT_VERSION;
  i32[SEGMENT.magic >> 2] = SEGMENT_MAGIC;
  i32[SEGMENT.salt >> 2] = header.salt;
  storeWhole(i32, SEGMENT.firstOffset, header.firstOffset);
  storeWhole(i32, SEGMENT.createdAt, header.createdAtMs);
  i32[SEGMENT.shard >> 2] = header.shard;
  i32[SEGMENT.identity >> 2] = header.identity;
  i32[SEGMENT.checksum >> 2] = checksum(u8, SEGMENT_HEADER_BYTES);
  return u8;
}

/** Reads and checks a header. Throws `STORAGE_MISMATCH`, `LOG_DAMAGED`. */
export function readSegmentHeader(file: DiskFile): SegmentHeader {
  const { i32, u8 } = FrameMemory.zeroed(SEGMENT_HEADER_BYTES);
  const whole = file.read(u8, 0) === SEGMENT_HEADER_BYTES;
  const isOurs = i32[SEGMENT.magic >> 2] === SEGMENT_MAGIC;
  const isIntact = whole && checksum(u8, SEGMENT_HEADER_BYTES) === i32[SEGMENT.checksum >> 2];
  const version = i32[SEGMENT.version >> 2];
  if (isIntact && isOurs && version !== FORMAT_VERSION) {
    storageMismatch(
      file.path,
      `has format version ${version}; this build reads version ${FORMAT_VERSION}. ` +
        'Open it with the version of Lite Streams that wrote it.',
    );
  }
  if (!isIntact || !isOurs) logDamaged(file.path, 0, 'it has no valid segment header');
  return {
    salt: i32[SEGMENT.salt >> 2],
    firstOffset: loadWhole(i32, SEGMENT.firstOffset),
    createdAtMs: loadWhole(i32, SEGMENT.createdAt),
    shard: i32[SEGMENT.shard >> 2],
    identity: i32[SEGMENT.identity >> 2],
  };
}

/** The segment, when it ends with its seal; `undefined` when it has none. */
export function readSeal(file: DiskFile, header: SegmentHeader): SealedSegment | undefined {
  const bytes = file.size();
  const at = bytes - SEAL_BYTES;
  if (at < SEGMENT_HEADER_BYTES || at % 8 !== 0) return undefined;
  const scanner = new FrameScanner(file, header.salt, new FrameMemory(SEAL_BYTES));
  if (!scanner.load(at) || !scanner.isSeal) return undefined;
  return {
    path: file.path,
    salt: header.salt,
    firstOffset: header.firstOffset,
    endOffset: scanner.firstOffset,
    bytes,
    records: scanner.sealedRecords,
    leastTimestamp: scanner.leastTimestamp,
    greatestTimestamp: scanner.greatestTimestamp,
    lastAppendMs: scanner.appendedAtMs,
  };
}

/** Makes a file of `bytes`, or overwrites one. */
export function writeWhole(disk: Disk, path: string, bytes: Uint8Array): void {
  const file = disk.openFile(path, 'create');
  file.write(bytes, 0);
  file.close();
}

/** Removes a segment. The index goes first: one without its segment would be left for ever. */
export function removeSegment(disk: Disk, path: string): void {
  const index = indexPath(path);
  if (disk.stat(index) !== undefined) disk.remove(index);
  disk.remove(path);
}
