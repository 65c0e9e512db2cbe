import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { NO_GREATEST, NO_LEAST, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { FrameScanner } from './frame-scanner.ts';
import { MARKS_NAME, type MarkValues, readMarks } from './marks.ts';
import {
  indexPath,
  listSegments,
  readSeal,
  readSegmentHeader,
  type SealedSegment,
  type SegmentHeader,
  segmentPath,
  UNFINISHED,
} from './segment.ts';
import { SegmentIndex } from './segment-index.ts';
import { logDamaged, storageMismatch } from './storage-failure.ts';

/** The last segment, to which frames are appended. */
export interface ActiveSegment {
  readonly file: DiskFile;
  readonly header: SegmentHeader;
  readonly index: SegmentIndex;
  /** Where the next frame goes. */
  position: number;
  endOffset: number;
  /** Data records. */
  records: number;
  leastTimestamp: number;
  greatestTimestamp: number;
  lastAppendMs: number;
}

/** What recovery found and did. */
export interface RecoveryReport {
  /** Bytes whose frames were verified. */
  readonly scannedBytes: number;
  /** Bytes of a torn tail that were cut. */
  readonly cutBytes: number;
  /** Files of unfinished work that were removed. */
  readonly removed: readonly string[];
}

export interface Recovered {
  readonly sealed: SealedSegment[];
  /** `undefined` when the last segment is finished, or there is none. */
  readonly active: ActiveSegment | undefined;
  readonly marks: MarkValues | undefined;
  readonly endOffset: number;
  readonly report: RecoveryReport;
}

/** What must be true of every segment in a directory. */
export interface Belonging {
  readonly shard: number;
  readonly identity: number;
}

/**
 * Finds the end of a log that may have been cut off anywhere. A segment was finished and on stable
 * storage before the next one was made, so only the last one is scanned. What follows its last valid
 * frame is a torn tail, and is cut, unless something says that it had been durable: the marks, or the
 * durable offset that every frame carries, those after the damage included.
 *
 * The cut is flushed before anything else is written, and every step may be repeated: a crash in the
 * middle changes nothing. Throws `LOG_DAMAGED`, `STORAGE_MISMATCH`.
 */
export function recover(disk: Disk, directory: string, belonging: Belonging): Recovered {
  const marks = readMarks(disk, join(directory, MARKS_NAME));
  const segments = openSegments(disk, directory, belonging);
  try {
    const { sealed, superseded } = chain(segments, marks);
    const last = segments.at(-1);
    const scanned = last === undefined ? undefined : scan(last, marks);
    const endOffset = scanned?.endOffset ?? marks?.startOffset ?? 0;
    const durable = Math.max(marks?.durableOffset ?? 0, scanned?.durableOffset ?? 0);
    if (durable > endOffset) missing(directory, scanned, endOffset, durable);
    const cutBytes = scanned === undefined ? 0 : cut(scanned);
    // A seal counts only behind frames that are all there: it may have reached the disk before them.
    const seal = last === undefined ? undefined : sealBehind(last, scanned);
    if (seal !== undefined) sealed.push(seal);
    const active = seal === undefined ? scanned : undefined;
    const removed = removeLeftovers(disk, directory, superseded);
    for (const { file } of segments) if (file !== active?.file) file.close();
    const scannedBytes = scanned?.position ?? 0;
    return { sealed, active, marks, endOffset, report: { scannedBytes, cutBytes, removed } };
  } catch (error) {
    for (const { file } of segments) file.close();
    throw error;
  }
}

interface OpenSegment {
  readonly file: DiskFile;
  readonly header: SegmentHeader;
}

function openSegments(disk: Disk, directory: string, belonging: Belonging): OpenSegment[] {
  const opened: OpenSegment[] = [];
  try {
    for (const firstOffset of listSegments(disk, directory)) {
      const file = disk.openFile(segmentPath(directory, firstOffset), 'write');
      opened.push({ file, header: undefined as never });
      const header = readSegmentHeader(file);
      opened[opened.length - 1] = { file, header };
      checkBelonging(file.path, header, firstOffset, belonging);
    }
    return opened;
  } catch (error) {
    for (const { file } of opened) file.close();
    throw error;
  }
}

export function checkBelonging(
  path: string,
  header: SegmentHeader,
  firstOffset: number,
  { shard, identity }: Belonging,
): void {
  if (header.firstOffset !== firstOffset) {
    storageMismatch(path, `begins at offset ${header.firstOffset}, not where its name says.`);
  }
  if (header.shard !== shard) {
    storageMismatch(path, `belongs to shard ${header.shard}, not to shard ${shard}.`);
  }
  if (header.identity !== 0 && identity !== 0 && header.identity !== identity) {
    storageMismatch(path, 'belongs to another topic.');
  }
}

interface Chain {
  readonly sealed: SealedSegment[];
  /** Segments that are no part of the log any more: below its start, or merged into an earlier one. */
  readonly superseded: DiskFile[];
}

/** The finished segments, each beginning where the one before it ends. */
function chain(segments: OpenSegment[], marks: MarkValues | undefined): Chain {
  const sealed: SealedSegment[] = [];
  const superseded: DiskFile[] = [];
  const start = marks?.startOffset ?? 0;
  for (let i = 0; i < segments.length; ) {
    const { file, header } = segments[i];
    const isLast = i === segments.length - 1;
    // A retained segment ends above the start; a later one may begin there at the latest.
    const isBelow = !isLast && segments[i + 1].header.firstOffset <= start;
    const before = sealed.at(-1)?.endOffset;
    const isMerged = before !== undefined && header.firstOffset < before;
    if (isBelow || isMerged) {
      superseded.push(file);
      segments.splice(i, 1);
      continue;
    }
    if (before !== undefined && header.firstOffset !== before) {
      logDamaged(file.path, 0, `offsets ${before} to ${header.firstOffset} before it are missing`);
    }
    if (!isLast) {
      // The next one was made after this one had been flushed: its seal is there, or was lost since.
      const seal = readSeal(file, header);
      if (seal === undefined) {
        logDamaged(file.path, file.size(), 'the seal that ends a finished segment is not there');
      }
      sealed.push(seal);
    }
    i++;
  }
  const first = segments[0];
  if (first !== undefined && first.header.firstOffset > start && marks !== undefined) {
    logDamaged(first.file.path, 0, `offsets ${start} to ${first.header.firstOffset} are missing`);
  }
  return { sealed, superseded };
}

interface Scanned extends ActiveSegment {
  /** The greatest durable offset that any frame names, those after damage included. */
  readonly durableOffset: number;
}

function scan({ file, header }: OpenSegment, marks: MarkValues | undefined): Scanned {
  const scanner = new FrameScanner(file, header.salt);
  const index = new SegmentIndex();
  let position = SEGMENT_HEADER_BYTES;
  let endOffset = header.firstOffset;
  let durableOffset = 0;
  let records = 0;
  let leastTimestamp = NO_LEAST;
  let greatestTimestamp = NO_GREATEST;
  let lastAppendMs = header.createdAtMs;
  while (scanner.load(position) && scanner.firstOffset === endOffset) {
    if (scanner.isSeal) {
      position = scanner.end;
      break;
    }
    index.note(position, endOffset, scanner.greatestTimestamp);
    endOffset = scanner.endOffset;
    durableOffset = Math.max(durableOffset, scanner.durableOffset);
    leastTimestamp = Math.min(leastTimestamp, scanner.leastTimestamp);
    greatestTimestamp = Math.max(greatestTimestamp, scanner.greatestTimestamp);
    lastAppendMs = scanner.appendedAtMs;
    records += scanner.dataCount;
    position = scanner.end;
  }
  for (let at = scanner.search(position); at >= 0; at = scanner.search(at + 8)) {
    if (!scanner.load(at) || scanner.firstOffset < endOffset) continue;
    durableOffset = Math.max(durableOffset, scanner.durableOffset);
  }
  if (marks !== undefined) durableOffset = Math.max(durableOffset, marks.durableOffset);
  return {
    file,
    header,
    index,
    position,
    endOffset,
    durableOffset,
    records,
    leastTimestamp,
    greatestTimestamp,
    lastAppendMs,
  };
}

function missing(
  directory: string,
  scanned: ActiveSegment | undefined,
  endOffset: number,
  durableOffset: number,
): never {
  logDamaged(
    scanned?.file.path ?? directory,
    scanned?.position ?? 0,
    `offsets ${endOffset} to ${durableOffset} had been acknowledged as durable and cannot be read`,
  );
}

function sealBehind(
  { file, header }: OpenSegment,
  scanned: ActiveSegment | undefined,
): SealedSegment | undefined {
  const seal = readSeal(file, header);
  return seal !== undefined && scanned?.position === seal.bytes ? seal : undefined;
}

/** Cuts what follows the last valid frame, and makes what is left durable. */
function cut({ file, position }: ActiveSegment): number {
  const torn = file.size() - position;
  if (torn > 0) file.truncate(position);
  file.dataSync();
  return torn;
}

function removeLeftovers(
  disk: Disk,
  directory: string,
  superseded: readonly DiskFile[],
): readonly string[] {
  const unfinished = disk.readDirectory(directory).filter(name => name.endsWith(UNFINISHED));
  const removed = unfinished.map(name => join(directory, name));
  for (const file of superseded) {
    file.close();
    removed.push(file.path);
    const index = indexPath(file.path);
    if (disk.stat(index) !== undefined) removed.push(index);
  }
  for (const path of removed) disk.remove(path);
  return removed;
}
