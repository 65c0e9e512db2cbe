import { Topic, type TopicOptions } from '@lite-streams/core';
import { storeWide } from '@lite-streams/core/ground';
import {
  Appender,
  type Bell,
  KERNEL,
  KIND,
  LOG,
  type Shard,
  SlotRun,
  type TopicEnvironment,
} from '@lite-streams/core/internal';
import type { Disk } from './disk.ts';
import { DiskHistory } from './disk-history.ts';
import type { EngineDirectory } from './engine-directory.ts';
import { GroupOffsets } from './group-offsets.ts';
import { openShardLog } from './open-shard-log.ts';
import { storageText, type TopicStorage } from './topic-storage.ts';

/** What is known of a shard's log before its ring is made. */
interface Found {
  readonly firstOffset: number;
  readonly endOffset: number;
}

/**
 * Makes the rings of a topic that lies in a directory, or will: each goes on where its log ends. The
 * logs are recovered here once, so that whoever makes the topic is told what is wrong with them;
 * their owner opens them for itself.
 */
export function openDurableTopic(
  directory: EngineDirectory,
  disk: Disk,
  name: string,
  options: TopicOptions,
  environment: TopicEnvironment & { bell: Bell },
): Topic {
  const storage: TopicStorage = { directory: directory.path, topic: name };
  directory.keepTopic(name, options);
  const found: Found[] = [];
  for (let shard = 0; shard < options.shards; shard++) {
    const log = openShardLog(disk, storage, shard, options);
    found.push({ firstOffset: log.firstOffset, endOffset: log.endOffset });
    log.close();
  }
  // The names of the shards' directories, too, are on disk before anything is acknowledged.
  disk.syncDirectory(directory.topicPath(name));
  const history = new DiskHistory(storage, disk);
  const topic = Topic.create(name, options, {
    ...environment,
    history,
    storage: storageText(storage),
    firstOffsets: found.map(({ endOffset }) => endOffset),
  });
  const ended = found.some((one, shard) => endsWithMark(history, shard, one));
  for (const shard of topic.shards) {
    const { firstOffset, endOffset } = found[shard.number];
    storeWide(shard.i64, LOG.start >> 3, firstOffset);
    if (endsWithMark(history, shard.number, found[shard.number])) {
      shard.setState(KERNEL.STATE_SEALED);
    } else {
      if (endOffset > firstOffset) markProducersGone(shard, topic.now());
      if (ended) shard.setState(KERNEL.STATE_ENDED);
    }
  }
  forgetWhatIsGone(new GroupOffsets(disk, directory.path, name), found);
  return topic;
}

/** Whoever appended before is gone: in the log its producers end here, all at once. */
function markProducersGone(shard: Shard, nowMs: number): void {
  new Appender(shard, OWNER).appendControl(KIND.producerEnd, nowMs, EVERY_PRODUCER);
}

/** Nobody else can see the shard yet: its owner's cell is free to be used. */
const OWNER = 0;
/** See `SourceTask`: no producer has the owner's number. */
const EVERY_PRODUCER = 0;

/** Whether the topic had been ended. */
function endsWithMark(
  history: DiskHistory,
  shard: number,
  { firstOffset, endOffset }: Found,
): boolean {
  if (endOffset === firstOffset) return false;
  const reader = history.shard(shard);
  const run = new SlotRun({ u8: NONE, i32: new Int32Array(0), buffer: NONE });
  const count = reader.read(endOffset - 1, 1, run);
  const ended = count === 1 && run.kind(0) === KIND.topicEnd;
  reader.close();
  return ended;
}

const NONE = Buffer.alloc(0);

/**
 * A log may end earlier than a group had read: the machine stopped before the disk had what was not
 * acknowledged. Its offsets are given out anew, and must not count as read.
 */
function forgetWhatIsGone(groups: GroupOffsets, found: readonly Found[]): void {
  for (const group of groups.names()) {
    const offsets = groups.read(group);
    if (offsets === undefined) continue;
    const possible = offsets.map((offset, shard) => Math.min(offset, found[shard].endOffset));
    if (possible.some((offset, shard) => offset !== offsets[shard])) groups.save(group, possible);
  }
}
