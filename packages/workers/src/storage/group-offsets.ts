import { dirname, join } from 'node:path';
import { fail } from '@lite-streams/core/internal';
import type { Disk } from './disk.ts';
import { DIRECTORY_FORMAT, usable } from './engine-directory.ts';
import { fileNameOf, nameOfFile } from './file-names.ts';
import { readJson, writeJson } from './json-file.ts';

const SUFFIX = '.json';

interface GroupFile {
  readonly format: number;
  readonly topic: string;
  readonly group: string;
  /** The next offset that the group reads, by shard. */
  readonly offsets: readonly number[];
}

/** The committed offsets of a topic's groups, a small file for each group. */
export class GroupOffsets {
  private readonly disk: Disk;
  private readonly directory: string;
  private readonly topic: string;
  private made = false;

  constructor(disk: Disk, directory: string, topic: string) {
    this.disk = disk;
    this.directory = join(directory, 'groups', fileNameOf(topic));
    this.topic = topic;
  }

  /** What a group had committed when it was saved last. Throws `LOG_DAMAGED`, `STORAGE_MISMATCH`. */
  read(group: string): readonly number[] | undefined {
    const path = this.pathOf(group);
    const file = readJson(this.disk, path) as GroupFile | undefined;
    if (file === undefined) return undefined;
    if (file.format === DIRECTORY_FORMAT) return file.offsets;
    return fail(
      'STORAGE_MISMATCH',
      `${path} has the format version ${JSON.stringify(file.format)}; this build reads ${DIRECTORY_FORMAT}.`,
    );
  }

  /** Replaces what is kept of a group. On disk when it returns. */
  save(group: string, offsets: readonly number[]): void {
    const path = this.pathOf(group);
    usable(path, () => {
      this.prepare();
      const file: GroupFile = { format: DIRECTORY_FORMAT, topic: this.topic, group, offsets };
      writeJson(this.disk, path, file);
    });
  }

  /** Makes the directory of the files. */
  prepare(): void {
    usable(this.directory, () => {
      if (this.made) return;
      this.disk.makeDirectory(this.directory);
      this.disk.syncDirectory(dirname(this.directory));
      this.made = true;
    });
  }

  /** Names of the groups of which something is kept. */
  names(): string[] {
    if (this.disk.stat(this.directory) === undefined) return [];
    const names = this.disk.readDirectory(this.directory).map(file => {
      return file.endsWith(SUFFIX) ? nameOfFile(file.slice(0, -SUFFIX.length)) : undefined;
    });
    return names.filter(name => name !== undefined);
  }

  /** False if nothing was kept of the group. */
  forget(group: string): boolean {
    const path = this.pathOf(group);
    if (this.disk.stat(path) === undefined) return false;
    this.disk.remove(path);
    return true;
  }

  pathOf(group: string): string {
    return join(this.directory, `${fileNameOf(group)}${SUFFIX}`);
  }
}
