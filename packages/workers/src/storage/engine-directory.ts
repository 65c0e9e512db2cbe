import { join } from 'node:path';
import type { TopicOptions } from '@lite-streams/core';
import { fail } from '@lite-streams/core/internal';
import { DirectoryLock } from './directory-lock.ts';
import type { Disk } from './disk.ts';
import { fileNameOf, nameOfFile } from './file-names.ts';
import { readJson, writeJson } from './json-file.ts';
import { storageFailed, storageMismatch } from './storage-failure.ts';

/** The version of what stands where in a directory; that of frames and segments is their own. */
export const DIRECTORY_FORMAT = 1;

/** What says that a directory is an engine's. */
interface EngineFile {
  readonly product: 'lite-streams';
  readonly format: number;
}

/** What is kept of a topic beside its records. */
interface TopicFile {
  readonly format: number;
  readonly topic: string;
  readonly options: TopicOptions;
}

/**
 * The directory of an engine:
 *
 * ```text
 * engine.json                              product and format version
 * lock                                     the process that writes it, while it does
 * topics/<topic>/topic.json                name and options
 * topics/<topic>/<shard>/…                 the shard's log
 * groups/<topic>/<group>.json              committed offsets, one for each shard
 * ```
 */
export class EngineDirectory {
  readonly path: string;
  private readonly disk: Disk;
  private readonly lock: DirectoryLock | undefined;

  private constructor(path: string, disk: Disk, lock: DirectoryLock | undefined) {
    this.path = path;
    this.disk = disk;
    this.lock = lock;
  }

  /**
   * Opens a directory to write it, making it if need be. Throws `DIRECTORY_LOCKED`,
   * `STORAGE_FAILED`, `STORAGE_MISMATCH`.
   */
  static open(path: string, disk: Disk): EngineDirectory {
    return usable(path, () => {
      const found = disk.stat(path);
      if (found !== undefined && !found.isDirectory) {
        storageMismatch(path, 'is a file, where the directory of an engine should be.');
      }
      disk.makeDirectory(path);
      if (!isEngines(path, disk)) {
        refuseForeign(path, disk);
      }
      const lock = DirectoryLock.take(join(path, 'lock'), `The directory ${path}`);
      try {
        if (!isEngines(path, disk)) {
          const engine: EngineFile = { product: 'lite-streams', format: DIRECTORY_FORMAT };
          disk.makeDirectory(join(path, 'topics'));
          disk.makeDirectory(join(path, 'groups'));
          writeJson(disk, join(path, 'engine.json'), engine);
        }
      } catch (error) {
        lock.release();
        throw error;
      }
      return new EngineDirectory(path, disk, lock);
    });
  }

  /** Opens a directory that another process may write, to read it. Throws as `open`, but for the lock. */
  static openToRead(path: string, disk: Disk): EngineDirectory {
    return usable(path, () => {
      if (disk.stat(path) === undefined) {
        storageMismatch(path, 'does not exist.');
      }
      if (!isEngines(path, disk)) refuseForeign(path, disk);
      return new EngineDirectory(path, disk, undefined);
    });
  }

  topics(): string[] {
    const names: string[] = [];
    if (this.disk.stat(join(this.path, 'topics')) === undefined) return names;
    for (const file of this.disk.readDirectory(join(this.path, 'topics'))) {
      const name = nameOfFile(file);
      if (name !== undefined && this.topicFile(name) !== undefined) names.push(name);
    }
    return names.sort();
  }

  /** The options that a topic was made with; `undefined` when there is none of this name. */
  topicOptions(name: string): TopicOptions | undefined {
    return this.topicFile(name)?.options;
  }

  /** Keeps the options of a topic. What is kept already is not written: the disk may be full. */
  keepTopic(name: string, options: TopicOptions): void {
    if (JSON.stringify(this.topicFile(name)?.options) === JSON.stringify(options)) return;
    usable(this.topicPath(name), () => {
      const file: TopicFile = { format: DIRECTORY_FORMAT, topic: name, options };
      this.disk.makeDirectory(this.topicPath(name));
      writeJson(this.disk, join(this.topicPath(name), 'topic.json'), file);
      this.disk.syncDirectory(join(this.path, 'topics'));
    });
  }

  topicPath(name: string): string {
    return join(this.path, 'topics', fileNameOf(name));
  }

  close(): void {
    this.lock?.release();
  }

  private topicFile(name: string): TopicFile | undefined {
    const path = join(this.topicPath(name), 'topic.json');
    const file = readJson(this.disk, path) as TopicFile | undefined;
    if (file === undefined) return undefined;
    if (file.format !== DIRECTORY_FORMAT) refuseFormat(path, file.format);
    if (file.topic === name) return file;
    return fail(
      'STORAGE_MISMATCH',
      `${path} is of the topic ${JSON.stringify(file.topic)}, not of ${JSON.stringify(name)}: ` +
        'the directory was copied or renamed. Give it its own name back.',
    );
  }
}

/** Whether a directory says that it is an engine's. Throws `STORAGE_MISMATCH`. */
function isEngines(path: string, disk: Disk): boolean {
  const file = join(path, 'engine.json');
  const engine = readJson(disk, file) as EngineFile | undefined;
  if (engine === undefined) return false;
  if (engine.product !== 'lite-streams') return false;
  if (engine.format !== DIRECTORY_FORMAT) refuseFormat(file, engine.format);
  return true;
}

function refuseFormat(path: string, format: unknown): never {
  fail(
    'STORAGE_MISMATCH',
    `${path} has the format version ${JSON.stringify(format)}; this build reads ${DIRECTORY_FORMAT}. ` +
      'Use the version of the package that wrote it, or another directory.',
  );
}

/** What stands in a directory that is being made, or was when its engine died. */
const OWN = /^(engine\.json\.new|lock(\..*)?|topics|groups)$/;

/** Throws for a directory with files that are not ours; one that is still to be made is empty. */
function refuseForeign(path: string, disk: Disk): void {
  const strange = disk.readDirectory(path).filter(name => !OWN.test(name));
  if (strange.length === 0) return;
  storageMismatch(
    path,
    `is not the directory of an engine: it has no engine.json of ours, but ` +
      `${strange.slice(0, 3).join(', ')}. Give an empty or a new directory.`,
  );
}

/** Does `work`; what the system refuses becomes `STORAGE_FAILED`. */
export function usable<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    return storageFailed('The use of', path, error);
  }
}
