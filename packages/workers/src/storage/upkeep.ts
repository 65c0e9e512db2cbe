import { dirname, join, resolve } from 'node:path';
import { DirectoryLock } from './directory-lock.ts';
import { usable } from './engine-directory.ts';
import { findLogs, inspectLog, type LogInspection } from './inspect.ts';
import { nodeDisk } from './node-disk.ts';
import { type RepairReport, repairLog } from './repair.ts';
import { storageMismatch } from './storage-failure.ts';

/**
 * Looks at every log at or below a directory: an engine's, a topic's or a shard's. It changes nothing
 * and takes no lock; a log that is being written shows what it is about to write as a torn tail.
 *
 * Throws `STORAGE_MISMATCH` when there is no log or it has another format version, `STORAGE_FAILED`.
 */
export function inspectDirectory(path: string): LogInspection[] {
  return usable(path, () => logsIn(path).map(directory => inspectLog(nodeDisk, directory)));
}

/**
 * Makes every damaged log at or below a directory one that can be opened: what is whole stays, what is
 * replaced is copied beside it first. Throws as `inspectDirectory`, and `DIRECTORY_LOCKED`.
 */
export function repairDirectory(path: string): RepairReport[] {
  return usable(path, () => {
    const logs = logsIn(path);
    const lock = DirectoryLock.take(join(engineOf(path), 'lock'), `The directory ${path}`);
    try {
      return logs.map(directory => repairLog(nodeDisk, directory));
    } finally {
      lock.release();
    }
  });
}

function logsIn(path: string): string[] {
  const found = nodeDisk.stat(path);
  if (found === undefined) storageMismatch(path, 'does not exist.');
  if (!found.isDirectory) storageMismatch(path, 'is a file; give the directory of an engine.');
  const logs = findLogs(nodeDisk, path);
  if (logs.length === 0) {
    storageMismatch(path, 'holds no log; give the directory of an engine, a topic or a shard.');
  }
  return logs;
}

/** The directory of the engine that `path` lies in: that is the one that is locked. */
function engineOf(path: string): string {
  for (let at = resolve(path); at !== dirname(at); at = dirname(at)) {
    if (nodeDisk.stat(join(at, 'engine.json')) !== undefined) return at;
  }
  return path;
}
