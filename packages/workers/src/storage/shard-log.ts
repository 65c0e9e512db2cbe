import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { StreamError } from '@lite-streams/core';
import { fail, type SlotRun } from '@lite-streams/core/internal';
import {
  type CompactedLog,
  type CompactionPolicy,
  type CompactionReport,
  compact,
} from './compaction.ts';
import type { Disk, FlushAhead } from './disk.ts';
import { NO_GREATEST, NO_LEAST, SEAL_BYTES, SEGMENT_HEADER_BYTES } from './frame-layout.ts';
import { type AppendableRun, encodeSeal, type FrameStamp, FrameWriter } from './frame-writer.ts';
import { MARKS_NAME, Marks, type MarkValues } from './marks.ts';
import { type ActiveSegment, type Belonging, type RecoveryReport, recover } from './recovery.ts';
import { countExpired, type RetentionPolicy } from './retention.ts';
import {
  encodeSegmentHeader,
  indexPath,
  removeSegment,
  type SealedSegment,
  type SegmentHeader,
  segmentPath,
  UNFINISHED,
  writeWhole,
} from './segment.ts';
import { SegmentIndex } from './segment-index.ts';
import { ShardLogReader } from './shard-log-reader.ts';
import { asStorageFailure } from './storage-failure.ts';

export interface ShardLogOptions {
  /** The shard's number, which every segment repeats. */
  readonly shard?: number | undefined;
  /** A number that stands for the topic, so that a file of another one is noticed; 0: none. */
  readonly identity?: number | undefined;
  /** Offset of the first record of a log that is made anew. 0 by default. */
  readonly firstOffset?: number | undefined;
  /** A segment is finished when it would become larger. 64 MiB by default. */
  readonly segmentBytes?: number | undefined;
  /** Whether frames are compressed with zstd. Not by default. */
  readonly compress?: boolean | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Draws the salt of a segment: a whole number of 32 bits. */
  readonly salt?: (() => number) | undefined;
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;
/**
 * Where nobody waits for the disk, a segment is flushed when it is finished: after so many bytes the
 * disk may as well begin, so that little is left to wait for.
 */
const FLUSH_AHEAD_BYTES = 8 * 1024 * 1024;

/**
 * The log of a shard on disk, open for writing: one writer, who holds the directory's lock. What is
 * appended is in the page cache when `append` returns and on stable storage when `sync` does.
 *
 * An error of the disk while it writes stops the log: everything afterwards throws the same
 * `STORAGE_FAILED`, nothing is retried, and the next `open` finds what was durable.
 */
export class ShardLog {
  readonly directory: string;
  /** What opening found and did. */
  readonly recovery: RecoveryReport;

  private readonly disk: Disk;
  private readonly belonging: Belonging;
  private readonly segmentBytes: number;
  private readonly now: () => number;
  private readonly salt: () => number;
  private readonly compress: boolean;
  private readonly writer: FrameWriter;
  private readonly marks: Marks;
  private readonly sealed: SealedSegment[];
  private readonly reader: ShardLogReader;
  private active: ActiveSegment;
  private durable: number;
  private start: number;
  private failure: unknown;
  private isOpen = true;
  private isCompacting = false;
  private compactedTo = 0;
  private stampedAtMs = 0;
  /** Written since the disk was last told to begin, or to finish. */
  private unflushedBytes = 0;
  /** Of the active segment, since it was last flushed. */
  private ahead: FlushAhead | undefined;

  /**
   * Recovers the log in `directory` and opens it, or makes a new one. Throws `LOG_DAMAGED`,
   * `STORAGE_MISMATCH`, `STORAGE_FAILED`.
   */
  static open(disk: Disk, directory: string, options: ShardLogOptions = {}): ShardLog {
    try {
      return new ShardLog(disk, directory, options);
    } catch (error) {
      throw asStorageFailure('opening', directory, error);
    }
  }

  private constructor(disk: Disk, directory: string, options: ShardLogOptions) {
    this.disk = disk;
    this.directory = directory;
    this.belonging = { shard: options.shard ?? 0, identity: options.identity ?? 0 };
    this.segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
    this.now = options.now ?? Date.now;
    this.salt = options.salt ?? (() => randomInt(2 ** 32) | 0);
    this.compress = options.compress === true;
    this.writer = new FrameWriter(this.compress);
    disk.makeDirectory(directory);
    const found = recover(disk, directory, this.belonging);
    const { active, sealed, marks } = found;
    this.recovery = found.report;
    this.sealed = sealed;
    const isNew = active === undefined && sealed.length === 0;
    const end = isNew ? (marks?.startOffset ?? options.firstOffset ?? 0) : found.endOffset;
    this.start = sealed[0]?.firstOffset ?? active?.header.firstOffset ?? end;
    this.durable = end;
    this.marks = this.openMarks(marks);
    this.removeLeftovers();
    this.active = active ?? this.makeSegment(end);
    this.reader = new ShardLogReader(disk, directory, this.belonging);
  }

