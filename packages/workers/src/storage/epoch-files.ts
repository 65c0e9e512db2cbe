import { join } from 'node:path';
import {
  checkSavepointName,
  type Epoch,
  type EpochDriver,
  unknownSavepoint,
} from '@lite-streams/core/ground';
import type { Disk } from './disk.ts';
import { readEpoch, writeEpoch } from './epoch-file.ts';
import { fileNameOf } from './file-names.ts';
import { storageFailed } from './storage-failure.ts';

const SUFFIX = '.epoch';
/** Digits of an epoch's number, so that names sort as numbers do. */
const DIGITS = 16;

/**
 * The epochs of an engine in its directory:
 *
 * ```text
 * checkpoints/<pipeline>/<number>.epoch            the last one; the one before until that is removed
 * checkpoints/<pipeline>/savepoints/<name>.epoch
 * ```
 *
 * An epoch is one file. It is written under another name and renamed when it is on stable storage, so
 * at every moment the largest number is a whole epoch, and what comes of a crash is the last that was
 * committed: nothing has to be repaired, and opening changes nothing but what is left over.
 */
export class EpochFiles implements EpochDriver {
  private readonly disk: Disk;
  private readonly directory: string;
  /** What was read or written last, by pipeline: a rollback does not wait for the disk. */
  private readonly last = new Map<string, Epoch>();

  /** `directory` is the engine's. */
  constructor(disk: Disk, directory: string) {
    this.disk = disk;
    this.directory = join(directory, 'checkpoints');
  }

  restore(pipeline: string): Epoch | undefined {
    const known = this.last.get(pipeline);
    if (known !== undefined) return known;
    const path = this.pathOf(pipeline);
    return this.withDisk('Reading the epochs in', path, () => {
      const names = this.epochsIn(path);
      const newest = names.at(-1);
      if (newest === undefined) return undefined;
      const epoch = readEpoch(this.disk, join(path, newest));
      this.last.set(pipeline, epoch);
      return epoch;
    });
  }

  commit(epoch: Epoch): void {
    const path = this.pathOf(epoch.pipeline);
    this.withDisk('Writing an epoch to', path, () => {
      if (!this.last.has(epoch.pipeline)) this.makeDirectory(path);
      const name = `${String(epoch.epoch).padStart(DIGITS, '0')}${SUFFIX}`;
      writeEpoch(this.disk, join(path, name), epoch);
      this.last.set(epoch.pipeline, epoch);
      // Those before may come back after a power failure: they are smaller.
      for (const other of this.epochsIn(path)) {
        if (other < name) this.disk.remove(join(path, other));
      }
    });
  }

  save(name: string, epoch: Epoch): void {
    checkSavepointName(name);
    const path = join(this.pathOf(epoch.pipeline), 'savepoints');
    this.withDisk('Writing a savepoint to', path, () => {
      this.makeDirectory(path);
      writeEpoch(this.disk, join(path, name + SUFFIX), epoch);
    });
  }

  saved(pipeline: string, name: string): Epoch {
    checkSavepointName(name);
    const path = join(this.pathOf(pipeline), 'savepoints');
    return this.withDisk('Reading a savepoint in', path, () => {
      if (this.disk.stat(join(path, name + SUFFIX)) !== undefined) {
        return readEpoch(this.disk, join(path, name + SUFFIX));
      }
      const known = this.epochsIn(path).map(file => file.slice(0, -SUFFIX.length));
      return unknownSavepoint(pipeline, name, known);
    });
  }

  forget(pipeline: string): void {
    this.last.delete(pipeline);
    const path = this.pathOf(pipeline);
    this.withDisk('Removing the epochs in', path, () => {
      const names = this.epochsIn(path);
      for (const name of names) this.disk.remove(join(path, name));
      if (names.length > 0) this.disk.syncDirectory(path);
    });
  }

  private pathOf(pipeline: string): string {
    return join(this.directory, fileNameOf(pipeline));
  }

  private epochsIn(path: string): string[] {
    if (this.disk.stat(path) === undefined) return [];
    const names = this.disk.readDirectory(path);
    return names.filter(name => name.endsWith(SUFFIX)).sort();
  }

  /** A directory whose name is on stable storage, and with it those above. */
  private makeDirectory(path: string): void {
    this.disk.makeDirectory(path);
    for (let at = path; at.length >= this.directory.length; at = join(at, '..')) {
      this.disk.syncDirectory(join(at, '..'));
    }
  }

  private withDisk<T>(action: string, path: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      return storageFailed(action, path, error);
    }
  }
}
