import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, type OutOfRange, type StartFrom, StreamError } from '@lite-streams/core';
import {
  checkOptionNames,
  fail,
  type NamesOf,
  OUT_OF_RANGE,
  Batch as ReadBatch,
  RecordView,
  shown,
} from '@lite-streams/core/internal';
import { DirectoryLock } from '../storage/directory-lock.ts';
import { GroupOffsets } from '../storage/group-offsets.ts';
import { FollowedShard } from './followed-shard.ts';
import type { LogTopic } from './log-topic.ts';

export interface FollowOptions {
  /**
   * The group to read in: where it stopped is kept beside the log, and one process at a time reads
   * in it. None by default: nothing is kept.
   */
  readonly group?: string | undefined;
  /** Where a group that is new, or a reader without one, begins. Default `earliest`. */
  readonly from?: StartFrom | undefined;
  /**
   * What to do where the group stopped at an offset that is no longer there, or where what follows is
   * removed before it was read. Default `earliest`, and `batch.lost` says how many are missing.
   */
  readonly onOutOfRange?: OutOfRange | undefined;
  /** The most slots that one batch takes. Default: the topic's, 1,024. */
  readonly maxRecords?: number | undefined;
  /** Whether asking for the next batch commits the one before. Default true. */
  readonly autoCommit?: boolean | undefined;
  /** Whether to wait for what is yet to be appended. Default true; else it ends at the end. */
  readonly follow?: boolean | undefined;
  /** Ends the consumer: waiting calls reject with `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<FollowOptions> = {
  group: true,
  from: true,
  onOutOfRange: true,
  maxRecords: true,
  autoCommit: true,
  follow: true,
  signal: true,
};

/** How often at most what was committed is written, in milliseconds. */
const KEEP_EVERY_MS = 100;
/** How long it rests where there was nothing: soon again after there was, then less often. */
const SHORTEST_REST_MS = 1;
const LONGEST_REST_MS = 8;

/**
 * Reads a topic as it lies on disk, and what another process appends meanwhile: it looks at the files
 * every few milliseconds. Iteration ends when the topic has ended, or, without `follow`, at the end of
 * what is there.
 */
export class LogConsumer implements AsyncIterableIterator<Batch, undefined> {
  readonly group: string | undefined;
  private readonly topic: LogTopic;
  private readonly shards: readonly FollowedShard[];
  private readonly files: GroupOffsets;
  private readonly lock: DirectoryLock | undefined;
  private readonly autoCommit: boolean;
  private readonly follow: boolean;
  private readonly maxRecords: number;
  private readonly onOutOfRange: OutOfRange;
  private readonly signal: AbortSignal | undefined;
  private readonly view = new RecordView();
  private batch: Batch | undefined;
  private turn = 0;
  private restMs = SHORTEST_REST_MS;
  private kept = '';
  private keptAtMs = 0;
  private open = true;

  /** Called by `topic.consume`. */
  static open(topic: LogTopic, options: FollowOptions): LogConsumer {
    checkOptionNames('A consumer', options, NAMES);
    const maxRecords = options.maxRecords ?? topic.options.maxPollRecords;
    if (!(Number.isInteger(maxRecords) && maxRecords > 0)) {
      const given = String(maxRecords);
      fail('INVALID_OPTION', `maxRecords is ${given}; it must be a whole number above 0.`);
    }
    const { onOutOfRange = 'earliest' } = options;
    if (!OUT_OF_RANGE.includes(onOutOfRange)) {
      const given = shown(onOutOfRange);
      fail(
        'INVALID_OPTION',
        `onOutOfRange is ${given}; it must be one of ${OUT_OF_RANGE.join(', ')}.`,
      );
    }
    return new LogConsumer(topic, options, maxRecords, onOutOfRange);
  }

  private constructor(
    topic: LogTopic,
    options: FollowOptions,
    maxRecords: number,
    onOutOfRange: OutOfRange,
  ) {
    const { group, from = 'earliest' } = options;
    this.onOutOfRange = onOutOfRange;
    this.topic = topic;
    this.group = group;
    this.maxRecords = maxRecords;
    this.autoCommit = options.autoCommit ?? true;
    this.follow = options.follow ?? true;
    this.signal = options.signal;
    this.files = new GroupOffsets(topic.disk, topic.storage.directory, topic.name);
    this.lock = group === undefined ? undefined : this.lockGroup(group);
    try {
      const saved = group === undefined ? undefined : this.files.read(group);
      this.shards = Array.from({ length: topic.shardCount }, (_, shard) => {
        const offset = saved?.[shard];
        return offset === undefined
          ? FollowedShard.from(topic, shard, from, 'error')
          : FollowedShard.from(topic, shard, { offset }, onOutOfRange);
      });
      this.kept = saved?.join() ?? '';
    } catch (error) {
      this.lock?.release();
      throw error;
    }
  }

  /** The next batch, when there is one; done at the end. */
  async next(): Promise<IteratorResult<Batch, undefined>> {
    for (;;) {
      const batch = this.take();
      if (batch !== undefined) return { done: false, value: batch };
      if (!this.follow || this.shards.every(({ ended }) => ended)) {
        this.keep(true);
        return { done: true, value: undefined };
      }
      await this.rest();
    }
  }

