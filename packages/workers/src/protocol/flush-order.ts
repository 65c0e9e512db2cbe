import {
  compareExchange,
  loadAcquire,
  storeRelease,
  waitSync,
  wakeAll,
} from '@lite-streams/core/ground';
import type { FlushAhead } from '../storage/disk.ts';

const STATE = 0;
const ASKED = 0;
const BEGUN = 1;
const DONE = 2;
const FAILED = 3;
const TAKEN_BACK = 4;

/**
 * One flush of a file that its owner leaves to the supervisor: a shared word, by which either it never
 * begins, or the owner knows how it ended. An error of a flush is told once, to whoever asked for it (of
 * the device's own cache, or by a file system on the other side of a wire), and the next flush of the
 * same file may well succeed with what was dropped.
 */
export class FlushOrder implements FlushAhead {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;

  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.words = new Int32Array(memory);
  }

  get isDone(): boolean {
    return loadAcquire(this.words, STATE) === DONE;
  }

  settle(): void {
    const { words } = this;
    if (compareExchange(words, STATE, ASKED, TAKEN_BACK)) return;
    // It takes no longer than a flush of the owner's own: both wait for the same disk.
    while (loadAcquire(words, STATE) === BEGUN) waitSync(words, STATE, BEGUN);
    if (loadAcquire(words, STATE) !== FAILED) return;
    throw Object.assign(new Error('A flush ahead of time has failed.'), { code: 'EIO' });
  }

  /** By the supervisor; false where the owner has taken it back. */
  begin(): boolean {
    return compareExchange(this.words, STATE, ASKED, BEGUN);
  }

  end(failed: boolean): void {
    storeRelease(this.words, STATE, failed ? FAILED : DONE);
    wakeAll(this.words, STATE);
  }
}
