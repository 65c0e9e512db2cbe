import { resolve } from 'node:path';
import { fail } from '@lite-streams/core/internal';
import type { Disk } from '../storage/disk.ts';
import { EngineDirectory } from '../storage/engine-directory.ts';
import { nodeDisk } from '../storage/node-disk.ts';
import { LogTopic } from './log-topic.ts';

/**
 * Opens the directory of an engine to read it, from this process or another one, while an engine
 * writes it or not. Nothing of the log is changed; what groups have read is kept beside it. Throws
 * `STORAGE_MISMATCH` for a directory that is not there or not an engine's, `STORAGE_FAILED`.
 */
export function openLog(directory: string): Log {
  return new Log(EngineDirectory.openToRead(resolve(directory), nodeDisk), nodeDisk);
}

/** The topics of a directory, as they lie on disk. */
export class Log {
  readonly path: string;
  private readonly directory: EngineDirectory;
  private readonly disk: Disk;

  /** Made by `openLog`. */
  constructor(directory: EngineDirectory, disk: Disk) {
    this.path = directory.path;
    this.directory = directory;
    this.disk = disk;
  }

  /** Names of the topics that are there now. */
  topics(): string[] {
    return this.directory.topics();
  }

  /** A topic. Throws `UNKNOWN_TOPIC`, also for one that is yet to be made. */
  topic(name: string): LogTopic {
    const options = this.directory.topicOptions(name);
    if (options !== undefined) return new LogTopic(this.path, name, options, this.disk);
    const names = this.topics().map(known => JSON.stringify(known));
    return fail(
      'UNKNOWN_TOPIC',
      `${this.path} has no topic ${JSON.stringify(name)}; it has ${names.join(', ') || 'none'}.`,
    );
  }
}
