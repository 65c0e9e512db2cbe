import { add, loadAcquire } from '../memory/atomics.ts';
import type { Bell } from '../memory/bell.ts';

/**
 * What all tasks of a job hold, on whatever threads, of outputs that wait for their epoch. One for each
 * time that the tasks are begun: what dead ones held is gone with theirs.
 *
 * ```
 *   0  held     KiB of all that is held                     every task adds what it holds more or less
 *   1  unsealed KiB of those in the epoch that is being made    as well
 *   2  waiters  who parks until less is held                whoever is about to park
 * ```
 */
const HELD = 0;
const UNSEALED = 1;
const WAITERS = 2;
const WORDS = 32;

export class OutputGauge {
  private readonly words: Int32Array;
  private readonly bell: Bell;

  constructor(shared: SharedArrayBuffer, bell: Bell) {
    this.words = new Int32Array(shared);
    this.bell = bell;
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 4);
  }

  /** KiB of all that is held. */
  held(): number {
    return loadAcquire(this.words, HELD);
  }

  /** Returns what was held before. */
  addHeld(kib: number): number {
    return add(this.words, HELD, kib);
  }

  /** Returns how much was unsealed before. */
  addUnsealed(kib: number): number {
    return add(this.words, UNSEALED, kib);
  }

  /** Less is held: after that has been added, so that whoever began to wait before it is seen. */
  wake(): void {
    if (loadAcquire(this.words, WAITERS) !== 0) this.bell.ring();
  }

  countWaiter(delta: 1 | -1): void {
    add(this.words, WAITERS, delta);
  }
}
