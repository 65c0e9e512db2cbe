import { fail, StreamError, shown } from '../errors.ts';
import type { WaitOptions } from '../memory/abort.ts';
import { Bell } from '../memory/bell.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { Scratch } from '../memory/scratch.ts';
import { fnv1a, murmur2 } from '../record/hash.ts';
import { badKey, isBytes } from '../record/limits.ts';
import type { RecordInput } from '../record/record.ts';
import { cellState } from '../shard/appender.ts';
import { groupPlace } from '../shard/group-access.ts';
import type { TopicHistory } from '../shard/history.ts';
import { GROUP, KERNEL, LOG, LOG_ERRORS } from '../shard/layout.ts';
import { ShardOwner } from '../shard/owner.ts';
import { Shard } from '../shard/shard.ts';
import { systemClock } from '../time/clock.ts';
import { acknowledgedTo } from './acknowledgement.ts';
import { AppendHandle, checkShard } from './append-handle.ts';
import { type ConsumeOptions, Consumer } from './consumer.ts';
import { Directory } from './directory.ts';
import {
  checkTopicOptions,
  DEFAULT_TOPIC_OPTIONS,
  type TopicEnvironment,
  type TopicOptions,
} from './options.ts';
import { Producer, type ProducerOptions } from './producer.ts';
import { type Snapshot, type SnapshotQuery, takeSnapshot } from './snapshot.ts';
import { earliestOffset, type OutOfRange, type StartFrom, startOffset } from './start-from.ts';

/** Everything that another thread needs to use a topic; `postMessage` can carry it. */
export interface TopicDescriptor {
  readonly name: string;
  readonly options: TopicOptions;
  readonly memories: readonly WebAssembly.Memory[];
  readonly directory: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  /** Where a durable topic lies, for whoever makes its history: core does not look at it. */
  readonly storage?: string | undefined;
}

/** How a group stands in one shard. Offsets and counts of records. */
export interface ShardLag {
  readonly shard: number;
  /** The next offset that the group will read after a restart: everything below is done. */
  readonly committed: number;
  readonly end: number;
  /** Records of users between the two. */
  readonly lag: number;
  /** Since when `committed` has not moved, in milliseconds since 1970, to the second. */
  readonly since: number;
}

export interface GroupInfo {
  readonly name: string;
  readonly members: readonly string[];
  readonly shards: readonly ShardLag[];
  /** Sum of the shards' lags. */
  readonly lag: number;
}

export interface ShardStats {
  readonly shard: number;
  /** The earliest offset that a new reader may begin at. */
  readonly earliest: number;
  /** The offset that the next record will get. */
  readonly end: number;
  /** Offsets that hold no record because the producer that claimed them died. */
  readonly aborted: number;
  readonly openProducers: number;
}

/** Who looks after the shards of a topic, seen from another thread. */
export interface TopicOwner {
  /** Asks it to look at once. */
  look(): void;
}

/**
 * A named, sharded, append-only log in shared memory. Any thread can use it at the same time: this
 * object is one thread's handle. It needs no thread of its own, but somebody has to call
 * `maintain()` now and then: an engine's owner threads do.
 */
export class Topic {
  readonly name: string;
  readonly options: Readonly<TopicOptions>;
  readonly bell: Bell;
  readonly shards: readonly Shard[];
  readonly directory: Directory;
  readonly thread: number;
  readonly now: () => number;
  readonly development: boolean;
  /** For whoever waits for room, or for records. */
  readonly roomPlaces: readonly WaitingPlace[];
  readonly recordPlaces: readonly WaitingPlace[];
  /** For whoever waits for an acknowledgement. */
  readonly logPlaces: readonly WaitingPlace[];
  /** What a durable topic has on disk. */
  readonly history: TopicHistory | undefined;
  private readonly storage: string | undefined;

  private readonly opened = new Set<Producer | Consumer>();
  private handle: AppendHandle | undefined;
  private owners: ShardOwner[] | undefined;
  private closed = false;

