import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import { fail, StreamError, shown } from '../errors.ts';
import { aborted } from '../memory/abort.ts';
import { park, parkSync, type WaitingPlace } from '../memory/park.ts';
import { RecordView } from '../record/view.ts';
import { groupPlace, type ShardReader, shardReader } from '../shard/group-access.ts';
import { KERNEL } from '../shard/layout.ts';
import { checkShard } from './append-handle.ts';
import { Batch, type BatchOrigin } from './batch.ts';
import type { Assignment } from './directory.ts';
import { OUT_OF_RANGE, type OutOfRange, type StartFrom, startOffset } from './start-from.ts';
import type { Topic } from './topic.ts';

export interface ConsumeOptions {
  /** The group to read in. It is made if there is none, and holds producers back until deleted. */
  group: string;
  /** Where a new group begins. Default `earliest`. */
  from?: StartFrom | undefined;
  /** Name of this member within the group; by default one that nobody else has. */
  member?: string | undefined;
  /** The most slots that one batch takes. Default: the topic's, 1,024. */
  maxRecords?: number | undefined;
  /** Whether asking for the next batch commits the one before. Default true. */
  autoCommit?: boolean | undefined;
  /**
   * What becomes of an offset that is not in the log: one that `from` or `seek` names, and that at
   * which the group stopped, where what follows was overwritten or removed unread. Default: `error` for
   * one that is named; else `earliest`, and `batch.lost` says how many are missing.
   */
  onOutOfRange?: OutOfRange | undefined;
  /**
   * Ends the consumer: whoever waits for a batch, or asks for the next one, meets `ABORTED`, and the
   * group is left.
   */
  signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<ConsumeOptions> = {
  group: true,
  from: true,
  member: true,
  maxRecords: true,
  autoCommit: true,
  onOutOfRange: true,
  signal: true,
};

interface Held {
  assignment: Assignment;
  reader: ShardReader;
  paused: boolean;
  /** Offsets that were passed over, and not told of yet. */
  passedOver: number;
}

let members = 0;

/**
 * One member of a group, reading its share of a topic's shards in batches. It belongs to one thread.
 * Iteration ends when the topic has ended and everything of it has been read.
 *
 * Asking for the next batch commits the one before (at least once); with `autoCommit: false`
 * `batch.commit()` does. A loop over batches that is left, by `break` or by an error, closes the
 * consumer without having asked: the batch in its hands is read again.
 */
export class Consumer implements AsyncIterableIterator<Batch, undefined>, BatchOrigin {
  readonly group: string;
  readonly member: string;

  private readonly topic: Topic;
  private readonly groupId: number;
  private readonly memberId: number;
  private readonly maxRecords: number;
  private readonly autoCommit: boolean;
  private readonly onOutOfRange: OutOfRange | undefined;
  private readonly signal: AbortSignal | undefined;
  private readonly readers = new Map<number, ShardReader>();
  private readonly pausedShards = new Set<number>();
  private view = new RecordView();
  private held: Held[] = [];
  private turn = 0;
  private generation = -1;
  private batch: Batch | undefined;
  private open = true;

  /** Called by `topic.consume`. */
  static join(topic: Topic, options: ConsumeOptions): Consumer {
    checkOptionNames('A consumer', options, NAMES);
    const maxRecords = options.maxRecords ?? topic.options.maxPollRecords;
    if (!(Number.isInteger(maxRecords) && maxRecords > 0)) {
      fail(
        'INVALID_OPTION',
        `maxRecords is ${String(maxRecords)}; it must be a whole number above 0.`,
      );
    }
    const { onOutOfRange } = options;
    if (onOutOfRange !== undefined && !OUT_OF_RANGE.includes(onOutOfRange)) {
      fail(
        'INVALID_OPTION',
        `onOutOfRange is ${shown(onOutOfRange)}; it must be one of ${OUT_OF_RANGE.join(', ')}.`,
      );
    }
    const groupId = topic.createGroup(options.group, options.from, onOutOfRange);
    const member = options.member ?? `member-${topic.thread}-${++members}`;
    return new Consumer(topic, options, groupId, member, maxRecords);
  }

  private constructor(
    topic: Topic,
    options: ConsumeOptions,
    groupId: number,
    member: string,
    maxRecords: number,
  ) {
    this.topic = topic;
    this.group = options.group;
    this.member = member;
    this.groupId = groupId;
    this.maxRecords = maxRecords;
    this.autoCommit = options.autoCommit ?? true;
    this.onOutOfRange = options.onOutOfRange;
    this.signal = options.signal;
    this.memberId = topic.directory.join(groupId, member);
    topic.bell.ring();
    this.signal?.addEventListener('abort', this.onAbort, { once: true });
    this.resettle();
  }

  /** The shards that this member reads now. */
  get assignment(): number[] {
    return this.held.map(({ assignment }) => assignment.shard);
  }

