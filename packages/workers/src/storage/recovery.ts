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
  /** Files of unfinished work, and of what is over, that are removed. */
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
  const firsts = listSegments(disk, directory);
  const last = firsts.pop();
  const finished = firsts.map(first => readFinished(disk, directory, first, belonging));
  const { sealed, superseded } = chain(finished, last, marks, directory);
  if (last === undefined) {
    const endOffset = marks?.startOffset ?? 0;
    const durable = marks?.durableOffset ?? 0;
    if (durable > endOffset) missing(directory, 0, endOffset, durable);
    const report = { scannedBytes: 0, cutBytes: 0, removed: leftovers(disk, directory, []) };
    return { sealed, active: undefined, marks, endOffset, report };
  }
  const path = segmentPath(directory, last);
  const file = disk.openFile(path, 'write');
  let isKept = false;
  try {
    const header = readSegmentHeader(file);
    checkBelonging(path, header, last, belonging);
    const scanned = scan(file, header, marks);
    const { endOffset, position, durableOffset } = scanned;
    if (durableOffset > endOffset) missing(path, position, endOffset, durableOffset);
    const cutBytes = cut(scanned);
    // A seal counts only behind frames that are all there: it may have reached the disk before them.
    const seal = readSeal(file, header);
    const isFinished = seal !== undefined && seal.bytes === position;
    if (isFinished) sealed.push(seal);
    const removed = leftovers(disk, directory, superseded);
    isKept = !isFinished;
    const active = isFinished ? undefined : scanned;
    return {
      sealed,
      active,
      marks,
      endOffset,
      report: { scannedBytes: position, cutBytes, removed },
    };
  } finally {
    if (!isKept) file.close();
  }
}

/** Any segment but the last. */
interface FinishedSegment {
  readonly path: string;
  readonly firstOffset: number;
  readonly bytes: number;
  readonly seal: SealedSegment | undefined;
}

function readFinished(
  disk: Disk,
  directory: string,
  firstOffset: number,
  belonging: Belonging,
): FinishedSegment {
  const path = segmentPath(directory, firstOffset);
  const file = disk.openFile(path, 'read');
  try {
    const header = readSegmentHeader(file);
    checkBelonging(path, header, firstOffset, belonging);
    return { path, firstOffset, bytes: file.size(), seal: readSeal(file, header) };
  } finally {
    file.close();
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
  readonly superseded: string[];
}

/** The finished segments, each beginning where the one before it ends, up to where the last begins. */
function chain(
  finished: readonly FinishedSegment[],
  last: number | undefined,
  marks: MarkValues | undefined,
  directory: string,
): Chain {
  const sealed: SealedSegment[] = [];
  const superseded: string[] = [];
  const start = marks?.startOffset ?? 0;
  const expect = (firstOffset: number): void => {
    const before = sealed.at(-1)?.endOffset ?? (marks === undefined ? firstOffset : start);
    if (firstOffset <= before) return;
    const path = segmentPath(directory, firstOffset);
    logDamaged(path, 0, `offsets ${before} to ${firstOffset} before it are missing`);
  };
  finished.forEach(({ path, firstOffset, bytes, seal }, i) => {
    const next = finished[i + 1]?.firstOffset ?? last ?? 0;
    const isMerged = firstOffset < (sealed.at(-1)?.endOffset ?? 0);
    // What is retained ends above the start; the next one may begin there at the latest.
    if (next <= start || isMerged) {
      superseded.push(path);
      return;
    }
    expect(firstOffset);
    // The next one was made after this one had been flushed: its seal is there, or was lost since.
    if (seal === undefined) {
      logDamaged(path, bytes, 'the seal that ends a finished segment is not there');
    }
    sealed.push(seal);
  });
  if (last !== undefined) expect(last);
  return { sealed, superseded };
}

interface Scanned extends ActiveSegment {
  /** The greatest durable offset that any frame names, those after damage included. */
  readonly durableOffset: number;
  /** The first frame that no mark says is durable begins here. */
  readonly doubtfulFrom: number;
}

const PIECE_BYTES = 1024 * 1024;

function scan(file: DiskFile, header: SegmentHeader, marks: MarkValues | undefined): Scanned {
  const scanner = new FrameScanner(file, header.salt);
  const index = new SegmentIndex();
  let position = SEGMENT_HEADER_BYTES;
  let endOffset = header.firstOffset;
  let durableOffset = 0;
  let doubtfulFrom = position;
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
    if (marks !== undefined && endOffset <= marks.durableOffset) doubtfulFrom = position;
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
    doubtfulFrom,
    records,
    leastTimestamp,
    greatestTimestamp,
    lastAppendMs,
  };
}

function missing(path: string, position: number, endOffset: number, durableOffset: number): never {
  logDamaged(
    path,
    position,
    `offsets ${endOffset} to ${durableOffset} had been acknowledged as durable and cannot be read`,
  );
}

/** Cuts what follows the last valid frame, and makes what is left durable. */
function cut({ file, position, doubtfulFrom }: Scanned): number {
  const torn = file.size() - position;
  if (torn > 0) file.truncate(position);
  writeAgain(file, doubtfulFrom, position);
  file.dataSync();
  return torn;
}

/**
 * Writes a stretch of a file again as it is. After a flush that failed, the system may hold pages that
 * the disk never got and take them for stored: only a page that is written anew is flushed again.
 */
function writeAgain(file: DiskFile, from: number, to: number): void {
  const piece = Buffer.alloc(Math.min(to - from, PIECE_BYTES));
  for (let at = from; at < to; at += piece.length) {
    const bytes = piece.subarray(0, Math.min(piece.length, to - at));
    file.read(bytes, at);
    file.write(bytes, at);
  }
}

/**
 * Files that are no part of the log. They may go only once what makes them so, the marks and the
 * names in the directory, is on stable storage: it may have been read from memory.
 */
function leftovers(
  disk: Disk,
  directory: string,
  superseded: readonly string[],
): readonly string[] {
  const unfinished = disk.readDirectory(directory).filter(name => name.endsWith(UNFINISHED));
  const removed = unfinished.map(name => join(directory, name));
  for (const path of superseded) {
    removed.push(path);
    const index = indexPath(path);
    if (disk.stat(index) !== undefined) removed.push(index);
  }
  return removed;
}