  private constructor(
    name: string,
    options: TopicOptions,
    shards: Shard[],
    bell: Bell,
    environment: TopicEnvironment & { storage?: string | undefined },
    directory?: SharedArrayBuffer,
  ) {
    this.name = name;
    this.options = Object.freeze({ ...options });
    this.shards = shards;
    this.bell = bell;
    this.thread = environment.thread ?? 1;
    this.now = environment.now ?? systemClock.now;
    this.development = environment.development ?? false;
    const geometry = {
      shards: options.shards,
      groups: options.maxGroups,
      members: options.maxMembers,
    };
    this.directory = new Directory(geometry, this.thread, directory);
    this.roomPlaces = shards.map(shard => ({
      countWaiter: delta => shard.countWaiter('room', delta),
    }));
    this.logPlaces = shards.map(shard => ({
      countWaiter: delta => shard.countWaiter('log', delta),
    }));
    this.history = environment.history;
    this.storage = environment.storage;
    this.recordPlaces = shards.map(shard => ({
      countWaiter: delta => shard.countWaiter('records', delta),
    }));
  }

  /**
   * Makes a topic in shared memory of its own. Topics that one thread waits on together share a
   * bell. Throws `INVALID_OPTION`, `OUT_OF_MEMORY`.
   */
  static create(
    name: string,
    options: Partial<TopicOptions> = {},
    environment: TopicEnvironment & NewTopic = {},
  ): Topic {
    checkTopicOptions(options);
    if (options.durable && environment.history === undefined) {
      fail('INVALID_OPTION', 'durable is true; only an engine with a directory keeps topics.');
    }
    const whole = { ...DEFAULT_TOPIC_OPTIONS, ...options };
    if (options.maxRecordBytes === undefined) {
      whole.maxRecordBytes = Math.min(whole.maxRecordBytes, whole.shardBytes / 4);
    }
    checkName(name);
    const shards: Shard[] = [];
    for (let shard = 0; shard < whole.shards; shard++) {
      shards.push(
        Shard.create({
          shard,
          slots: whole.slots,
          dataBytes: whole.shardBytes,
          maxRecordBytes: whole.maxRecordBytes,
          producers: whole.maxProducers + 1,
          groups: whole.maxGroups + (whole.durable ? 1 : 0),
          members: whole.maxMembers,
          overwrite: whole.overflow === 'overwrite' && !whole.durable,
          durable: whole.durable,
          firstOffset: environment.firstOffsets?.[shard] ?? environment.firstOffset ?? 0,
        }),
      );
    }
    return new Topic(name, whole, shards, environment.bell ?? Bell.create(), environment);
  }

  /** A handle on the topic of another thread. Throws `LAYOUT_MISMATCH`. */
  static attach(
    descriptor: TopicDescriptor,
    environment: TopicEnvironment & { bell?: Bell } = {},
  ): Topic {
    return new Topic(
      descriptor.name,
      descriptor.options,
      descriptor.memories.map(memory => Shard.attach(memory)),
      environment.bell ?? Bell.attach(descriptor.bell),
      { ...environment, storage: descriptor.storage },
      descriptor.directory,
    );
  }

  /** What `attach` on another thread takes. */
  descriptor(): TopicDescriptor {
    return {
      name: this.name,
      options: this.options,
      memories: this.shards.map(shard => shard.memory),
      directory: this.directory.buffer,
      bell: this.bell.buffer,
      storage: this.storage,
    };
  }

  get shardCount(): number {
    return this.shards.length;
  }

  /**
   * The shard that a key goes to; with the partitioner `roundrobin` no key has one (−1). Throws
   * `INVALID_KEY`.
   */
  shardOf(key: string | Uint8Array): number {
    if (typeof key !== 'string' && !isBytes(key)) badKey(key);
    const { partitioner } = this.options;
    if (partitioner === 'roundrobin') return -1;
    const hash = partitioner === 'fnv1a' ? fnv1a(key) : murmur2(key) & 0x7fff_ffff;
    return hash % this.shards.length;
  }