  /** The next batch, when there is one. Done once the topic has ended and all of it has been read. */
  async next(): Promise<IteratorResult<Batch, undefined>> {
    for (;;) {
      const batch = this.take();
      if (batch !== undefined) return { done: false, value: batch };
      if (this.atEnd()) return { done: true, value: undefined };
      await park(this.topic.bell, this.places(), () => this.mayGoOn());
    }
  }

  /**
   * The next batch, or `undefined` if there is none within `timeoutMs`, during which the thread is
   * blocked. Default 0: do not wait.
   */
  poll(timeoutMs = 0): Batch | undefined {
    let batch = this.take();
    if (batch !== undefined || timeoutMs <= 0) return batch;
    const ready = () => {
      if (this.mayGoOn()) batch = this.take();
      return batch !== undefined || this.atEnd();
    };
    parkSync(this.topic.bell, this.places(), ready, timeoutMs);
    return batch;
  }

  /** Whether the topic has ended and this member has read everything of its shards. */
  get ended(): boolean {
    return this.atEnd();
  }

  /** Stops reading these shards (all by default) until `resume`; they keep holding producers back. */
  pause(shards: readonly number[] = this.topic.shards.map(({ number }) => number)): void {
    for (const shard of shards) this.pausedShards.add(this.known(shard));
    this.markPaused();
  }

  /** Reads these shards (all by default) again. */
  resume(shards: readonly number[] = this.topic.shards.map(({ number }) => number)): void {
    for (const shard of shards) this.pausedShards.delete(this.known(shard));
    this.markPaused();
    this.topic.bell.ring();
  }

  /**
   * Reads on from elsewhere; what has not been committed is given up. Throws `OFFSET_OUT_OF_RANGE`,
   * `FENCED` for a shard that this member does not read.
   */
  seek(shard: number, to: StartFrom): void {
    this.checkGoing();
    this.known(shard);
    this.finishBatch(this.batch?.shard !== shard);
    const { reader } = this.holder(shard);
    const { options, history, thread } = this.topic;
    const offset = startOffset(reader.shard, to, options, this.onOutOfRange, history);
    reader.seekOffset(offset, thread);
    this.topic.bell.ring();
  }

  /** Commits the batch that was returned last. Throws `FENCED`. */
  commit(): void {
    this.batch?.commit();
  }

  /** The offset that this member reads next in a shard of its own. Throws `FENCED`. */
  position(shard: number): number {
    const { reader } = this.holder(this.known(shard));
    return reader.cursor.nextOffset();
  }

  /** What the group has committed in a shard: everything below this offset is done. */
  committed(shard: number): number {
    return groupPlace(this.topic.shards[this.known(shard)], this.groupId).committedOffset();
  }

  /** Records of users that the group has not committed yet, over all shards. */
  lag(): number {
    return this.topic.lag(this.group);
  }

  /** Called by a batch. */
  commitTo(batch: Batch, offset: number): void {
    this.checkOpen();
    const held = this.held.find(({ assignment }) => assignment.shard === batch.shard);
    const { directory } = this.topic;
    if (
      held === undefined ||
      held.assignment.generation !== batch.generation ||
      !directory.holds(this.groupId, this.memberId, held.assignment)
    ) {
      fail(
        'FENCED',
        `Shard ${batch.shard} was assigned anew since the batch at offset ${batch.firstOffset} was ` +
          `read by the member "${this.member}" of the group "${this.group}": it will be read again.`,
      );
    }
    const wake = held.reader.commitOffset(offset);
    if (wake > 0) this.topic.bell.ring();
  }

  /**
   * Leaves the group, committing the last batch under `autoCommit`; the shards go to other members.
   * The group goes on existing. The second call does nothing.
   */
  close(): void {
    this.leave(true);
  }

