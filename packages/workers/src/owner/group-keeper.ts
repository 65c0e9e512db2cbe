import type { Topic } from '@lite-streams/core';
import { groupPlace, type Shard } from '@lite-streams/core/internal';
import type { GroupOffsets } from '../storage/group-offsets.ts';

/** How often at most the offsets that groups have committed are written, in milliseconds. */
export const KEEP_EVERY_MS = 200;

/** A durable shard, and the end that it had. */
interface End {
  readonly shard: Shard;
  readonly level: 'written' | 'durable';
  readonly sequence: number;
}

interface Capture {
  readonly groups: readonly { name: string; offsets: readonly number[] }[];
  readonly ends: readonly End[];
}

/**
 * Keeps on disk what the groups of a durable topic have committed, some time after they have. Who
 * commits has appended what came of it before, in whatever topic; so offsets are taken first, then
 * the ends of all logs, and they are kept only once every log is safe up to there. A crash can make
 * a group read again, never miss.
 */
export class GroupKeeper {
  private readonly topic: Topic;
  private readonly files: GroupOffsets;
  private readonly kept = new Map<string, string>();
  private captured: Capture | undefined;
  private keptAtMs = Number.NEGATIVE_INFINITY;

  constructor(topic: Topic, files: GroupOffsets) {
    this.topic = topic;
    this.files = files;
  }

  /** Whether offsets wait for logs to be safe. */
  get waits(): boolean {
    return this.captured !== undefined;
  }

  /** Takes offsets when it is time, or `now`, and keeps those that may be. */
  keep(nowMs: number, topics: Iterable<Topic>, now = false): void {
    if (this.captured === undefined) {
      if (!now && nowMs - this.keptAtMs < KEEP_EVERY_MS) return;
      this.captured = this.capture(topics);
      if (this.captured === undefined) return;
      this.keptAtMs = nowMs;
    }
    if (!this.captured.ends.every(isReached)) return;
    const { groups } = this.captured;
    this.captured = undefined;
    for (const { name, offsets } of groups) {
      this.files.save(name, offsets);
      this.kept.set(name, offsets.join());
    }
    if (groups.length > 0) this.forgetDeleted();
  }

  private capture(topics: Iterable<Topic>): Capture | undefined {
    // Whoever holds the directory may have died with it: then this is for the next time.
    const named = this.topic.directory.groupNamesAtOnce();
    if (named === undefined) return undefined;
    const groups = named
      .map(({ id, name }) => ({
        name,
        offsets: this.topic.shards.map(shard => groupPlace(shard, id).committedOffset()),
      }))
      .filter(({ name, offsets }) => this.kept.get(name) !== offsets.join());
    const ends: End[] = [];
    if (groups.length > 0) {
      for (const { shards, options } of topics) {
        const level = options.acks === 'disk' ? 'durable' : 'written';
        for (const shard of shards) ends.push({ shard, level, sequence: shard.published() });
      }
    }
    return { groups, ends };
  }

  /** A group that was deleted while its file was written would come back. */
  private forgetDeleted(): void {
    const groups = this.topic.directory.groupNamesAtOnce();
    if (groups === undefined) return;
    for (const name of this.kept.keys()) {
      if (groups.some(group => group.name === name)) continue;
      this.kept.delete(name);
      this.files.forget(name);
    }
  }
}

function isReached({ shard, level, sequence }: End): boolean {
  return ((sequence - shard.logged(level)) | 0) <= 0;
}
