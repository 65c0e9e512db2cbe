import { Topic, type TopicDescriptor } from '@lite-streams/core';
import {
  Bell,
  groupPlace,
  parkSync,
  ShardOwner,
  type WaitingPlace,
} from '@lite-streams/core/internal';
import type { OwnerBoot } from '../protocol/boot.ts';
import type { Disk } from '../storage/disk.ts';
import { nodeDisk } from '../storage/node-disk.ts';
import { KEEP_EVERY_MS } from './group-keeper.ts';
import { TopicLog } from './topic-log.ts';

/** How long an owner rests when nothing waits for it: whoever needs it at once calls it. */
const REST_MS = 250;
/** How long when something does: the end of a producer for room, or another claim before it. */
const BUSY_REST_MS = 5;
/** How often at least an owner looks while a record is retained. */
const LOOKS_PER_RETENTION = 16;

/** How often, and how long, an owner that stops waits for what the others still write. */
const LAST_WAITS = 40;
const LAST_WAIT_MS = 50;

/** A topic as its owner sees it: the shards that fall to this owner. */
interface OwnedTopic {
  readonly topic: Topic;
  readonly owners: Set<ShardOwner>;
  /** Whether this owner also looks after the topic's directory: one owner does. */
  readonly directory: boolean;
  /** What it writes to disk. */
  readonly log: TopicLog | undefined;
}

/** What an owner tells. */
export interface OwnerObserver {
  /** A shard broke an invariant; nobody looks after it any more. */
  poisoned(topic: string, shard: number, error: unknown): void;
  /** The log of a shard could not be written; it takes nothing more. */
  stopped(topic: string, shard: number, error: unknown): void;
  /** Whatever a thread held that had exited has been taken back. */
  repaired(thread: number): void;
}

/**
 * The duty cycle of an owner thread: what its shards need now and then, and what they need when a
 * thread has died. It never waits. A successor of a dead owner takes up where that one stopped.
 */
export class OwnerCycle {
  private readonly boot: OwnerBoot;
  private readonly bell: Bell;
  private readonly topics = new Map<string, OwnedTopic>();
  private readonly now: () => number;
  private readonly observer: OwnerObserver;
  private readonly disk: Disk;
  /** Threads that have exited, with the topics that they may still be members in. */
  private readonly leaving = new Map<number, Set<Topic>>();
  private restMs = REST_MS;
  private places: readonly WaitingPlace[] = [];

  constructor(boot: OwnerBoot, now: () => number, observer: OwnerObserver, disk: Disk = nodeDisk) {
    this.boot = boot;
    this.disk = disk;
    this.bell = Bell.attach(boot.bell);
    this.now = now;
    this.observer = observer;
    for (const topic of boot.topics) this.add(topic);
    // All at once: a step may wait for the disk.
    for (const thread of boot.exited) this.noteExit(thread);
    if (boot.exited.length > 0) {
      this.step();
      this.bell.ring();
    }
  }

  add(descriptor: TopicDescriptor): void {
    const { thread, index, config } = this.boot;
    const topic = Topic.attach(descriptor, { thread, bell: this.bell });
    const { durable } = topic.options;
    const retentionMs = durable ? undefined : topic.options.retentionMs;
    const owners = topic.shards
      .filter(({ number }) => number % config.owners === index)
      .map(shard => new ShardOwner(shard, thread, { retentionMs }));
    if (retentionMs !== undefined) {
      const fine = Math.max(BUSY_REST_MS, retentionMs / LOOKS_PER_RETENTION);
      this.restMs = Math.min(this.restMs, fine);
    }
    const stopped = (shard: number, error: unknown) =>
      this.observer.stopped(topic.name, shard, error);
    const directory = index === 0;
    const { storage } = descriptor;
    const log =
      storage === undefined
        ? undefined
        : new TopicLog(
            topic,
            storage,
            owners.map(({ shard }) => shard),
            directory,
            this.disk,
            stopped,
          );
    if (log !== undefined) this.restMs = Math.min(this.restMs, KEEP_EVERY_MS);
    if (log !== undefined) this.places = [...this.places, ...log.places];
    this.topics.set(topic.name, { topic, owners: new Set(owners), directory, log });
  }

