import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskStat, OpenMode } from './disk.ts';

const FLAGS: Readonly<Record<OpenMode, string>> = {
  read: 'r',
  write: 'r+',
  create: 'w+',
  exclusive: 'wx+',
};

/** The file system of this machine. */
export const nodeDisk: Disk = {
  openFile: (path, mode) => new NodeFile(path, openSync(path, FLAGS[mode])),
  readDirectory: path => readdirSync(path),
  makeDirectory,
  rename: renameSync,
  remove: unlinkSync,
  syncDirectory,
  stat,
};

class NodeFile implements DiskFile {
  readonly path: string;
  private readonly descriptor: number;
  private isOpen = true;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  write(bytes: Uint8Array, position: number): void {
    let written = 0;
    while (written < bytes.length) {
      const left = bytes.length - written;
      written += writeSync(this.descriptor, bytes, written, left, position + written);
    }
  }

  read(into: Uint8Array, position: number): number {
    let got = 0;
    while (got < into.length) {
      const left = into.length - got;
      const bytes = readSync(this.descriptor, into, got, left, position + got);
      if (bytes === 0) break;
      got += bytes;
    }
    return got;
  }

  size(): number {
    return fstatSync(this.descriptor).size;
  }

  truncate(bytes: number): void {
    ftruncateSync(this.descriptor, bytes);
  }

  dataSync(): void {
    fdatasyncSync(this.descriptor);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.descriptor);
  }
}

/** What is made is durable only when the directory above it is, up to one that was there. */
function makeDirectory(path: string): void {
  if (stat(path)?.isDirectory === true) return;
  const above = dirname(path);
  if (above !== path) makeDirectory(above);
  mkdirSync(path, { recursive: true });
  syncDirectory(above);
}

function syncDirectory(path: string): void {
  // Windows opens no directories: there, a change of a directory is durable with its journal.
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function stat(path: string): DiskStat | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : { bytes: found.size, isDirectory: found.isDirectory() };
}
