import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fileNameOf } from './file-names.ts';

/** Where a durable topic lies; it crosses threads as text. */
export interface TopicStorage {
  readonly directory: string;
  readonly topic: string;
}

export function storageText(storage: TopicStorage): string {
  return JSON.stringify(storage);
}

export function shardDirectory({ directory, topic }: TopicStorage, shard: number): string {
  return join(directory, 'topics', fileNameOf(topic), String(shard));
}

/** Tells the files of one topic from those of another: 31 bits, whatever reads them. */
export function topicIdentity(topic: string): number {
  return crc32(topic) >>> 1;
}
