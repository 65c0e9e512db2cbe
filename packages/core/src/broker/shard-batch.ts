import type { Scratch } from '../memory/scratch.ts';
import { BATCH } from '../record/encoder.ts';
import type { Appender } from '../shard/appender.ts';
import { KERNEL, KIND } from '../shard/layout.ts';

/** Copies of at most this many bytes go word by word, which beats a native call. */
const SHORT_COPY = 256;

const END = BATCH.end >> 2;
const RECORDS = BATCH.records >> 2;
const LIMIT = BATCH.limit >> 2;
const MOST = BATCH.most >> 2;

/** The batches of one producer, and their table in scratch memory, where `stage` finds them too. */
export class ShardBatches {
  readonly list: readonly ShardBatch[];
  /** Address of the table: an entry of `BATCH` for each shard. */
  readonly table: number;
  private readonly scratch: Scratch;

  constructor(
    appenders: readonly Appender[],
    batchRecords: number,
    batchBytes: number,
    nowMs: number,
  ) {
    this.scratch = appenders[0].shard.scratch;
    this.table = this.scratch.alloc(appenders.length * BATCH.bytes, this);
    this.list = appenders.map(
      (appender, i) =>
        new ShardBatch(appender, batchRecords, batchBytes, nowMs, this.table + i * BATCH.bytes),
    );
  }

  close(): void {
    for (const batch of this.list) batch.close();
    this.scratch.free(this.table, this.list.length * BATCH.bytes, this);
  }
}

/** The encoded records of one producer that wait for their shard, in scratch memory. */
export class ShardBatch {
  readonly appender: Appender;
  private readonly scratch: Scratch;
  private readonly room: number;
  private readonly address: number;
  /** Index of the batch's entry in the table, in words. */
  private readonly entry: number;
  private readonly startedAtMs: number;
  private started = false;

  constructor(
    appender: Appender,
    batchRecords: number,
    batchBytes: number,
    startedAtMs: number,
    entryAddress: number,
  ) {
    this.startedAtMs = startedAtMs;
    this.appender = appender;
    this.scratch = appender.shard.scratch;
    const wanted = Math.max(batchBytes, appender.shard.plan.maxRecordBytes);
    this.room = Math.min(wanted, appender.maxBytes) & ~7;
    this.address = this.scratch.alloc(this.room, this);
    this.entry = entryAddress >> 2;
    const { i32 } = this.scratch;
    i32[this.entry + LIMIT] = this.address + this.room;
    i32[this.entry + MOST] = Math.min(batchRecords, appender.maxRecords);
    this.clear();
  }

  get records(): number {
    return this.scratch.i32[this.entry + RECORDS];
  }

  /** Whether a record of `bytes` bytes still belongs into this batch. */
  fits(bytes: number): boolean {
    return bytes <= this.left;
  }

  /** Where the next record may be encoded. */
  get end(): number {
    return this.scratch.i32[this.entry + END];
  }

  /** How many bytes are left for the next record; 0 when the batch is full. */
  get left(): number {
    const { i32 } = this.scratch;
    const { entry } = this;
    return i32[entry + RECORDS] < i32[entry + MOST] ? i32[entry + LIMIT] - i32[entry + END] : 0;
  }

  /** Takes in a record of `bytes` bytes that was encoded at `end`. */
  advance(bytes: number): void {
    const { i32 } = this.scratch;
    i32[this.entry + END] += bytes;
    i32[this.entry + RECORDS]++;
  }

  /** Copies a record of `bytes` bytes, a multiple of 8, from scratch address `from`. */
  add(from: number, bytes: number): void {
    const { i32, u8 } = this.scratch;
    const to = this.end;
    if (bytes <= SHORT_COPY) {
      const end = (from + bytes) >> 2;
      for (let source = from >> 2, target = to >> 2; source < end; ) {
        i32[target++] = i32[source++];
        i32[target++] = i32[source++];
      }
    } else {
      u8.copyWithin(to, from, from + bytes);
    }
    this.advance(bytes);
  }

  /**
   * Tells the shard's readers that this producer has begun: from here on in the log it counts for
   * their watermarks, though it may not have appended a record yet. Returns as `append` does.
   */
  start(): number {
    const result = this.appender.appendControl(KIND.producerStart, this.startedAtMs);
    this.started = result >= 0;
    return result;
  }

  /** Appends what is there as one batch. Returns WAKE bits, or `FULL` or `REFUSED`: it is kept. */
  append(): number {
    if (!this.started) {
      const result = this.start();
      if (result < 0) return result;
    }
    const result = this.appender.append(this.address, this.records, this.end - this.address);
    if (result !== KERNEL.FULL && result !== KERNEL.REFUSED) this.clear();
    return result;
  }

  clear(): void {
    const { i32 } = this.scratch;
    i32[this.entry + END] = this.address;
    i32[this.entry + RECORDS] = 0;
  }

  close(): void {
    this.clear();
    this.scratch.free(this.address, this.room, this);
  }
}
