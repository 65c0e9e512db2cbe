import type { ChannelWriter } from '../channel/channel.ts';
import type { Asynchronous } from '../operator/operator.ts';
import { Landing } from './landing.ts';
import { type Positions, ReleaseLedger } from './ledger.ts';

/** Lets go of a task's input, once all that came of it is done for good. */
export class InputRelease {
  /** Up to where each input may be released. */
  readonly released: number[];
  /** Whether anything was read since the last note. */
  private unnoted = false;
  private readonly positions: () => Positions;
  private readonly waitsForLanding: boolean;
  private readonly landing: Landing;
  private readonly ledger: ReleaseLedger;

  /** `positions`: where each input has been read up to now. */
  constructor(
    inputs: number,
    channels: readonly ChannelWriter[],
    asynchronous: readonly Asynchronous[],
    positions: () => Positions,
  ) {
    this.released = new Array<number>(inputs).fill(0);
    this.positions = positions;
    this.waitsForLanding = asynchronous.length > 0;
    this.landing = new Landing(asynchronous);
    this.ledger = new ReleaseLedger(inputs, channels);
  }

  /** Input has been read. */
  took(): void {
    this.unnoted = true;
  }

  /** Whether nothing that was read is waited for any more. */
  get isClear(): boolean {
    return !this.unnoted && !this.landing.waits && this.ledger.clear;
  }

  /**
   * The task is not suspended. What is in flight may suspend it for ever, by being as much as there may be;
   * so positions are taken whenever it is not, and are good as soon as they have landed.
   */
  goesOn(): void {
    if (!this.unnoted || !this.waitsForLanding || this.landing.waits) return;
    this.unnoted = false;
    this.landing.begin(this.positions());
  }

  /** After a step; `out`: all output so far has been sent. Returns whether there is more in `released`. */
  settle(suspended: boolean, out: boolean): boolean {
    const { landing, ledger } = this;
    if (this.waitsForLanding) {
      if (!suspended) this.goesOn();
      if (out && landing.waits && landing.landed()) ledger.note(landing.positions);
    } else if (out && !suspended && this.unnoted) {
      this.unnoted = false;
      ledger.note(this.positions());
    }
    return ledger.collect(this.released);
  }
}
