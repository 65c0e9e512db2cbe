import { Topic, type TopicDescriptor } from '@lite-streams/core';
import { Bell, GroupCursor, ShardOwner } from '@lite-streams/core/internal';
import type { OwnerBoot } from '../protocol/boot.ts';

/** A topic as its owner sees it: the shards that fall to this owner. */
interface OwnedTopic {
  readonly topic: Topic;
  readonly owners: readonly ShardOwner[];
  /** Whether this owner also looks after the topic's directory: one owner does. */
  readonly directory: boolean;
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

  constructor(boot: OwnerBoot, now: () => number) {
    this.boot = boot;
    this.bell = Bell.attach(boot.bell);
    this.now = now;
    for (const topic of boot.topics) this.add(topic);
    for (const thread of boot.exited) this.threadExited(thread);
  }

  add(descriptor: TopicDescriptor): void {
    const { thread, index, config } = this.boot;
    const topic = Topic.attach(descriptor, { thread, bell: this.bell });
    const owners = topic.shards
      .filter(({ number }) => number % config.owners === index)
      .map(shard => new ShardOwner(shard, thread, { retentionMs: topic.options.retentionMs }));
    this.topics.set(topic.name, { topic, owners, directory: index === 0 });
  }

  /** One round over all shards. Tells whether it found anything to do. */
  step(): boolean {
    const nowMs = this.now();
    let wake = 0;
    for (const { owners } of this.topics.values()) {
      for (const owner of owners) wake |= owner.step(nowMs);
    }
    if (wake === 0) return false;
    this.bell.ring();
    return true;
  }

  /**
   * Takes back whatever a thread held that has exited: never on suspicion, for its claims are
   * repaired as those of nobody. Can be repeated.
   */
  threadExited(thread: number): void {
    for (const { topic, owners, directory } of this.topics.values()) {
      for (const owner of owners) owner.threadExited(thread);
      if (directory) this.removeMembers(topic, thread);
    }
    this.step();
    this.bell.ring();
  }

  /** Its members leave their groups; what they had not committed is read again by the others. */
  private removeMembers(topic: Topic, thread: number): void {
    topic.directory.threadExited(thread, (group, member, shard) => {
      new GroupCursor(topic.shards[shard], group).rewind(member);
    });
  }
}