  /**
   * For good, before a file is made that has one of their names: else a crash may leave its renaming without
   * its making, and one of these would stand in its place.
   */
  private removeLeftovers(): void {
    const { removed } = this.recovery;
    for (const path of removed) this.disk.remove(path);
    if (removed.length > 0) this.disk.syncDirectory(this.directory);
  }

  /** The offset that the next record has. */
  get endOffset(): number {
    return this.active.endOffset;
  }

  /** Everything below is on stable storage. */
  get durableOffset(): number {
    return this.durable;
  }

  /** The oldest offset that the log holds. */
  get firstOffset(): number {
    return this.start;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.sealed.reduce((sum, { bytes }) => sum + bytes, this.active.position);
  }

  /** The finished segments, oldest first. */
  get segments(): readonly SealedSegment[] {
    return this.sealed;
  }

  /**
   * Appends the slots of `run`, whose offset must be `endOffset`, as one frame or more. When it
   * returns, other processes can read them. Throws `STORAGE_FAILED`.
   */
  append(run: AppendableRun, epoch = 0): void {
    this.checkOpen();
    if (run.offset !== this.endOffset) {
      throw new Error(`a run from offset ${run.offset} on was appended at ${this.endOffset}`);
    }
    const { writer } = this;
    for (let from = 0; from < run.count; ) {
      from = writer.fill(run, from);
      const isFull = this.active.position + writer.bytesAtMost + SEAL_BYTES > this.segmentBytes;
      if (isFull && !this.isActiveEmpty()) this.roll();
      const frame = writer.finish(this.stamp(epoch));
      this.guarded('writing to', () => this.active.file.write(frame, this.active.position));
      this.noteFrame(frame.length);
    }
  }

  private noteFrame(bytes: number): void {
    const { active, writer } = this;
    active.index.note(active.position, writer.firstOffset, writer.greatestTimestamp);
    active.position += bytes;
    active.endOffset += writer.span;
    active.records += writer.dataCount;
    active.leastTimestamp = Math.min(active.leastTimestamp, writer.leastTimestamp);
    active.greatestTimestamp = Math.max(active.greatestTimestamp, writer.greatestTimestamp);
    active.lastAppendMs = this.stampedAtMs;
    this.unflushedBytes += bytes;
    if (this.unflushedBytes < FLUSH_AHEAD_BYTES || this.ahead?.isDone === false) return;
    this.unflushedBytes = 0;
    this.ahead = this.disk.flushAhead?.(active.file.path);
  }

  /**
   * Returns when everything appended is on stable storage, and what `durableOffset` then is. Throws
   * `STORAGE_FAILED`: a flush that failed is never tried again, for the system may have dropped what
   * it could not write.
   */
  sync(): number {
    this.checkOpen();
    if (this.durable === this.endOffset) return this.durable;
    this.guarded('flushing', () => this.flush());
    this.setDurable();
    return this.durable;
  }

  /** All of the active segment: an error that has been met ahead of this is one of it. */
  private flush(): void {
    this.active.file.dataSync();
    this.ahead?.settle();
    this.ahead = undefined;
  }

  private setDurable(): void {
    this.durable = this.endOffset;
    this.unflushedBytes = 0;
    this.guarded('writing the marks of', () => this.marks.write(this.durable, this.start));
  }

  /** As `ShardLogReader.read`. */
  read(offset: number, maxBytes?: number): SlotRun | undefined {
    this.checkOpen();
    return this.reader.read(offset, maxBytes);
  }

  /** As `ShardLogReader.offsetOfTimestamp`. */
  offsetOfTimestamp(timestamp: number): number | undefined {
    this.checkOpen();
    return this.reader.offsetOfTimestamp(timestamp);
  }

  /**
   * Removes the oldest finished segments as far as `policy` allows, and returns the first offset that
   * is left. By age, a segment that is appended to is finished once its first record is too old.
   */
  retain(policy: RetentionPolicy): number {
    this.checkOpen();
    const { ageMs } = policy;
    const nowMs = this.now();
    if (ageMs !== undefined && this.active.header.createdAtMs < nowMs - ageMs) {
      if (!this.isActiveEmpty()) this.roll();
    }
    const whole = {
      bytes: this.bytes,
      records: this.sealed.reduce((sum, { records }) => sum + records, this.active.records),
    };
    const drop = countExpired(this.sealed, whole, policy, nowMs);
    if (drop > 0 && !this.isCompacting) this.dropOldest(drop);
    return this.start;
  }

