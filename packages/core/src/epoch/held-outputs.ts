import type { WaitingPlace } from '../memory/park.ts';
import type { OutputGauge } from './output-gauge.ts';

const KIB = 1024;

/**
 * What one task holds of outputs that wait for their epoch, as a part of what its job may hold.
 *
 * When that is all that the job may hold, the sources stop reading, and they alone: they take a barrier
 * without reading. Any other task reads on, for the next barrier may stand behind what it reads. So
 * what is on its way comes on top, and no two tasks wait for one another.
 */
export class HeldOutputs implements WaitingPlace {
  /** All bytes that the task holds. */
  bytes = 0;
  /** Whether the job holds all that it may, as of the last look. */
  full = false;
  /** Whether half of what the job may hold waits for an epoch to begin, as of the last look. */
  wantsEpoch = false;

  private readonly gauge: OutputGauge;
  private readonly mostKib: number;
  /** Of `bytes`, those in the epoch that is being made. */
  private unsealed = 0;
  private toldKib = 0;
  private toldUnsealedKib = 0;

  constructor(gauge: OutputGauge, maxBytes: number) {
    this.gauge = gauge;
    this.mostKib = Math.floor(maxBytes / KIB);
  }

  /** An output is held for the epoch that is being made. */
  add(bytes: number): void {
    this.bytes += bytes;
    this.unsealed += bytes;
    if (Math.floor(this.bytes / KIB) !== this.toldKib) this.tell();
  }

  /** All outputs so far belong to an epoch. */
  seal(): void {
    this.unsealed = 0;
    this.tell();
  }

  /** Outputs of a committed epoch are held that another task had held. */
  takeOver(bytes: number): void {
    this.bytes += bytes;
    this.tell();
  }

  /** Outputs of a committed epoch are where they belong. */
  release(bytes: number): void {
    this.bytes -= bytes;
    this.tell();
  }

  /** Looks whether the job holds all that it may. */
  isFull(): boolean {
    this.full = this.gauge.held() >= this.mostKib;
    return this.full;
  }

  countWaiter(delta: 1 | -1): void {
    this.gauge.countWaiter(delta);
  }

  private tell(): void {
    const { gauge, mostKib } = this;
    const unsealedKib = Math.floor(this.unsealed / KIB);
    const moreUnsealed = unsealedKib - this.toldUnsealedKib;
    this.toldUnsealedKib = unsealedKib;
    const allUnsealed = gauge.addUnsealed(moreUnsealed) + moreUnsealed;
    this.wantsEpoch = unsealedKib > 0 && allUnsealed >= mostKib / 2;
    const kib = Math.floor(this.bytes / KIB);
    const more = kib - this.toldKib;
    this.toldKib = kib;
    const before = gauge.addHeld(more);
    this.full = before + more >= mostKib;
    if (before >= mostKib && !this.full) gauge.wake();
  }
}
