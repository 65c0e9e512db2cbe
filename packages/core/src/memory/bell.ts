import { add, loadAcquire, waitAsync, waitSync, wakeAll } from './atomics.ts';

/**
 * The one word that everybody in an engine parks on: whoever makes progress that somebody waits for
 * rings it, and all who wait look again.
 *
 * A waiter says first, in the place it waits for, that it waits (a shard's waiter counts, a
 * channel's), then takes the `epoch`, looks once more, and waits for the epoch to move. Whoever makes
 * progress does so first and reads the counts after it. One of the two sees the other: no wake-up is
 * lost, and where nobody waits, nothing is paid but the read.
 */
export class Bell {
  readonly words: Int32Array;

  private constructor(words: Int32Array) {
    this.words = words;
  }

  static create(): Bell {
    return new Bell(new Int32Array(new SharedArrayBuffer(128)));
  }

  static attach(buffer: SharedArrayBuffer): Bell {
    return new Bell(new Int32Array(buffer));
  }

  get buffer(): SharedArrayBuffer {
    return this.words.buffer as SharedArrayBuffer;
  }

  epoch(): number {
    return loadAcquire(this.words, 0);
  }

  /** Wakes everybody: they do not wait for the same thing, so one would not do. */
  ring(): void {
    add(this.words, 0, 1);
    wakeAll(this.words, 0);
  }

  /** Blocks the thread until the epoch is no longer `seen`, `timeoutMs` at most. */
  waitSync(seen: number, timeoutMs: number): void {
    waitSync(this.words, 0, seen, timeoutMs);
  }

  /** Resolves when the epoch is no longer `seen`, or after `timeoutMs`. */
  async wait(seen: number, timeoutMs: number): Promise<void> {
    await waitAsync(this.words, 0, seen, timeoutMs);
  }
}
