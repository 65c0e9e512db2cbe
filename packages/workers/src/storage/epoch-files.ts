import { join } from 'node:path';
import {
  checkSavepointName,
  type Epoch,
  type EpochDriver,
  type StepSnapshot,
  unknownSavepoint,
} from '@lite-streams/core/ground';
import type { Disk } from './disk.ts';
import {
  damaged,
  readEpoch,
  type StoredElsewhere,
  type StoredEpoch,
  writeEpoch,
} from './epoch-file.ts';
import { fileNameOf } from './file-names.ts';
import { storageFailed } from './storage-failure.ts';

const SUFFIX = '.epoch';
/** Digits of an epoch's number, so that names sort as numbers do. */
const DIGITS = 16;

/**
 * The epochs of an engine in its directory:
 *
 * ```text
 * checkpoints/<pipeline>/<number>.epoch            the last one, and those that it takes a part of
 * checkpoints/<pipeline>/savepoints/<name>.epoch
 * ```
 *
 * An epoch is one file, which names what it takes from earlier ones: state that did not change. Of a file
 * of which less than half is still needed, that is written again, so that the file can go. An epoch is
 * written under another name and renamed when it is on stable storage, so at every moment the largest
 * number is a whole epoch, and what comes of a crash is the last that was committed: nothing has to be
 * repaired, and opening changes nothing but what is left over.
 */
export class EpochFiles implements EpochDriver {
  private readonly disk: Disk;
  private readonly directory: string;
  /** What was read or written last, by pipeline: a rollback does not wait for the disk. */
  private readonly last = new Map<string, Epoch>();
  /** Where the snapshots of steps stand that have been written. */
  private readonly places = new WeakMap<StepSnapshot, StoredElsewhere>();

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
      const epoch = this.whole(path, readEpoch(this.disk, join(path, newest)));
      this.last.set(pipeline, epoch);
      return epoch;
    });
  }

  commit(epoch: Epoch): void {
    const path = this.pathOf(epoch.pipeline);
    this.withDisk('Writing an epoch to', path, () => {
      if (!this.last.has(epoch.pipeline)) this.makeDirectory(path);
      const used = this.filesToKeep(path, epoch);
      const stored = this.withoutWritten(epoch, used);
      const name = fileOf(epoch.epoch);
      writeEpoch(this.disk, join(path, name), stored);
      used.add(name);
      this.note(epoch, stored);
      this.last.set(epoch.pipeline, epoch);
      // Those that are removed may come back after a power failure: they are smaller.
      for (const name of this.epochsIn(path)) {
        if (!used.has(name)) this.disk.remove(join(path, name));
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
        // One that was written with `save` stands in its file whole.
        return readEpoch(this.disk, join(path, name + SUFFIX)) as Epoch;
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

  /** The files of earlier epochs of which at least half is needed. */
  private filesToKeep(path: string, { tasks }: Epoch): Set<string> {
    const needed = new Map<string, number>();
    for (const { steps } of tasks) {
      for (const step of steps) {
        const place = this.places.get(step);
        if (place === undefined) continue;
        const name = fileOf(place.epoch);
        needed.set(name, (needed.get(name) ?? 0) + bytesOf(step));
      }
    }
    const kept = [...needed].filter(([name, bytes]) => {
      const file = this.disk.stat(join(path, name));
      return file !== undefined && bytes >= file.bytes / 2;
    });
    return new Set(kept.map(([name]) => name));
  }

  /** The same, but what stands in these files by its place there. */
  private withoutWritten(epoch: Epoch, files: ReadonlySet<string>): StoredEpoch {
    const tasks = epoch.tasks.map(task => ({
      ...task,
      steps: task.steps.map(step => {
        const place = this.places.get(step);
        return place !== undefined && files.has(fileOf(place.epoch)) ? place : step;
      }),
    }));
    return { ...epoch, tasks };
  }

  /** Of what stands in its own file, where. */
  private note({ epoch, tasks }: Epoch, stored: StoredEpoch): void {
    for (const [task, { steps }] of tasks.entries()) {
      for (const [step, snapshot] of steps.entries()) {
        if ('sections' in stored.tasks[task].steps[step]) {
          this.places.set(snapshot, { epoch, task, step });
        }
      }
    }
  }

  /** Reads beside an epoch what of it stands in the files of others. */
  private whole(path: string, stored: StoredEpoch): Epoch {
    const others = new Map<number, StoredEpoch>();
    const find = (place: StoredElsewhere): StepSnapshot => {
      const file = join(path, fileOf(place.epoch));
      if (this.disk.stat(file) === undefined)
        damaged(file, 'it is not there, and a later one needs it');
      const other = others.get(place.epoch) ?? readEpoch(this.disk, file);
      others.set(place.epoch, other);
      const found = other.tasks[place.task]?.steps[place.step];
      if (found === undefined || !('sections' in found))
        damaged(file, 'a later one names what it has not');
      this.places.set(found, place);
      return found;
    };
    const tasks = stored.tasks.map(task => ({
      ...task,
      steps: task.steps.map(step => ('sections' in step ? step : find(step))),
    }));
    const epoch: Epoch = { ...stored, tasks };
    this.note(epoch, stored);
    return epoch;
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

function bytesOf({ sections }: StepSnapshot): number {
  return sections.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function fileOf(epoch: number): string {
  return `${String(epoch).padStart(DIGITS, '0')}${SUFFIX}`;
}