  private leave(mayCommit: boolean): void {
    if (!this.open) return;
    this.finishBatch(mayCommit);
    this.open = false;
    this.signal?.removeEventListener('abort', this.onAbort);
    const { directory } = this.topic;
    directory.leave(this.groupId, this.memberId, shard => this.giveUp(shard));
    for (const reader of this.readers.values()) reader.close();
    this.topic.forget(this);
    this.held = [];
    this.topic.bell.ring();
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

  private readonly onAbort = (): void => {
    this.topic.bell.ring();
  };

  /** A batch if there is one now, after the one before has been finished. */
  private take(): Batch | undefined {
    this.checkGoing();
    this.finishBatch(true);
    if (this.generation !== this.topic.directory.generation()) this.resettle();
    const { held } = this;
    for (let i = 0; i < held.length; i++) {
      const one = held[(this.turn + i) % held.length];
      if (one.paused) continue;
      const batch = this.pollOne(one);
      if (batch === undefined) continue;
      this.turn = (this.turn + i + 1) % held.length;
      this.batch = batch;
      return batch;
    }
    return undefined;
  }

  private pollOne(one: Held): Batch | undefined {
    const { reader } = one;
    for (;;) {
      const count = reader.poll(this.maxRecords);
      if (count === 0) {
        if (reader.wake > 0) this.topic.bell.ring();
        reader.shard.checkAlive();
        return undefined;
      }
      const records = reader.run.countData();
      if (reader.lost > 0 && this.passesOver(one)) continue;
      const lost = reader.lost + one.passedOver;
      if (records > 0 || lost > 0) {
        one.passedOver = 0;
        const { generation } = one.assignment;
        return new Batch(this, reader.run, this.view, lost, generation, records);
      }
      // Only control records: nobody has to see them, or could commit them.
      if (!this.autoCommit && reader.cursor.committedOffset() !== reader.run.offset) continue;
      if (reader.commitOffset(reader.cursor.nextOffset()) > 0) this.topic.bell.ring();
    }
  }

  /**
   * What `onOutOfRange` says where records are missing before those that were polled: whether to go on
   * elsewhere. Throws `OFFSET_OUT_OF_RANGE`, time and again until there is a `seek`.
   */
  private passesOver(one: Held): boolean {
    const { reader } = one;
    if (this.onOutOfRange !== 'error' && this.onOutOfRange !== 'latest') return false;
    const { lost, run, shard } = reader;
    const at = run.offset - lost;
    reader.unpoll();
    if (this.onOutOfRange === 'error') {
      fail(
        'OFFSET_OUT_OF_RANGE',
        `The group "${this.group}" stands at offset ${at} of shard ${shard.number}, and what follows up ` +
          `to ${run.offset} is gone: seek() goes on elsewhere.`,
      );
    }
    const end = shard.offsetOf(shard.published());
    one.passedOver += reader.seekOffset(end, this.topic.thread) - at;
    return true;
  }

  private finishBatch(mayCommit: boolean): void {
    const { batch } = this;
    if (batch === undefined) return;
    this.batch = undefined;
    try {
      if (mayCommit && this.autoCommit) batch.commit();
    } catch (error) {
      // Somebody else has the shard now and reads it from what was committed: nothing is lost.
      if (!(error instanceof StreamError && error.code === 'FENCED')) throw error;
    }
    batch.release(this.topic.development);
    if (this.topic.development) this.view = new RecordView();
  }

  /** Gives up and takes shards as the directory now says. */
  private resettle(): void {
    const { directory } = this.topic;
    this.generation = directory.generation();
    const assignments = directory.settle(
      this.groupId,
      this.memberId,
      shard => this.giveUp(shard),
      shard => this.reader(shard).rewind(),
    );
    this.held = assignments.map(assignment => ({
      assignment,
      reader: this.reader(assignment.shard),
      paused: this.pausedShards.has(assignment.shard),
      passedOver: 0,
    }));
    this.turn = 0;
    // Shards that were given up can be taken by others now.
    this.topic.bell.ring();
  }

  /** Under the directory's lock: what was not committed will be read again by the next member. */
  private giveUp(shard: number): void {
    this.reader(shard).rewind();
  }

  private reader(shard: number): ShardReader {
    let reader = this.readers.get(shard);
    if (reader === undefined) {
      const { shards, history } = this.topic;
      reader = shardReader(shards[shard], this.groupId, this.memberId, history);
      this.readers.set(shard, reader);
    }
    return reader;
  }

  private markPaused(): void {
    for (const one of this.held) one.paused = this.pausedShards.has(one.assignment.shard);
  }

  /** Whether `take` could find something now: to be cheap, and to throw what ends the wait. */
  private mayGoOn(): boolean {
    this.checkGoing();
    if (this.generation !== this.topic.directory.generation()) return true;
    for (const { reader, paused } of this.held) {
      if (!paused && !reader.cursor.atEnd()) return true;
    }
    return this.atEnd();
  }

  private atEnd(): boolean {
    for (const shard of this.topic.shards) if (shard.state() !== KERNEL.STATE_SEALED) return false;
    return this.held.every(({ reader }) => reader.cursor.atEnd());
  }

  private places(): WaitingPlace[] {
    return this.held.map(({ assignment }) => this.topic.recordPlaces[assignment.shard]);
  }

  private holder(shard: number): Held {
    const held = this.held.find(({ assignment }) => assignment.shard === shard);
    if (held !== undefined) return held;
    return fail(
      'FENCED',
      `The member "${this.member}" of the group "${this.group}" does not read shard ${shard}; ` +
        `it reads ${this.assignment.join(', ') || 'none'}.`,
    );
  }

  private known(shard: number): number {
    return checkShard(shard, this.topic.shardCount, this.topic.name);
  }

  private checkOpen(): void {
    if (!this.open) {
      fail('CLOSED', `The consumer "${this.member}" of the group "${this.group}" is closed.`);
    }
  }

  /** As `checkOpen`; a consumer whose signal has fired is closed here, between two batches. */
  private checkGoing(): void {
    if (!this.signal?.aborted) {
      this.checkOpen();
      return;
    }
    this.close();
    throw aborted(`The consumer "${this.member}"`, this.signal);
  }
}
