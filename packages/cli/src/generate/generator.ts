import type { Producer, RecordInput } from '@lite-streams/core';
import { addLatency, type LatencyCounts, noLatencies } from './latency.ts';
import { RecordSource, type Workload } from './workload.ts';

/** Header of the time that a record should have been sent, in microseconds since 1970. */
export const SENT_HEADER = 'sent-us';

/** Without a rate, which records carry the time that they were sent: one in so many. */
const SAMPLED = 64;
/** Records between two looks at the clock and at whether to stop. */
const BATCH_RECORDS = 256;
const BATCH_RECORDS_ON_DISK = 16_384;
/** How often every shard is told how far time has come, those that no key goes to included. */
const MARK_MS = 100;
/** The longest sleep until the next record is due: how soon `stopped` is asked again. */
const NAP_MS = 20;

/** What a generator needs from its thread. */
export interface GeneratorThread {
  /** Milliseconds since 1970, with fractions. */
  now(): number;
  /** Whether each batch waits for a disk: then they have to be larger to fill it. */
  readonly waitsForDisk?: boolean;
  /** Blocks the thread. */
  sleep(ms: number): void;
  stopped(): boolean;
}

export interface GeneratorResult {
  readonly records: number;
  readonly valueBytes: number;
  /** From when a record should have been sent until it was in the log. */
  readonly latencies: LatencyCounts;
}

/**
 * Sends every `threads`-th record of a workload from `index` on, when it is due. A record's latency
 * counts from when it should have been sent: what a slow log holds up is not left out.
 */
export class Generator {
  private readonly workload: Workload;
  private readonly index: number;
  private readonly producer: Producer;
  private readonly thread: GeneratorThread;
  private readonly source: RecordSource;
  private readonly latencies = noLatencies();
  private readonly record = {
    key: '',
    value: '',
    timestamp: 0,
    headers: undefined as Record<string, string> | undefined,
  };
  private sent = 0;
  private markedMs = 0;

  constructor(workload: Workload, index: number, producer: Producer, thread: GeneratorThread) {
    this.workload = workload;
    this.index = index;
    this.producer = producer;
    this.thread = thread;
    this.source = new RecordSource(workload);
  }

  /** Sends until the workload is done or the thread is stopped. `startMs`: when record 0 is due. */
  run(startMs: number): GeneratorResult {
    const { count, threads } = this.workload;
    const mine = Math.max(0, Math.ceil((count - this.index) / threads));
    while (this.sent < mine && !this.thread.stopped()) {
      const nowMs = this.thread.now();
      const due = Math.min(mine, this.dueAt(nowMs, startMs));
      if (due > this.sent) this.sendUpTo(due, nowMs, startMs);
      else this.thread.sleep(Math.min(NAP_MS, this.sendMs(this.sent, startMs) - nowMs));
      if (nowMs - this.markedMs >= MARK_MS) this.mark(nowMs, startMs);
    }
    return {
      records: this.sent,
      valueBytes: this.sent * this.workload.sizeBytes,
      latencies: this.latencies,
    };
  }

  private number(mine: number): number {
    return this.index + mine * this.workload.threads;
  }

  /** When my record number `mine` is due, under a rate. */
  private sendMs(mine: number, startMs: number): number {
    return startMs + (this.number(mine) * 1_000) / this.workload.ratePerS;
  }

  /** How many of my records are due by now; a batch more than I have sent at most. */
  private dueAt(nowMs: number, startMs: number): number {
    const { ratePerS, threads } = this.workload;
    const most = this.sent + (this.thread.waitsForDisk ? BATCH_RECORDS_ON_DISK : BATCH_RECORDS);
    if (ratePerS === 0) return most;
    const allDue = ((nowMs - startMs) * ratePerS) / 1_000;
    return Math.min(most, Math.floor((allDue - this.index) / threads) + 1);
  }

  /** Promises that nothing older than the next record follows. */
  private mark(nowMs: number, startMs: number): void {
    const nextMs = this.workload.ratePerS > 0 ? this.sendMs(this.sent, startMs) : nowMs;
    this.producer.watermark(Math.floor(nextMs) - 1);
    this.markedMs = nowMs;
  }

  private sendUpTo(due: number, nowMs: number, startMs: number): void {
    const first = this.sent;
    const paced = this.workload.ratePerS > 0;
    for (; this.sent < due; this.sent++) {
      const sendMs = paced ? this.sendMs(this.sent, startMs) : nowMs;
      this.producer.sendSync(this.recordAt(this.number(this.sent), sendMs, paced));
    }
    this.producer.flushSync();
    const doneMs = this.thread.now();
    if (!paced) addLatency(this.latencies, (doneMs - nowMs) * 1_000, due - first);
    else {
      for (let mine = first; mine < due; mine++) {
        addLatency(this.latencies, (doneMs - this.sendMs(mine, startMs)) * 1_000);
      }
    }
  }

  /** One object, filled anew: the producer has encoded it when it returns. */
  private recordAt(number: number, sendMs: number, paced: boolean): RecordInput {
    const { record, source } = this;
    record.key = source.key(number);
    record.value = source.value(number);
    record.timestamp = Math.floor(sendMs);
    const timed = paced || (number % SAMPLED === 0 && this.workload.repeatAfter === undefined);
    record.headers = timed ? { [SENT_HEADER]: String(Math.round(sendMs * 1_000)) } : undefined;
    return record;
  }
}
