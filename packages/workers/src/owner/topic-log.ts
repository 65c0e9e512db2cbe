import type { Topic } from '@lite-streams/core';
import { groupPlace, type Shard, type WaitingPlace } from '@lite-streams/core/internal';
import type { Disk } from '../storage/disk.ts';
import { GroupOffsets } from '../storage/group-offsets.ts';
import { openShardLog } from '../storage/open-shard-log.ts';
import type { TopicStorage } from '../storage/topic-storage.ts';
import { GroupKeeper } from './group-keeper.ts';
import { ShardScribe, stopShard } from './shard-scribe.ts';

/** How often the logs are looked through for what retention lets go. */
const RETAIN_EVERY_MS = 1_000;

/** What one owner writes of a durable topic: the logs of its shards, and maybe the groups' offsets. */
export class TopicLog {
  readonly places: readonly WaitingPlace[];
  private readonly topic: Topic;
  private readonly files: GroupOffsets;
  private readonly scribes: Set<ShardScribe>;
  private keeper: GroupKeeper | undefined;
  private readonly stopped: (shard: number, error: unknown) => void;
  /** Whether it was told that offsets of groups cannot be read. */
  private told = false;
  private retainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    topic: Topic,
    storage: string,
    shards: readonly Shard[],
    keepsGroups: boolean,
    disk: Disk,
    stopped: (shard: number, error: unknown) => void,
  ) {
    const where: TopicStorage = JSON.parse(storage);
    this.topic = topic;
    this.stopped = stopped;
    this.scribes = new Set();
    for (const shard of shards) {
      try {
        const log = openShardLog(disk, where, shard.number, topic.options);
        this.scribes.add(new ShardScribe(shard, log, topic.options.acks));
      } catch (error) {
        stopShard(shard, error);
        stopped(shard.number, error);
      }
    }
    this.places = shards.map(({ number }) => topic.recordPlaces[number]);
    this.files = new GroupOffsets(disk, where.directory, where.topic);
    if (keepsGroups) this.keeper = new GroupKeeper(topic, this.files);
  }

  get behind(): boolean {
    for (const scribe of this.scribes) if (scribe.behind) return true;
    return false;
  }

  get awaited(): boolean {
    for (const scribe of this.scribes) if (scribe.awaited) return true;
    return false;
  }

  /** Tells whether there was anything to write. */
  write(): boolean {
    let wrote = false;
    for (const scribe of this.scribes)
      this.guarded(scribe, () => {
        if (scribe.write()) wrote = true;
      });
    return wrote;
  }

  /** Waits for the disk. Tells whether there is more to do at once. */
  sync(nowMs: number): boolean {
    for (const scribe of this.scribes) this.guarded(scribe, () => scribe.sync());
    this.retainNowAndThen(nowMs);
    let compacting = false;
    for (const scribe of this.scribes) {
      this.guarded(scribe, () => {
        if (scribe.compact()) compacting = true;
      });
    }
    return compacting;
  }

  private retainNowAndThen(nowMs: number): void {
    if (nowMs - this.retainedAtMs >= RETAIN_EVERY_MS) {
      this.retainedAtMs = nowMs;
      this.retain();
      if (this.topic.options.compact) {
        for (const scribe of this.scribes) this.guarded(scribe, () => scribe.startCompaction());
      }
    }
  }

  /** Writes what is left, on to the disk, whatever is acknowledged when. */
  finish(): void {
    for (const scribe of this.scribes) {
      this.guarded(scribe, () => {
        scribe.write();
        scribe.sync(true);
      });
    }
  }

  close(): void {
    for (const scribe of this.scribes) this.guarded(scribe, () => scribe.close());
  }

  private retain(): void {
    const {
      retentionRecords: records,
      retentionBytes: bytes,
      retentionMs: ageMs,
    } = this.topic.options;
    if (records === undefined && bytes === undefined && ageMs === undefined) return;
    const unread = this.unreadOrTold();
    // Whoever holds the directory may have died with it: then this is for the next time.
    if (unread === undefined) return;
    for (const scribe of this.scribes) {
      const keepFrom = unread[scribe.shard.number];
      this.guarded(scribe, () => scribe.retain({ records, bytes, ageMs, keepFrom }));
    }
  }

  /** A group whose file cannot be read may have yet to read anything: then all is kept. */
  private unreadOrTold(): number[] | undefined {
    try {
      return this.unread();
    } catch (error) {
      if (!this.told) this.stopped(-1, error);
      this.told = true;
      return undefined;
    }
  }

  /** The offset in each shard from which on some group has yet to read, here or in another process. */
  private unread(): number[] | undefined {
    const { topic } = this;
    const groups = topic.directory.groupNamesAtOnce();
    if (groups === undefined) return undefined;
    const unread = topic.shards.map(() => Number.MAX_SAFE_INTEGER);
    const hold = (offset: number, shard: number): void => {
      unread[shard] = Math.min(unread[shard], offset);
    };
    for (const { id } of groups) {
      for (const shard of topic.shards) hold(groupPlace(shard, id).committedOffset(), shard.number);
    }
    for (const name of this.files.names()) {
      if (!groups.some(group => group.name === name)) this.files.read(name)?.forEach(hold);
    }
    return unread;
  }

  /**
   * Keeps what the topic's groups have committed once all `topics` are safe. Tells whether that is
   * still to come.
   */
  keepGroups(nowMs: number, topics: Iterable<Topic>, now = false): boolean {
    try {
      this.keeper?.keep(nowMs, topics, now);
    } catch (error) {
      // Nothing is lost by it but that groups read again what they had committed since.
      this.keeper = undefined;
      this.stopped(-1, error);
    }
    return this.keeper?.waits ?? false;
  }

  private guarded(scribe: ShardScribe, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.scribes.delete(scribe);
      scribe.stop(error);
      this.stopped(scribe.shard.number, error);
      this.topic.bell.ring();
    }
  }
}
