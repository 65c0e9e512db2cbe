import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RecordMemory, RecordWriter, scratch } from '@lite-streams/core/internal';
import type { AppendableRun } from '../../packages/workers/src/storage/frame-writer.ts';
import { nodeDisk } from '../../packages/workers/src/storage/node-disk.ts';
import { ShardLog, type ShardLogOptions } from '../../packages/workers/src/storage/shard-log.ts';

const VALUE_BYTES = 100;
const RUN_RECORDS = 4_096;
const MOST_RECORD_BYTES = 1_024;

/** A run of records of one size, as it stands in a ring, that can be appended again and again. */
export class RepeatedRun implements AppendableRun {
  readonly memory: RecordMemory = scratch();
  readonly count = RUN_RECORDS;
  offset = 0;
  private readonly start: number;
  private readonly recordBytes: number;

  constructor() {
    const writer = new RecordWriter({ maxRecordBytes: MOST_RECORD_BYTES });
    const memory = scratch();
    this.start = memory.alloc(RUN_RECORDS * MOST_RECORD_BYTES);
    const value = Buffer.alloc(VALUE_BYTES, 'v');
    let bytes = 0;
    for (let i = 0, at = this.start; i < RUN_RECORDS; i++, at += bytes) {
      bytes = writer.write(memory, at, MOST_RECORD_BYTES, null, value, i, null);
    }
    this.recordBytes = bytes;
  }

  kind(): number {
    return 0;
  }

  producer(): number {
    return 1;
  }

  storedBytes(): number {
    return this.recordBytes;
  }

  address(index: number): number {
    return this.start + index * this.recordBytes;
  }
}

/** A directory for one log that goes with the bench. */
export class BenchLog {
  readonly directory = mkdtempSync(join(tmpdir(), 'lite-streams-bench-'));
  private readonly options: ShardLogOptions;
  private readonly run = new RepeatedRun();

  constructor(options: ShardLogOptions) {
    this.options = options;
  }

  open(): ShardLog {
    return ShardLog.open(nodeDisk, this.directory, this.options);
  }

  /** Appends until the log has grown by `bytes`; returns by how many records and bytes it has. */
  fill(log: ShardLog, bytes: number): { records: number; bytes: number } {
    const before = { end: log.endOffset, bytes: log.bytes };
    while (log.bytes - before.bytes < bytes) {
      this.run.offset = log.endOffset;
      log.append(this.run);
    }
    return { records: log.endOffset - before.end, bytes: log.bytes - before.bytes };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
