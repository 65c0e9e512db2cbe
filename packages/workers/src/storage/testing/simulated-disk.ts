import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskStat, OpenMode } from '../disk.ts';
import type { Random } from './random.ts';

/** Sectors are written whole or not at all. */
const SECTOR_BYTES = 512;

/** One change of a simulated disk, in the order in which they were made. */
export type Operation =
  | { readonly kind: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: number; readonly bytes: number }
  | { readonly kind: 'dataSync'; readonly file: number }
  /** A flush that failed: what was to be flushed counts as stored from now on, and is not. */
  | { readonly kind: 'failedSync'; readonly file: number }
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'syncDirectory'; readonly path: string };

/** Thrown by every call once the machine has crashed. */
export class Crash extends Error {}

/** What a crash leaves of what had not been flushed. */
export type CrashMode =
  /** The process died: everything written is there, the last write perhaps in part. */
  | 'process'
  /** The power failed: any of it is there, by sectors; changes of a directory up to any of them. */
  | 'power'
  /** As `power`, and any subset of the changes of a directory. */
  | 'disordered';

/** What is on a disk. */
interface Contents {
  readonly files: Map<number, Buffer>;
  /** Which file stands at a path. */
  readonly names: Map<string, number>;
}

/**
 * A disk in memory that records every change, can fail or crash at any step, and can make of any
 * prefix of its history the disks that a crash there may leave.
 */
export class SimulatedDisk implements Disk {
  readonly history: Operation[] = [];
  /**
   * Called before a change is made, with how many there were: it may throw what the disk would. An
   * error with a number `wrote` lets so many bytes of a write through.
   */
  beforeStep: ((step: number, operation: Operation) => void) | undefined;

  /** A defect: `dataSync` returns and has done nothing. */
  pretendsToFlush = false;

  private readonly base: Contents;
  private readonly contents: Contents;
  private readonly directories = new Set<string>();
  private nextFile = 0;
  private crashed = false;

  /** An empty disk, or one that begins with what is on another. */
  constructor(from?: SimulatedDisk) {
    this.base = copyOf(from?.contents ?? { files: new Map(), names: new Map() });
    this.contents = copyOf(this.base);
    for (const directory of from?.directories ?? []) this.directories.add(directory);
    this.nextFile = Math.max(-1, ...this.contents.files.keys()) + 1;
  }

  /** From now on every call throws `Crash`. */
  crash(): void {
    this.crashed = true;
  }

  /** A disk as a crash after `steps` operations of the history may leave it; all of it is durable. */
  image(steps: number, mode: CrashMode, random: Random): SimulatedDisk {
    const image = new SimulatedDisk();
    const left =
      mode === 'process' ? this.afterProcess(steps, random) : this.afterPower(steps, mode, random);
    for (const [path, file] of left.names) {
      const bytes = left.files.get(file);
      if (bytes === undefined) continue;
      image.base.files.set(file, bytes);
      image.base.names.set(path, file);
    }
    const { files, names } = copyOf(image.base);
    for (const [file, bytes] of files) image.contents.files.set(file, bytes);
    for (const [path, file] of names) image.contents.names.set(path, file);
    image.nextFile = this.nextFile;
    for (const directory of this.directories) image.directories.add(directory);
    return image;
  }

  private afterProcess(steps: number, random: Random): Contents {
    const left = copyOf(this.base);
    for (const operation of this.history.slice(0, steps)) apply(left, operation);
    const next = this.history[steps];
    if (next?.kind === 'write') {
      const bytes = next.bytes.subarray(0, random.below(next.bytes.length + 1));
      if (bytes.length > 0) apply(left, { ...next, bytes });
    }
    return left;
  }

  private afterPower(steps: number, mode: CrashMode, random: Random): Contents {
    const left = copyOf(this.base);
    const operations = this.history.slice(0, steps);
    const isStored = storedBy(operations);
    const names = operations.filter((operation, i) => isOfDirectory(operation) && !isStored[i]);
    const sparedNames = new Set(names.slice(0, random.below(names.length + 1)));
    const share = [0, 0.1, 0.5, 0.9, 1][random.below(5)];
    operations.forEach((operation, i) => {
      if (isStored[i]) apply(left, operation);
      else if (isOfDirectory(operation)) {
        const isSpared = mode === 'disordered' ? random.chance(share) : sparedNames.has(operation);
        if (isSpared) apply(left, operation);
      } else if (operation.kind === 'write') writeSome(left, operation, share, random);
      else if (operation.kind === 'truncate' && random.chance(share)) apply(left, operation);
    });
    return left;
  }

  openFile(path: string, mode: OpenMode): DiskFile {
    this.checkUp();
    const found = this.contents.names.get(path);
    if (mode === 'exclusive' && found !== undefined) throw refusal('EEXIST', path);
    if (mode === 'read' || mode === 'write') {
      if (found === undefined) throw refusal('ENOENT', path);
      return this.handle(path, found);
    }
    if (found !== undefined) {
      this.change({ kind: 'truncate', file: found, bytes: 0 });
      return this.handle(path, found);
    }
    const file = this.nextFile++;
    this.change({ kind: 'create', path, file });
    return this.handle(path, file);
  }

  readDirectory(path: string): string[] {
    this.checkUp();
    if (!this.directories.has(path)) throw refusal('ENOENT', path);
    const inside = `${path}/`;
    const names = [...this.contents.names.keys(), ...this.directories].filter(
      name => name.startsWith(inside) && !name.slice(inside.length).includes('/'),
    );
    return names.map(name => name.slice(inside.length));
  }

  makeDirectory(path: string): void {
    this.checkUp();
    for (let at = path; at !== dirname(at); at = dirname(at)) this.directories.add(at);
  }

