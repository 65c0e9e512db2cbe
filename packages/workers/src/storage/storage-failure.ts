import { StreamError } from '@lite-streams/core';
import { fail } from '@lite-streams/core/internal';

/** What to say beside an error of the operating system, where something can be said. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space or lower the retention',
  EDQUOT: 'the quota of the disk is used up: free some space or lower the retention',
  EACCES: 'the process has no right to it: change the rights or the directory',
  EPERM: 'the process has no right to it: change the rights or the directory',
  EROFS: 'the file system is read-only: use another directory',
  EIO: 'the device failed: look at its health before the log is opened again',
  EMFILE: 'too many files are open: raise the limit of open files',
};

/** `STORAGE_FAILED` for an error of the disk while `action` was done to `path`; one of ours as it is. */
export function asStorageFailure(action: string, path: string, cause: unknown): unknown {
  if (cause instanceof StreamError) return cause;
  const code = String((cause as { code?: unknown } | undefined)?.code ?? cause);
  const advice = ADVICE[code];
  return new StreamError(
    'STORAGE_FAILED',
    `${action} ${path} failed with ${code}${advice === undefined ? '' : `: ${advice}`}. ` +
      'Everything acknowledged as durable is intact.',
    { cause },
  );
}

/** Throws what `asStorageFailure` returns. */
export function storageFailed(action: string, path: string, cause: unknown): never {
  throw asStorageFailure(action, path, cause);
}

/** Throws `LOG_DAMAGED`, with the place and the way out. */
export function logDamaged(path: string, position: number, what: string): never {
  fail(
    'LOG_DAMAGED',
    `${path} is damaged at byte ${position}: ${what}. Nothing was changed. ` +
      'See `lite-streams inspect DIR` for what is left, and `lite-streams repair DIR` to keep only that.',
  );
}

/** Throws `STORAGE_MISMATCH`: a file is not what belongs there. */
export function storageMismatch(path: string, what: string): never {
  fail('STORAGE_MISMATCH', `${path} ${what}`);
}