  /** Where to wait for records that are to be written. */
  get logPlaces(): readonly WaitingPlace[] {
    return this.places;
  }

  /** Whether there are records to be written. */
  get behind(): boolean {
    for (const { log } of this.topics.values()) if (log?.behind) return true;
    return false;
  }

  /** Writes what is left, on to the disk whatever is acknowledged when, and closes the logs. */
  close(): void {
    const logs = this.logs();
    for (const log of logs) log.finish();
    // The other owners write what is theirs; what groups have committed waits for it a moment.
    const kept = () => !this.keepGroups(this.now());
    this.keepGroups(this.now(), true);
    for (let waits = 0; waits < LAST_WAITS && !kept(); waits++) {
      parkSync(this.bell, [], kept, LAST_WAIT_MS);
    }
    for (const log of logs) log.close();
  }

  private logs(): TopicLog[] {
    return [...this.topics.values()].flatMap(({ log }) => log ?? []);
  }

  /** Tells whether offsets of groups wait for a log. */
  private keepGroups(nowMs: number, now = false): boolean {
    const durable = [...this.topics.values()].filter(({ log }) => log !== undefined);
    const topics = durable.map(({ topic }) => topic);
    let waits = false;
    for (const { log } of durable) if (log?.keepGroups(nowMs, topics, now)) waits = true;
    return waits;
  }

  /** One round over all shards. Tells how long the owner may rest. */
  step(): number {
    const nowMs = this.now();
    let pending = this.removeMembers();
    let wake = 0;
    let wrote = false;
    for (const { topic, owners } of this.topics.values()) {
      for (const owner of owners) {
        try {
          wake |= owner.step(nowMs);
        } catch (error) {
          owners.delete(owner);
          this.observer.poisoned(topic.name, owner.shard.number, error);
        }
        if (owner.pending) pending = true;
      }
    }
    // All of them are written before the first is waited for: what they have grows meanwhile.
    for (const { log } of this.topics.values()) if (log?.write()) wrote = true;
    let compacting = false;
    for (const { log } of this.topics.values()) if (log?.sync(nowMs)) compacting = true;
    this.keepGroups(nowMs);
    if (wake > 0 || (wrote && this.awaited())) this.bell.ring();
    if (wrote || compacting) return 0;
    return wake > 0 || pending ? BUSY_REST_MS : this.restMs;
  }

  /**
   * Takes back whatever a thread held that has exited: never on suspicion, for its claims are
   * repaired as those of nobody. Can be repeated.
   */
  threadExited(thread: number): void {
    this.noteExit(thread);
    this.step();
    this.bell.ring();
  }

  private noteExit(thread: number): void {
    const directories = new Set<Topic>();
    for (const { topic, owners, directory } of this.topics.values()) {
      for (const owner of owners) owner.threadExited(thread);
      if (directory) directories.add(topic);
    }
    this.leaving.set(thread, directories);
  }

  private awaited(): boolean {
    for (const { log } of this.topics.values()) if (log?.awaited) return true;
    return false;
  }

  /**
   * Members that are gone leave their groups; what they had not committed is read again by others.
   * Tells whether any are left: somebody is at their topic's directory, and may have died there.
   */
  private removeMembers(): boolean {
    for (const [thread, topics] of this.leaving) {
      for (const topic of topics) {
        const done = topic.directory.threadExited(thread, (group, member, shard) => {
          groupPlace(topic.shards[shard], group).rewind(member);
        });
        if (done) topics.delete(topic);
      }
      if (topics.size > 0) continue;
      this.leaving.delete(thread);
      this.bell.ring();
      this.observer.repaired(thread);
    }
    return this.leaving.size > 0;
  }
}