  /**
   * Appends one record and returns its offset in its shard; the record is visible to every thread
   * when this returns (acknowledgement level `memory`). Throws `SHARD_FULL` at once when there is no
   * room, `TOPIC_ENDED`, `CLOSED`, `SHARD_OUT_OF_RANGE`, `TOO_MANY_PRODUCERS`, and what is wrong with
   * the record: `INVALID_KEY`, `INVALID_VALUE`, `INVALID_HEADER`, `INVALID_TIMESTAMP`,
   * `RECORD_TOO_LARGE`.
   */
  append(record: RecordInput): number {
    const handle = this.handle ?? this.openHandle();
    const offset = handle.append(record);
    return offset >= 0 ? offset : this.refuse(handle.lastShard);
  }

  /** Like `append`, but returns −1 when there is no room. */
  tryAppend(record: RecordInput): number {
    return (this.handle ?? this.openHandle()).append(record);
  }

  /**
   * Resolves once a record, or everything that is in the log when it is called, is acknowledged at
   * the topic's level (`acks`): what `append` alone does not wait for. Rejects with `SHARD_STOPPED`
   * when the log has failed before, `SHARD_POISONED`, `CLOSED`, `ABORTED`, `OFFSET_OUT_OF_RANGE`.
   */
  async acknowledged(
    record?: { shard: number; offset: number } | undefined,
    { signal }: WaitOptions = {},
  ): Promise<void> {
    this.checkOpen();
    const ends = this.shards.map(shard => shard.offsetOf(shard.published()));
    if (record === undefined) return acknowledgedTo(this, ends, signal);
    const { number } = this.shards[checkShard(record.shard, this.shardCount, this.name)];
    const { offset } = record;
    if (!Number.isSafeInteger(offset)) {
      fail('OFFSET_OUT_OF_RANGE', `The offset ${shown(offset)} of a record is no whole number.`);
    }
    const targets = this.shards.map(() => 0);
    targets[number] = offset + 1;
    return acknowledgedTo(this, targets, signal);
  }

  /** A batched producer of its own. Throws `TOO_MANY_PRODUCERS`, `TOPIC_ENDED`, `CLOSED`. */
  producer(options: ProducerOptions = {}): Producer {
    this.checkOpen();
    const producer = new Producer(this, options);
    this.opened.add(producer);
    return producer;
  }

  /**
   * Joins a group, which is made if there is none of that name, and reads its share of the shards.
   * Throws `DUPLICATE_MEMBER`, `TOO_MANY_GROUPS`, `TOO_MANY_MEMBERS`, `OFFSET_OUT_OF_RANGE`,
   * `INVALID_OPTION`, `CLOSED`.
   */
  consume(options: ConsumeOptions): Consumer {
    this.checkOpen();
    const consumer = Consumer.join(this, options);
    this.opened.add(consumer);
    return consumer;
  }

  /**
   * Makes a group before anybody reads in it: from now on it holds producers back. Returns its id.
   * Where `from`, or where the group stopped, is not in the log: see `ConsumeOptions`.
   */
  createGroup(name: string, from: StartFrom = 'earliest', onOutOfRange?: OutOfRange): number {
    return this.directory.ensureGroup(name, id => {
      const saved = this.history?.committed(name);
      for (const shard of this.shards) {
        const end = shard.offsetOf(shard.published());
        const offset = Math.min(saved?.[shard.number] ?? Number.POSITIVE_INFINITY, end);
        const begin = saved === undefined ? from : { offset };
        const policy = onOutOfRange ?? (saved === undefined ? 'error' : 'earliest');
        const at = startOffset(shard, begin, this.options, policy, this.history);
        groupPlace(shard, id).openAt(at, this.thread);
      }
    });
  }

