/** How `Disk.openFile` opens. */
export type OpenMode =
  /** An existing file, to read only. */
  | 'read'
  /** An existing file, to read and write. */
  | 'write'
  /** A new file, or an existing one emptied, to read and write. */
  | 'create'
  /** A new file, to read and write; fails with `EEXIST` when there is one. */
  | 'exclusive';

/**
 * An open file. Every call is synchronous: an owner thread may block, and what is appended while it
 * does is the next group commit. Errors are those of Node.js, with a `code` such as `ENOSPC`.
 */
export interface DiskFile {
  readonly path: string;
  /** Writes all of `bytes` at `position`. When it throws, a part may have been written. */
  write(bytes: Uint8Array, position: number): void;
  /** Fills `into` from `position` on; returns how many bytes there were, fewer only at the end. */
  read(into: Uint8Array, position: number): number;
  size(): number;
  truncate(bytes: number): void;
  /** Returns when everything written to the file is on stable storage (`fdatasync`). */
  dataSync(): void;
  /** Closing again does nothing. */
  close(): void;
}

/** What `Disk.stat` tells of a path. */
export interface DiskStat {
  readonly bytes: number;
  readonly isDirectory: boolean;
}

/** A flush that somebody else does. */
export interface FlushAhead {
  /** Whether it has come to a good end, so that another one can be asked for. */
  readonly isDone: boolean;
  /** Waits for it if it has begun, and takes it back if not. Throws where it has failed. */
  settle(): void;
}

/**
 * The file system as storage uses it: the one seam for all its I/O, so that tests can record it,
 * break it and crash in the middle of it. What a call changed in a directory (a file made, renamed
 * or removed) is on stable storage only after `syncDirectory`.
 */
export interface Disk {
  openFile(path: string, mode: OpenMode): DiskFile;
  /** Names in a directory, in no order. */
  readDirectory(path: string): string[];
  /** Makes a directory and those above it, as far as they are missing, durably. */
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): void;
  syncDirectory(path: string): void;
  /**
   * Has what was written to the file brought to stable storage meanwhile, by somebody else. It promises
   * nothing, but its error counts: the next `dataSync` may not be told of it.
   */
  flushAhead?(path: string): FlushAhead;
  /** `undefined` when there is nothing at `path`. */
  stat(path: string): DiskStat | undefined;
}