  rename(from: string, to: string): void {
    if (!this.contents.names.has(from)) throw refusal('ENOENT', from);
    this.change({ kind: 'rename', path: from, to });
  }

  remove(path: string): void {
    if (!this.contents.names.has(path)) throw refusal('ENOENT', path);
    this.change({ kind: 'remove', path });
  }

  syncDirectory(path: string): void {
    this.change({ kind: 'syncDirectory', path });
  }

  stat(path: string): DiskStat | undefined {
    this.checkUp();
    if (this.directories.has(path)) return { bytes: 0, isDirectory: true };
    const file = this.contents.names.get(path);
    if (file === undefined) return undefined;
    return { bytes: this.bytesOf(file).length, isDirectory: false };
  }

  /** Changes bytes behind everybody's back, as rot does. */
  damage(path: string, change: (bytes: Buffer) => Buffer): void {
    const file = this.contents.names.get(path);
    if (file === undefined) throw refusal('ENOENT', path);
    this.contents.files.set(file, change(Buffer.from(this.bytesOf(file))));
  }

  private handle(path: string, file: number): DiskFile {
    return {
      path,
      write: (bytes, at) => this.change({ kind: 'write', file, at, bytes: Buffer.from(bytes) }),
      read: (into, position) => {
        this.checkUp();
        return this.bytesOf(file).copy(into, 0, position);
      },
      size: () => this.bytesOf(file).length,
      truncate: bytes => this.change({ kind: 'truncate', file, bytes }),
      dataSync: () => {
        if (this.pretendsToFlush) return;
        try {
          this.change({ kind: 'dataSync', file });
        } catch (error) {
          if (!this.crashed) this.history.push({ kind: 'failedSync', file });
          throw error;
        }
      },
      close: () => {},
    };
  }

  private change(operation: Operation): void {
    this.checkUp();
    try {
      this.beforeStep?.(this.history.length, operation);
    } catch (error) {
      const wrote = (error as { wrote?: unknown }).wrote;
      if (operation.kind === 'write' && typeof wrote === 'number' && wrote > 0) {
        this.perform({ ...operation, bytes: operation.bytes.subarray(0, wrote) });
      }
      throw error;
    }
    this.checkUp();
    this.perform(operation);
  }

  private perform(operation: Operation): void {
    this.history.push(operation);
    apply(this.contents, operation);
  }

  private bytesOf(file: number): Buffer {
    return this.contents.files.get(file) ?? Buffer.alloc(0);
  }

  private checkUp(): void {
    if (this.crashed) throw new Crash('the machine has crashed');
  }
}

/** An error as the operating system gives it. */
export function refusal(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function copyOf({ files, names }: Contents): Contents {
  const copies = [...files].map(([file, bytes]) => [file, Buffer.from(bytes)] as const);
  return { files: new Map(copies), names: new Map(names) };
}

function isOfDirectory(operation: Operation): boolean {
  return operation.kind === 'create' || operation.kind === 'rename' || operation.kind === 'remove';
}

/** Which operations are certainly on the disk after the last of them. */
function storedBy(operations: readonly Operation[]): boolean[] {
  const isStored = operations.map(() => false);
  /** By file, or by directory, what the next flush of it stores. */
  const waiting = new Map<number | string, number[]>();
  operations.forEach((operation, i) => {
    switch (operation.kind) {
      case 'dataSync':
      case 'failedSync':
      case 'syncDirectory': {
        const of = operation.kind === 'syncDirectory' ? operation.path : operation.file;
        if (operation.kind !== 'failedSync') {
          for (const stored of waiting.get(of) ?? []) isStored[stored] = true;
        }
        waiting.delete(of);
        break;
      }
      default: {
        const of = 'file' in operation && operation.kind !== 'create' ? operation.file : undefined;
        const key = of ?? dirname('path' in operation ? operation.path : '');
        waiting.set(key, [...(waiting.get(key) ?? []), i]);
      }
    }
  });
  return isStored;
}

function apply({ files, names }: Contents, operation: Operation): void {
  switch (operation.kind) {
    case 'write': {
      const { file, at, bytes } = operation;
      files.set(file, overwritten(files.get(file) ?? Buffer.alloc(0), at, bytes));
      break;
    }
    case 'truncate': {
      const old = files.get(operation.file) ?? Buffer.alloc(0);
      const cut = Buffer.alloc(operation.bytes);
      old.copy(cut);
      files.set(operation.file, cut);
      break;
    }
    case 'create':
      names.set(operation.path, operation.file);
      if (!files.has(operation.file)) files.set(operation.file, Buffer.alloc(0));
      break;
    case 'rename': {
      const file = names.get(operation.path);
      if (file === undefined) break;
      names.delete(operation.path);
      names.set(operation.to, file);
      break;
    }
    case 'remove':
      names.delete(operation.path);
      break;
  }
}

function overwritten(old: Buffer, at: number, bytes: Buffer): Buffer {
  const end = at + bytes.length;
  const now = end <= old.length ? old : Buffer.concat([old, Buffer.alloc(end - old.length)]);
  bytes.copy(now, at);
  return now;
}

/** Writes some of the sectors that a write covers; the file may have grown to its end all the same. */
function writeSome(
  left: Contents,
  operation: Operation & { kind: 'write' },
  share: number,
  random: Random,
): void {
  const { file, at, bytes } = operation;
  const end = at + bytes.length;
  for (let from = at; from < end; ) {
    const to = Math.min(end, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (random.chance(share)) {
      apply(left, { kind: 'write', file, at: from, bytes: bytes.subarray(from - at, to - at) });
    }
    from = to;
  }
  const has = left.files.get(file)?.length ?? 0;
  if (has < end && random.chance(0.3)) apply(left, { kind: 'truncate', file, bytes: end });
}