  /** As `compaction`, at once. */
  compact(policy: CompactionPolicy = {}): CompactionReport {
    const steps = this.compaction(policy);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * Leaves out of the finished segments every record whose key has a later one in them. Each step
   * reads or writes one frame. Until the last one, or until it is given up, nothing is retained away.
   * Throws `LOG_DAMAGED`, `STORAGE_FAILED`.
   */
  *compaction(policy: CompactionPolicy = {}): Generator<void, CompactionReport> {
    this.checkOpen();
    if (this.isCompacting) throw new Error(`${this.directory} is being compacted already`);
    this.isCompacting = true;
    const endOffset = this.sealed.at(-1)?.endOffset ?? this.start;
    try {
      const report = yield* compact(this.compacted(), this.sealed, policy);
      this.compactedTo = endOffset;
      return report;
    } catch (error) {
      // Damage is for whoever reads it; nothing has been written that is wrong.
      if (error instanceof StreamError) throw error;
      this.failure = asStorageFailure('compacting', this.directory, error);
      throw this.failure;
    } finally {
      this.isCompacting = false;
    }
  }

  /** Whether at least half of what is finished has been so since the last compaction. */
  get isWorthCompacting(): boolean {
    let whole = 0;
    let fresh = 0;
    for (const { bytes, firstOffset } of this.sealed) {
      whole += bytes;
      if (firstOffset >= this.compactedTo) fresh += bytes;
    }
    return fresh > 0 && fresh >= whole / 2;
  }

  private compacted(): CompactedLog {
    const { disk, directory, segmentBytes, compress } = this;
    return {
      disk,
      directory,
      compress,
      segmentBytes,
      durableOffset: () => this.durable,
      nowMs: this.now,
      newHeader: firstOffset => this.newHeader(firstOffset),
    };
  }

  /** The start is durable before the first file goes: whatever is left of them after a crash is known to be over. */
  private dropOldest(count: number): void {
    const dropped = this.sealed.splice(0, count);
    this.start = this.sealed[0]?.firstOffset ?? this.active.header.firstOffset;
    this.guarded('removing old segments of', () => {
      this.marks.write(this.durable, this.start);
      this.marks.dataSync();
      for (const { path } of dropped) removeSegment(this.disk, path);
      this.disk.syncDirectory(this.directory);
    });
  }

  /** Flushes what has been appended, unless the log has failed, and lets go of the files. */
  close(): void {
    if (!this.isOpen) return;
    try {
      if (this.failure === undefined) {
        this.sync();
        this.guarded('flushing the marks of', () => this.marks.dataSync());
      }
    } finally {
      this.isOpen = false;
      this.reader.close();
      this.marks.close();
      this.active.file.close();
    }
  }

  private isActiveEmpty(): boolean {
    return this.active.position === SEGMENT_HEADER_BYTES;
  }

  /** Finishes the active segment, on stable storage, and begins the next one. */
  private roll(): void {
    const { active } = this;
    const { file, header, position, endOffset, index } = active;
    this.guarded('finishing', () => {
      const seal = encodeSeal(this.stamp(0), endOffset, active);
      file.write(seal, position);
      this.flush();
      this.sealed.push({
        path: file.path,
        salt: header.salt,
        firstOffset: header.firstOffset,
        endOffset,
        bytes: position + seal.length,
        records: active.records,
        leastTimestamp: active.leastTimestamp,
        greatestTimestamp: active.greatestTimestamp,
        lastAppendMs: active.lastAppendMs,
      });
      file.close();
      writeWhole(this.disk, indexPath(file.path), index.encode(header.salt));
    });
    this.setDurable();
    this.guarded('beginning a segment in', () => {
      this.active = this.makeSegment(endOffset);
    });
  }

  /** Makes a segment under another name first: one that can be seen has its header on stable storage. */
  private makeSegment(firstOffset: number): ActiveSegment {
    const path = segmentPath(this.directory, firstOffset);
    const header = this.newHeader(firstOffset);
    const making = this.disk.openFile(path + UNFINISHED, 'create');
    making.write(encodeSegmentHeader(header), 0);
    making.dataSync();
    making.close();
    this.disk.rename(path + UNFINISHED, path);
    this.disk.syncDirectory(this.directory);
    return {
      file: this.disk.openFile(path, 'write'),
      header,
      index: new SegmentIndex(),
      position: SEGMENT_HEADER_BYTES,
      endOffset: firstOffset,
      records: 0,
      leastTimestamp: NO_LEAST,
      greatestTimestamp: NO_GREATEST,
      lastAppendMs: header.createdAtMs,
    };
  }

  private newHeader(firstOffset: number): SegmentHeader {
    return { ...this.belonging, salt: this.salt(), firstOffset, createdAtMs: this.now() };
  }

  /** The marks say at once what recovery has found, and are on stable storage with their name. */
  private openMarks(found: MarkValues | undefined): Marks {
    const path = join(this.directory, MARKS_NAME);
    const isThere = this.disk.stat(path) !== undefined;
    const file = this.disk.openFile(path, isThere ? 'write' : 'create');
    const marks = new Marks(file, found?.sequence ?? 0);
    marks.write(this.durable, this.start);
    marks.dataSync();
    this.disk.syncDirectory(this.directory);
    return marks;
  }

  private stamp(epoch: number): FrameStamp {
    this.stampedAtMs = this.now();
    const { salt } = this.active.header;
    return { salt, durableOffset: this.durable, epoch, appendedAtMs: this.stampedAtMs };
  }

  private checkOpen(): void {
    if (this.failure !== undefined) throw this.failure;
    if (!this.isOpen) fail('CLOSED', `The log in ${this.directory} is closed.`);
  }

  /** Runs what writes to the disk; an error of it stops the log for good. */
  private guarded(action: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure = asStorageFailure(action, this.directory, error);
      throw this.failure;
    }
  }
}