  /** The next batch if there is one now; does not wait. */
  poll(): Batch | undefined {
    return this.take();
  }

  /** The offset that is read next in a shard. */
  position(shard: number): number {
    return this.shards[shard].position;
  }

  /** What is committed in a shard: everything below this offset is done. */
  committed(shard: number): number {
    return this.shards[shard].committed;
  }

  /** Commits the batch that was returned last. */
  commit(): void {
    this.batch?.commit();
  }

  /** Called by a batch. */
  commitTo(batch: Batch, offset: number): void {
    this.checkOpen();
    this.shards[batch.shard].committed = offset;
    this.keep();
  }

  /** Keeps what is committed, the last batch under `autoCommit` included, and lets go of the files. */
  close(): void {
    this.leave(true);
  }

  private leave(mayCommit: boolean): void {
    if (!this.open) return;
    this.finishBatch(mayCommit);
    this.open = false;
    try {
      this.keep(true);
    } finally {
      for (const shard of this.shards) shard.close();
      this.lock?.release();
    }
  }

  /** A `for await` that is left closes the consumer, and leaves its last batch to be read again. */
  async return(): Promise<IteratorResult<Batch, undefined>> {
    this.leave(false);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As `close`, but for the last batch, which may not be done: it is read again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.leave(false);
  }

  private take(): Batch | undefined {
    this.checkGoing();
    this.finishBatch(true);
    const { shards } = this;
    for (let i = 0; i < shards.length; i++) {
      const shard = shards[(this.turn + i) % shards.length];
      const records = shard.poll(this.maxRecords);
      if (records < 0) continue;
      this.restMs = SHORTEST_REST_MS;
      if (shard.lost > 0 && this.passesOver(shard)) {
        i = -1;
        continue;
      }
      const lost = shard.lost + shard.passedOver;
      if (records === 0 && lost === 0) {
        // Only control records: nobody has to see them.
        if (this.autoCommit) shard.committed = shard.position;
        i = -1;
        continue;
      }
      this.turn = (this.turn + i + 1) % shards.length;
      shard.passedOver = 0;
      this.batch = new ReadBatch(this, shard.run, this.view, lost, 0, records);
      return this.batch;
    }
    return undefined;
  }

  /**
   * What `onOutOfRange` says where records are missing: whether to go on elsewhere. Throws
   * `OFFSET_OUT_OF_RANGE`, time and again.
   */
  private passesOver(shard: FollowedShard): boolean {
    if (this.onOutOfRange === 'earliest') return false;
    const { offset } = shard.run;
    shard.unpoll();
    if (this.onOutOfRange === 'error') {
      fail(
        'OFFSET_OUT_OF_RANGE',
        `Offsets ${shard.position} to ${offset} of shard ${shard.shard} of the topic ` +
          `"${this.topic.name}" were removed before they were read.`,
      );
    }
    shard.toEnd();
    return true;
  }

  private finishBatch(mayCommit: boolean): void {
    const { batch } = this;
    if (batch === undefined) return;
    this.batch = undefined;
    if (mayCommit && this.autoCommit) batch.commit();
    (batch as ReadBatch).release(false);
  }

  private async rest(): Promise<void> {
    this.keep(this.restMs === LONGEST_REST_MS);
    const rested = this.restMs;
    this.restMs = Math.min(rested * 2, LONGEST_REST_MS);
    try {
      await sleep(rested, undefined, this.signal === undefined ? {} : { signal: this.signal });
    } catch {
      this.checkGoing();
    }
  }

  /** Writes what is committed, as far as it is on disk itself: what is not may be given out anew. */
  private keep(now = false): void {
    const { group, topic } = this;
    if (group === undefined) return;
    const nowMs = performance.now();
    if (!now && nowMs - this.keptAtMs < KEEP_EVERY_MS) return;
    if (this.shards.map(({ committed }) => committed).join() === this.kept) return;
    this.keptAtMs = nowMs;
    const offsets = this.shards.map(({ shard, committed }) =>
      topic.options.acks === 'disk' ? Math.min(committed, topic.durableOffset(shard)) : committed,
    );
    if (offsets.join() === this.kept) return;
    this.files.save(group, offsets);
    this.kept = offsets.join();
  }

  private lockGroup(group: string): DirectoryLock {
    const path = this.files.pathOf(group).replace(/json$/, 'lock');
    this.files.prepare();
    return DirectoryLock.take(path, `The group "${group}" of the topic "${this.topic.name}"`);
  }

  private checkOpen(): void {
    if (!this.open) fail('CLOSED', `The consumer of the topic "${this.topic.name}" is closed.`);
  }

  /** As `checkOpen`; a consumer whose signal has fired is closed here, between two batches. */
  private checkGoing(): void {
    if (!this.signal?.aborted) {
      this.checkOpen();
      return;
    }
    const { reason } = this.signal;
    this.close();
    const message = `The consumer of the topic "${this.topic.name}" was ended by its signal.`;
    throw new StreamError('ABORTED', message, { cause: reason });
  }
}
