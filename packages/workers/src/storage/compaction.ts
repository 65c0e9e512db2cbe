import { RecordView } from '@lite-streams/core/internal';
import type { Disk, DiskFile } from './disk.ts';
import { NO_GREATEST, NO_LEAST, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { FrameRecords } from './frame-records.ts';
import { FrameScanner } from './frame-scanner.ts';
import { encodeSeal, FrameWriter } from './frame-writer.ts';
import {
  encodeSegmentHeader,
  indexPath,
  removeSegment,
  type SealedSegment,
  type SegmentHeader,
  UNFINISHED,
  writeWhole,
} from './segment.ts';
import { SegmentIndex } from './segment-index.ts';
import { logDamaged } from './storage-failure.ts';

export interface CompactionPolicy {
  /** How long a record without a value stays that says that its key is gone. A day by default. */
  readonly tombstoneMs?: number | undefined;
  /** Keys that are held in memory at most; what lies behind so many is left to the next time. */
  readonly mostKeys?: number | undefined;
}

export interface CompactionReport {
  /** Records that were left out. */
  readonly removed: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** What compaction needs of the log whose segments it rewrites. */
export interface CompactedLog {
  readonly disk: Disk;
  readonly directory: string;
  readonly compress: boolean;
  readonly segmentBytes: number;
  durableOffset(): number;
  nowMs(): number;
  newHeader(firstOffset: number): SegmentHeader;
}

const DAY_MS = 86_400_000;
const MOST_KEYS = 1_000_000;

/** A finished segment, and what of it stays. */
interface Candidate {
  readonly segment: SealedSegment;
  keptBytes: number;
  removed: number;
}

/**
 * Leaves out of the finished segments every data record whose key has a later one, and joins segments
 * that have become small. Offsets stay as they are; what has no key, and control records, stay too.
 *
 * A rewritten segment takes the place of the old one by a rename, when it is whole and flushed; those
 * that were joined to it are removed after that, and a crash in between leaves segments that lie
 * within another one, which recovery removes. It yields after every frame, so that an owner can do
 * its other duties; `sealed` is changed whenever a segment has been replaced.
 */
export function* compact(
  log: CompactedLog,
  sealed: SealedSegment[],
  policy: CompactionPolicy,
): Generator<void, CompactionReport> {
  const rule = new LatestByKey(policy, log.nowMs());
  const candidates = sealed.map(segment => ({ segment, keptBytes: 0, removed: 0 }));
  for (const { segment } of candidates) yield* rule.learn(log.disk, segment);
  for (const candidate of candidates) yield* weigh(log.disk, candidate, rule);
  const bytesBefore = total(sealed);
  let removed = 0;
  for (let i = 0; i < candidates.length; ) {
    const group = joined(candidates, i, log.segmentBytes);
    i += group.length;
    const dropped = group.reduce((sum, candidate) => sum + candidate.removed, 0);
    if (dropped === 0 && group.length === 1) continue;
    const segments = group.map(({ segment }) => segment);
    const rewritten = yield* rewrite(log, segments, rule);
    sealed.splice(sealed.indexOf(segments[0]), segments.length, rewritten);
    removed += dropped;
  }
  return { removed, bytesBefore, bytesAfter: total(sealed) };
}

function total(segments: readonly SealedSegment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The candidates from `from` on that fit into one segment. */
function joined(candidates: readonly Candidate[], from: number, segmentBytes: number): Candidate[] {
  let bytes = 0;
  let end = from;
  while (end < candidates.length) {
    bytes += candidates[end].keptBytes;
    if (end > from && bytes > segmentBytes) break;
    end++;
  }
  return candidates.slice(from, end);
}

/** Which records stay. */
class LatestByKey {
  private readonly latest = new Map<string, number>();
  private readonly mostKeys: number;
  private readonly tombstonesBeforeMs: number;
  private readonly view = new RecordView();
  /** From here on nothing is known; everything stays. */
  private knownTo = Number.MAX_SAFE_INTEGER;

  constructor({ tombstoneMs = DAY_MS, mostKeys = MOST_KEYS }: CompactionPolicy, nowMs: number) {
    this.mostKeys = mostKeys;
    this.tombstonesBeforeMs = nowMs - tombstoneMs;
  }

  *learn(disk: Disk, segment: SealedSegment): Generator<void> {
    if (segment.firstOffset >= this.knownTo) return;
    for (const { records } of framesOf(disk, segment)) {
      while (records.next()) {
        const key = this.keyOf(records);
        if (key === undefined) continue;
        if (this.latest.size === this.mostKeys && !this.latest.has(key)) {
          this.knownTo = records.offset;
          return;
        }
        this.latest.set(key, records.offset);
      }
      yield;
    }
  }

  keeps(records: FrameRecords, appendedAtMs: number): boolean {
    if (records.offset >= this.knownTo) return true;
    const key = this.keyOf(records);
    if (key === undefined) return true;
    if (this.latest.get(key) !== records.offset) return false;
    return this.view.hasValue || appendedAtMs >= this.tombstonesBeforeMs;
  }

  /** The key's bytes, one a character: keys that are no text are told apart too. */
  private keyOf(records: FrameRecords): string | undefined {
    if (records.meta >>> 12 !== 0) return undefined;
    const { memory } = records;
    const view = this.view.wrap(memory, records.at, 0, records.offset);
    if (!view.hasKey) return undefined;
    return memory.buffer.toString('latin1', view.keyStart, view.keyStart + view.keyLength);
  }
}

function* weigh(disk: Disk, candidate: Candidate, rule: LatestByKey): Generator<void> {
  for (const { records, scanner } of framesOf(disk, candidate.segment)) {
    while (records.next()) {
      if (rule.keeps(records, scanner.appendedAtMs)) candidate.keptBytes += records.bytes;
      else candidate.removed++;
    }
    yield;
  }
}

function* rewrite(
  log: CompactedLog,
  segments: readonly SealedSegment[],
  rule: LatestByKey,
): Generator<void, SealedSegment> {
  const { disk } = log;
  const { path, firstOffset } = segments[0];
  const output = new SegmentOutput(log, path, firstOffset);
  try {
    for (const segment of segments) {
      for (const { records, scanner } of framesOf(disk, segment)) {
        output.source(scanner.epoch, scanner.appendedAtMs);
        while (records.next()) {
          if (rule.keeps(records, scanner.appendedAtMs)) output.add(records);
        }
        yield;
      }
    }
    const rewritten = output.finish(segments[segments.length - 1].endOffset);
    disk.rename(path + UNFINISHED, path);
    disk.syncDirectory(log.directory);
    for (const segment of segments.slice(1)) removeSegment(disk, segment.path);
    disk.syncDirectory(log.directory);
    return rewritten;
  } finally {
    output.close();
  }
}

/** A segment that is made anew, under another name until it is whole. */
class SegmentOutput {
  private readonly log: CompactedLog;
  private readonly path: string;
  private readonly header: SegmentHeader;
  private readonly file: DiskFile;
  private readonly writer: FrameWriter;
  private readonly index = new SegmentIndex();
  private position = SEGMENT_HEADER_BYTES;
  private epoch = 0;
  private appendedAtMs = 0;
  private records = 0;
  private leastTimestamp = NO_LEAST;
  private greatestTimestamp = NO_GREATEST;

  constructor(log: CompactedLog, path: string, firstOffset: number) {
    this.log = log;
    this.path = path;
    this.header = log.newHeader(firstOffset);
    this.file = log.disk.openFile(path + UNFINISHED, 'create');
    this.file.write(encodeSegmentHeader(this.header), 0);
    this.writer = new FrameWriter(log.compress);
    this.writer.begin(firstOffset);
  }

  /** What follows comes from a frame of this epoch and age. */
  source(epoch: number, appendedAtMs: number): void {
    if (epoch !== this.epoch && this.writer.count > 0) this.endFrame(this.writer.endOffset);
    this.epoch = epoch;
    this.appendedAtMs = Math.max(this.appendedAtMs, appendedAtMs);
  }

  add({ memory, at, bytes, meta, offset }: FrameRecords): void {
    const { writer } = this;
    if (writer.add(memory, at, bytes, meta >>> 12, meta & 0xfff, offset)) return;
    this.endFrame(offset);
    writer.add(memory, at, bytes, meta >>> 12, meta & 0xfff, offset);
  }

  /** Writes the frame that is being made, up to `endOffset`, and begins the next one there. */
  private endFrame(endOffset: number): void {
    const { writer, header, log } = this;
    do {
      const end = writer.coverTo(endOffset);
      const frame = writer.finish({
        salt: header.salt,
        durableOffset: log.durableOffset(),
        epoch: this.epoch,
        appendedAtMs: this.appendedAtMs,
      });
      this.file.write(frame, this.position);
      this.index.note(this.position, writer.firstOffset, writer.greatestTimestamp);
      this.position += frame.length;
      this.records += writer.dataCount;
      this.leastTimestamp = Math.min(this.leastTimestamp, writer.leastTimestamp);
      this.greatestTimestamp = Math.max(this.greatestTimestamp, writer.greatestTimestamp);
      writer.begin(end);
    } while (writer.firstOffset < endOffset);
  }

  finish(endOffset: number): SealedSegment {
    if (this.writer.firstOffset < endOffset) this.endFrame(endOffset);
    const { salt, firstOffset } = this.header;
    const durableOffset = this.log.durableOffset();
    const stamp = { salt, durableOffset, epoch: this.epoch, appendedAtMs: this.appendedAtMs };
    const { records, leastTimestamp, greatestTimestamp } = this;
    const seal = encodeSeal(stamp, endOffset, { records, leastTimestamp, greatestTimestamp });
    this.file.write(seal, this.position);
    this.file.dataSync();
    writeWhole(this.log.disk, indexPath(this.path), this.index.encode(salt));
    return {
      path: this.path,
      salt,
      firstOffset,
      endOffset,
      bytes: this.position + seal.length,
      records,
      leastTimestamp,
      greatestTimestamp,
      lastAppendMs: this.appendedAtMs,
    };
  }

  close(): void {
    this.file.close();
  }
}

interface Frame {
  readonly scanner: FrameScanner;
  readonly records: FrameRecords;
}

/** The frames of a finished segment, each with its records yet to be read. Throws `LOG_DAMAGED`. */
function* framesOf(disk: Disk, segment: SealedSegment): Generator<Frame> {
  const file = disk.openFile(segment.path, 'read');
  try {
    const scanner = new FrameScanner(file, segment.salt);
    const records = new FrameRecords();
    for (let at = SEGMENT_HEADER_BYTES; ; at = scanner.end) {
      if (!scanner.load(at))
        logDamaged(segment.path, at, 'a frame of a finished segment is not whole');
      if (scanner.isSeal) return;
      records.open(scanner);
      yield { scanner, records };
    }
  } finally {
    file.close();
  }
}