  /** Forgets a group and what it has committed; it holds nobody back any more. False if unknown. */
  deleteGroup(name: string): boolean {
    const deleted = this.directory.deleteGroup(name, id => {
      for (const shard of this.shards) groupPlace(shard, id).drop();
    });
    const known = this.history?.forget(name) ?? false;
    if (deleted) this.bell.ring();
    return deleted || known;
  }

  /** Every group, its members and its lag. */
  groups(): GroupInfo[] {
    return this.directory.groupNames().map(({ id, name }) => {
      const shards = this.shards.map(shard => this.shardLag(shard, id));
      return {
        name,
        members: this.directory.memberNames(id),
        shards,
        lag: shards.reduce((sum, { lag }) => sum + lag, 0),
      };
    });
  }

  /** Records of users that a group has not committed yet. Throws `UNKNOWN_GROUP`. */
  lag(group: string): number {
    const id = this.directory.findGroup(group);
    if (id < 0) fail('UNKNOWN_GROUP', `The topic "${this.name}" has no group "${group}".`);
    let lag = 0;
    for (const shard of this.shards) lag += groupPlace(shard, id).lag();
    return lag;
  }

  /** A consistent copy of the newest records of a shard, or of those with a key. Oldest first. */
  latest(query: SnapshotQuery): Snapshot {
    this.checkOpen();
    return takeSnapshot(this, query);
  }

  /**
   * The group whose commit makes room in a shard: the one that is furthest behind. `undefined` where no
   * group holds producers back, as in durable topics and in those that overwrite. Throws
   * `SHARD_OUT_OF_RANGE`.
   */
  heldBackBy(shard: number): (ShardLag & { group: string }) | undefined {
    const held = this.shards[checkShard(shard, this.shardCount, this.name)];
    if (this.options.durable || held.overwrite) return undefined;
    return this.furthestBehind(held);
  }

  private furthestBehind(shard: Shard): (ShardLag & { group: string }) | undefined {
    let held: (ShardLag & { group: string }) | undefined;
    for (const { id, name } of this.directory.groupNames()) {
      const lag = this.shardLag(shard, id);
      if (held === undefined || lag.committed < held.committed) held = { group: name, ...lag };
    }
    return held;
  }

  /**
   * Ends the topic: nothing can be appended any more, and whoever reads it to the end is told that
   * there is no more. The end markers follow at once, or as soon as there is room.
   */
  end(): void {
    this.checkOpen();
    const open = this.shards.filter(shard => shard.state() === KERNEL.STATE_OPEN);
    for (const shard of open) shard.setState(KERNEL.STATE_ENDED);
    this.handle?.close();
    this.handle = undefined;
    this.maintain();
    this.bell.ring();
  }

  get ended(): boolean {
    return this.shards[0].state() !== KERNEL.STATE_OPEN;
  }

  stats(): ShardStats[] {
    return this.shards.map(shard => {
      let openProducers = 0;
      for (let cell = 1; cell < shard.plan.producers; cell++) {
        if (cellState(shard, cell) === KERNEL.CELL_LIVE) openProducers++;
      }
      return {
        shard: shard.number,
        earliest: earliestOffset(shard, this.options),
        end: shard.offsetOf(shard.published()),
        aborted: shard.i32[KERNEL.ABORTED >> 2],
        openProducers,
      };
    });
  }

  /**
   * The periodic duties of the shards' owner, for topics that no engine's owner thread looks after:
   * repair, ends of producers, retention by age. One thread only.
   */
  maintain(): void {
    if (this.owner !== undefined) {
      this.owner.look();
      return;
    }
    this.owners ??= this.shards.map(
      shard => new ShardOwner(shard, this.thread, { retentionMs: this.options.retentionMs }),
    );
    let wake = 0;
    for (const owner of this.owners) wake |= owner.step(this.now());
    if (wake > 0) this.bell.ring();
  }

  /** Set where an owner thread looks after the shards: `maintain` then only asks it to look now. */
  owner: TopicOwner | undefined;

