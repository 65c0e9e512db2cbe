import { randomInt } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { FRAME, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { FrameScanner } from './frame-scanner.ts';
import { checksum, encodeSeal, FrameWriter } from './frame-writer.ts';
import { inspectLog, type LogInspection } from './inspect.ts';
import { MARKS_NAME, Marks } from './marks.ts';
import type { Belonging } from './recovery.ts';
import { encodeSegmentHeader, UNFINISHED } from './segment.ts';
import type { SegmentSurvey } from './survey.ts';

export interface RepairReport {
  readonly directory: string;
  /** Segments that were written anew. */
  readonly rewritten: readonly string[];
  /** Copies of what they were before. */
  readonly copies: readonly string[];
  /** Offsets that are lost. */
  readonly lost: readonly { readonly from: number; readonly to: number }[];
  readonly firstOffset: number;
  readonly endOffset: number;
}

const COPY_BYTES = 1024 * 1024;

/**
 * Makes a log that can be opened of what `inspectLog` finds: every whole frame stays at its offsets,
 * and what is lost between them becomes offsets that hold nothing. A segment that has to be written
 * anew is copied beside itself first, as `….damaged`. Nobody else may have the log open.
 */
export function repairLog(disk: Disk, directory: string): RepairReport {
  const found = inspectLog(disk, directory);
  const belonging = belongingOf(found);
  const endOffset = Math.max(found.endOffset, found.durableOffset);
  const rewritten: string[] = [];
  const copies: string[] = [];
  if (found.damages.length > 0) {
    found.segments.forEach((segment, i) => {
      const next = found.segments[i + 1]?.firstOffset;
      if (isSound(segment, next, endOffset)) return;
      copies.push(copyBeside(disk, segment.path));
      rewrite(disk, segment, belonging, next, endOffset);
      rewritten.push(segment.path);
    });
    writeMarks(disk, found, endOffset);
    disk.syncDirectory(directory);
  }
  return {
    directory,
    rewritten,
    copies,
    lost: found.damages
      .filter(({ lostFrom, lostTo }) => lostTo > lostFrom)
      .map(({ lostFrom, lostTo }) => ({ from: lostFrom, to: lostTo })),
    firstOffset: startOf(found, endOffset),
    endOffset,
  };
}

/** Without a segment the log begins anew, where it had ended. */
function startOf({ segments }: LogInspection, endOffset: number): number {
  return segments[0]?.firstOffset ?? endOffset;
}

function belongingOf({ directory, segments }: LogInspection): Belonging {
  const header = segments.find(segment => segment.header !== undefined)?.header;
  // The directory of a shard is named by its number.
  return header ?? { shard: Number(basename(directory)) || 0, identity: 0 };
}

function isSound(segment: SegmentSurvey, next: number | undefined, endOffset: number): boolean {
  if (segment.damages.length > 0) return false;
  if (next === undefined) return segment.endOffset >= endOffset;
  return segment.isSealed && segment.endOffset === next && segment.tailBytes === 0;
}

function copyBeside(disk: Disk, path: string): string {
  let to = `${path}.damaged`;
  for (let n = 2; disk.stat(to) !== undefined; n++) to = `${path}.damaged-${n}`;
  const from = disk.openFile(path, 'read');
  const copy = disk.openFile(to, 'create');
  try {
    const piece = Buffer.alloc(COPY_BYTES);
    for (let at = 0; ; at += piece.length) {
      const got = from.read(piece, at);
      if (got > 0) copy.write(piece.subarray(0, got), at);
      if (got < piece.length) break;
    }
    copy.dataSync();
  } finally {
    from.close();
    copy.close();
  }
  return to;
}

function rewrite(
  disk: Disk,
  segment: SegmentSurvey,
  belonging: Belonging,
  next: number | undefined,
  endOffset: number,
): void {
  const from = disk.openFile(segment.path, 'read');
  const to = disk.openFile(segment.path + UNFINISHED, 'create');
  try {
    const output = new Rebuilt(to, segment, belonging);
    if (segment.salt !== undefined) {
      const scanner = new FrameScanner(from, segment.salt);
      for (const { position } of segment.frames) {
        if (scanner.load(position)) output.copy(scanner);
      }
    }
    output.cover(next ?? endOffset);
    if (next !== undefined) output.seal(segment);
    to.dataSync();
  } finally {
    from.close();
    to.close();
  }
  disk.rename(segment.path + UNFINISHED, segment.path);
}

/** A segment that is written anew from whole frames. */
class Rebuilt {
  private readonly file: DiskFile;
  private readonly salt = randomInt(2 ** 32) | 0;
  private readonly writer = new FrameWriter(false);
  private position = SEGMENT_HEADER_BYTES;
  private endOffset: number;
  private appendedAtMs: number;

  constructor(file: DiskFile, { firstOffset, header }: SegmentSurvey, belonging: Belonging) {
    this.file = file;
    this.endOffset = firstOffset;
    const { salt } = this;
    const { shard, identity } = belonging;
    this.appendedAtMs = header?.createdAtMs ?? 0;
    const createdAtMs = this.appendedAtMs;
    file.write(encodeSegmentHeader({ shard, identity, salt, firstOffset, createdAtMs }), 0);
  }

  /** The loaded frame, under the salt of this segment. */
  copy(scanner: FrameScanner): void {
    this.cover(scanner.firstOffset);
    const { at, length, memory } = scanner;
    const frame = Buffer.from(memory.u8.subarray(at, at + length));
    frame.writeInt32LE(this.salt, FRAME.salt);
    frame.writeInt32LE(checksum(frame, length), FRAME.checksum);
    this.write(frame);
    this.endOffset = scanner.endOffset;
    this.appendedAtMs = scanner.appendedAtMs;
  }

  /** Offsets up to `to` that hold nothing. */
  cover(to: number): void {
    while (this.endOffset < to) {
      this.writer.begin(this.endOffset);
      this.endOffset = this.writer.coverTo(to);
      this.write(this.writer.finish(this.stamp()));
    }
  }

  seal(contents: SegmentSurvey): void {
    this.write(encodeSeal(this.stamp(), this.endOffset, contents));
  }

  private stamp() {
    const { salt, appendedAtMs } = this;
    return { salt, durableOffset: 0, epoch: 0, appendedAtMs };
  }

  private write(frame: Uint8Array): void {
    this.file.write(frame, this.position);
    this.position += frame.length;
  }
}

function writeMarks(disk: Disk, found: LogInspection, endOffset: number): void {
  const file = disk.openFile(join(found.directory, MARKS_NAME), 'create');
  const marks = new Marks(file, found.marks?.sequence ?? 0);
  marks.write(endOffset, startOf(found, endOffset));
  marks.dataSync();
  marks.close();
}
