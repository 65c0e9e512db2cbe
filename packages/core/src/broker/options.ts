import { checkOption } from '../config/config.ts';
import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import type { TopicHistory } from '../shard/history.ts';
import type { Partitioner } from './partitioner.ts';

/** What a topic is made of. Fixed when the topic is made. */
export interface TopicOptions {
  /** How many shards. Default 4. */
  shards: number;
  /** Records that a shard's ring can hold, a power of two. Default 16,384. */
  slots: number;
  /** Bytes of records that a shard's ring can hold, a power of two. Default 4 MiB. */
  shardBytes: number;
  /** Largest stored record in bytes, a multiple of 8. Default 64 KiB. */
  maxRecordBytes: number;
  /** Producers that can be open at once. Default 64. */
  maxProducers: number;
  /** Groups that can exist at once. Default 16. */
  maxGroups: number;
  /** Members that a group can have at once. Default 16. */
  maxMembers: number;
  /** Newest records that a shard retains for new readers; all that the ring holds by default. */
  retentionRecords?: number | undefined;
  /** Bytes of the newest records that a shard retains for new readers. */
  retentionBytes?: number | undefined;
  /** Milliseconds since a record was appended for which it is retained for new readers. */
  retentionMs?: number | undefined;
  /**
   * `block` (default): groups hold producers back, nothing that a group has not read is lost.
   * `overwrite`: producers never wait, the oldest records go, and readers are told how many.
   */
  overflow: 'block' | 'overwrite';
  /**
   * Whether the shards' owner writes the topic to the directory of its engine, where it survives the
   * process. Default: true in an engine that has a directory, else false.
   */
  durable: boolean;
  /**
   * When a record counts as acknowledged: when other threads can see it (`memory`), when it has been
   * handed to the operating system (`os`: survives the process), or when it is on disk (`disk`:
   * survives the machine). Topics that are not durable know `memory` only.
   */
  acks: Acks;
  /** Bytes of a file of a durable topic, about. Default 64 MiB. */
  segmentBytes: number;
  /** How the records of a durable topic are packed on disk. Default `none`. */
  compression: 'none' | 'zstd';
  /**
   * Whether finished files of a durable topic keep only the last record of every key; one without a
   * value says that its key is gone, and goes after a day. Default false.
   */
  compact: boolean;
  /** How the key picks the shard. Default `fnv1a`. */
  partitioner: Partitioner;
  /** Records of a producer's batch at most, unless the producer says otherwise. Default 256. */
  batchRecords: number;
  /** Bytes of a producer's batch at most, likewise. Default 64 KiB. */
  batchBytes: number;
  /** Milliseconds that a batch may wait for more records, likewise. Default 0. */
  lingerMs: number;
  /** Calls of a producer's `send` that may wait for room at once, likewise. Default 16,384. */
  maxWaitingSends: number;
  /** Slots of a consumer's batch at most, unless the consumer says otherwise. Default 1,024. */
  maxPollRecords: number;
}

/** What has happened to a record when it counts as acknowledged. */
export type Acks = 'memory' | 'os' | 'disk';

export const DEFAULT_TOPIC_OPTIONS: TopicOptions = {
  shards: 4,
  slots: 16_384,
  shardBytes: 4 * 1024 * 1024,
  maxRecordBytes: 64 * 1024,
  maxProducers: 64,
  maxGroups: 16,
  maxMembers: 16,
  overflow: 'block',
  durable: false,
  acks: 'disk',
  segmentBytes: 64 * 1024 * 1024,
  compression: 'none',
  compact: false,
  partitioner: 'fnv1a',
  batchRecords: 256,
  batchBytes: 64 * 1024,
  lingerMs: 0,
  maxWaitingSends: 16_384,
  maxPollRecords: 1_024,
};

const NAMES: NamesOf<TopicOptions> = {
  shards: true,
  slots: true,
  shardBytes: true,
  maxRecordBytes: true,
  maxProducers: true,
  maxGroups: true,
  maxMembers: true,
  retentionRecords: true,
  retentionBytes: true,
  retentionMs: true,
  overflow: true,
  durable: true,
  acks: true,
  segmentBytes: true,
  compression: true,
  compact: true,
  partitioner: true,
  batchRecords: true,
  batchBytes: true,
  lingerMs: true,
  maxWaitingSends: true,
  maxPollRecords: true,
};

/** The rows of the option table that a topic can have for itself. */
export const TOPIC_OPTIONS = Object.freeze(Object.keys(NAMES)) as readonly (keyof TopicOptions)[];

/** Throws `INVALID_OPTION` for an option that no topic has: a misspelt one would be a default. */
export function checkTopicOptionNames(options: object): void {
  checkOptionNames('A topic', options, NAMES);
}

/** Throws `INVALID_OPTION` for what is no option of a topic, and for a value that it does not take. */
export function checkTopicOptions(options: Partial<TopicOptions>): void {
  checkTopicOptionNames(options);
  for (const name of TOPIC_OPTIONS) {
    if (options[name] !== undefined) checkOption(name, options[name]);
  }
}

/** What a thread brings to the topics that it uses. */
export interface TopicEnvironment {
  /** Identifies the thread among those of the engine, from 1 on. Default 1. */
  thread?: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
  /** Whether views of released batches throw `STALE_VIEW`. Default false. */
  development?: boolean;
  /** Reads what a durable topic has on disk; topics that are durable need one. */
  history?: TopicHistory | undefined;
}