  /** Resolves once everything that producers of this handle have taken is in the log. */
  async flush(options: WaitOptions = {}): Promise<void> {
    const flushes: Promise<void>[] = [];
    for (const one of this.opened) if (one instanceof Producer) flushes.push(one.flush(options));
    await Promise.all(flushes);
  }

  /** Called by what was opened through this handle, once it is closed. */
  forget(one: Producer | Consumer): void {
    this.opened.delete(one);
  }

  /**
   * Closes this thread's handle and what was opened through it: a consumer that waits is told
   * `CLOSED`, a producer's records that found no room yet are given up (`flush` first). The topic
   * itself lives on as long as anybody refers to it.
   */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const one of [...this.opened]) {
      if (one instanceof Producer) one.abandon();
      else one.close();
    }
    this.handle?.close();
    this.handle = undefined;
    this.bell.ring();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Why a shard whose log has failed takes nothing more. */
  stopped(shard: Shard): StreamError {
    const reason = LOG_ERRORS[shard.i32[LOG.error >> 2] - 1] ?? 'other';
    const on = shard.offsetOf(shard.logged(this.options.acks === 'disk' ? 'durable' : 'written'));
    return new StreamError(
      'SHARD_STOPPED',
      `Shard ${shard.number} of the topic "${this.name}" has stopped: its log could not be written ` +
        `(${reason}). Everything below offset ${on} is kept; what came after it was not acknowledged.`,
    );
  }

  /** Throws `CLOSED`. */
  checkOpen(): void {
    if (this.closed) fail('CLOSED', `This handle on the topic "${this.name}" is closed.`);
  }

  get scratch(): Scratch {
    return this.shards[0].scratch;
  }

  /** Throws what says why a shard took nothing: ended, poisoned, or full and because of whom. */
  refuse(number: number): never {
    const shard = this.shards[number];
    shard.checkAlive();
    if (shard.state() === KERNEL.STATE_STOPPED) throw this.stopped(shard);
    if (shard.state() !== KERNEL.STATE_OPEN) {
      fail('TOPIC_ENDED', `The topic "${this.name}" has ended: nothing can be appended.`);
    }
    const held = this.heldBackBy(number);
    const unwritten = shard.offsetOf(shard.published()) - shard.offsetOf(shard.logged('written'));
    const why = this.options.durable
      ? `${unwritten} records of it have yet to be written to disk`
      : held === undefined
        ? 'a claim of another producer has not been published yet'
        : `the group "${held.group}" has ${held.lag} records of it left to read, ` +
          `and has not committed since ${new Date(held.since).toISOString()}`;
    return fail(
      'SHARD_FULL',
      `Shard ${number} of the topic "${this.name}" is full: ${why}. ` +
        'tryAppend returns -1 instead, a producer waits for room.',
    );
  }

  private openHandle(): AppendHandle {
    this.checkOpen();
    if (this.ended) this.refuse(0);
    this.handle = new AppendHandle(this);
    return this.handle;
  }

  private shardLag(shard: Shard, group: number): ShardLag {
    const cursor = groupPlace(shard, group);
    const movedAt = (shard.groupAddress(group) + GROUP.movedAtSeconds) >> 2;
    return {
      shard: shard.number,
      committed: cursor.committedOffset(),
      end: shard.offsetOf(shard.published()),
      lag: cursor.lag(),
      since: (shard.i32[movedAt] >>> 0) * 1000 || this.now(),
    };
  }
}

/** What a topic can be made with, beside its options. */
interface NewTopic {
  bell?: Bell;
  /** Offset of the first record, of all shards or of each. */
  firstOffset?: number;
  firstOffsets?: readonly number[];
  storage?: string | undefined;
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || name === '' || name.length > 249) {
    fail(
      'INVALID_OPTION',
      `The name of a topic must be text of 1 to 249 characters, not ${shown(name)}.`,
    );
  }
}
