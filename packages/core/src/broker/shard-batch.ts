import type { Appender } from '../shard/appender.ts';
import { KERNEL, KIND } from '../shard/layout.ts';

/** Copies of at most this many bytes go word by word, which beats a native call. */
const SHORT_COPY = 256;

/** The encoded records of one producer that wait for their shard, in scratch memory. */
export class ShardBatch {
  readonly appender: Appender;
  records = 0;
  private readonly maxRecords: number;
  private readonly room: number;
  private readonly address: number;
  private bytes = 0;
  private readonly startedAtMs: number;
  private started = false;

  constructor(appender: Appender, batchRecords: number, batchBytes: number, startedAtMs: number) {
    this.startedAtMs = startedAtMs;
    this.appender = appender;
    this.maxRecords = Math.min(batchRecords, appender.maxRecords);
    const wanted = Math.max(batchBytes, appender.shard.plan.maxRecordBytes);
    this.room = Math.min(wanted, appender.maxBytes) & ~7;
    this.address = appender.shard.scratch.alloc(this.room);
  }

  /** Whether a record of `bytes` bytes still belongs into this batch. */
  fits(bytes: number): boolean {
    return this.records < this.maxRecords && this.bytes + bytes <= this.room;
  }

  /** Where the next record may be encoded, and how many bytes are left for it; 0 when it is full. */
  get end(): number {
    return this.address + this.bytes;
  }

  get left(): number {
    return this.records < this.maxRecords ? this.room - this.bytes : 0;
  }

  /** Takes in a record of `bytes` bytes that was encoded at `end`. */
  advance(bytes: number): void {
    this.bytes += bytes;
    this.records++;
  }

  /** Copies a record of `bytes` bytes, a multiple of 8, from scratch address `from`. */
  add(from: number, bytes: number): void {
    const { scratch } = this.appender.shard;
    const to = this.address + this.bytes;
    if (bytes <= SHORT_COPY) {
      const { i32 } = scratch;
      const end = (from + bytes) >> 2;
      for (let source = from >> 2, target = to >> 2; source < end; ) {
        i32[target++] = i32[source++];
        i32[target++] = i32[source++];
      }
    } else {
      scratch.u8.copyWithin(to, from, from + bytes);
    }
    this.bytes += bytes;
    this.records++;
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
    const result = this.appender.append(this.address, this.records, this.bytes);
    if (result !== KERNEL.FULL && result !== KERNEL.REFUSED) this.clear();
    return result;
  }

  clear(): void {
    this.records = 0;
    this.bytes = 0;
  }

  close(): void {
    this.clear();
    this.appender.shard.scratch.free(this.address, this.room);
  }
}
