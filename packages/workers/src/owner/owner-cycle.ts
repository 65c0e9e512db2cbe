import { Topic, type TopicDescriptor } from '@lite-streams/core';
import { Bell, GroupCursor, ShardOwner } from '@lite-streams/core/internal';
import type { OwnerBoot } from '../protocol/boot.ts';

/** How long an owner rests when nothing waits for it: whoever needs it at once calls it. */
const REST_MS = 250;
/** How long when something does: the end of a producer for room, or another claim before it. */
const BUSY_REST_MS = 5;
/** How often at least an owner looks while a record is retained. */
const LOOKS_PER_RETENTION = 16;

/** A topic as its owner sees it: the shards that fall to this owner. */
interface OwnedTopic {
  readonly topic: Topic;
  readonly owners: Set<ShardOwner>;
  /** Whether this owner also looks after the topic's directory: one owner does. */
  readonly directory: boolean;
}

/** What an owner tells. */
export interface OwnerObserver {
  /** A shard broke an invariant; nobody looks after it any more. */
  poisoned(topic: string, shard: number, error: unknown): void;
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
  /** Threads that have exited, with the topics that they may still be members in. */
  private readonly leaving = new Map<number, Set<Topic>>();
  private restMs = REST_MS;

  constructor(boot: OwnerBoot, now: () => number, observer: OwnerObserver) {
    this.boot = boot;
    this.bell = Bell.attach(boot.bell);
    this.now = now;
    this.observer = observer;
    for (const topic of boot.topics) this.add(topic);
    for (const thread of boot.exited) this.threadExited(thread);
  }

  add(descriptor: TopicDescriptor): void {
    const { thread, index, config } = this.boot;
    const topic = Topic.attach(descriptor, { thread, bell: this.bell });
    const { retentionMs } = topic.options;
    const owners = topic.shards
      .filter(({ number }) => number % config.owners === index)
      .map(shard => new ShardOwner(shard, thread, { retentionMs }));
    if (retentionMs !== undefined) {
      const fine = Math.max(BUSY_REST_MS, retentionMs / LOOKS_PER_RETENTION);
      this.restMs = Math.min(this.restMs, fine);
    }
    this.topics.set(topic.name, { topic, owners: new Set(owners), directory: index === 0 });
  }

  /** One round over all shards. Tells how long the owner may rest. */
  step(): number {
    const nowMs = this.now();
    let pending = this.removeMembers();
    let wake = 0;
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
    if (wake > 0) this.bell.ring();
    return wake > 0 || pending ? BUSY_REST_MS : this.restMs;
  }

  /**
   * Takes back whatever a thread held that has exited: never on suspicion, for its claims are
   * repaired as those of nobody. Can be repeated.
   */
  threadExited(thread: number): void {
    const directories = new Set<Topic>();
    for (const { topic, owners, directory } of this.topics.values()) {
      for (const owner of owners) owner.threadExited(thread);
      if (directory) directories.add(topic);
    }
    this.leaving.set(thread, directories);
    this.step();
    this.bell.ring();
  }

  /**
   * Members that are gone leave their groups; what they had not committed is read again by others.
   * Tells whether any are left: somebody is at their topic's directory, and may have died there.
   */
  private removeMembers(): boolean {
    for (const [thread, topics] of this.leaving) {
      for (const topic of topics) {
        const done = topic.directory.threadExited(thread, (group, member, shard) => {
          new GroupCursor(topic.shards[shard], group).rewind(member);
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
