import type { Asynchronous } from '../operator/operator.ts';
import type { Positions } from './ledger.ts';

/**
 * Waits until all that was read before some positions has come out of a task's asynchronous steps, one
 * after the other. One set of positions at a time: later ones begin when it has landed.
 */
export class Landing {
  readonly positions: number[] = [];
  private readonly steps: readonly Asynchronous[];
  /** The step that is waited for; beyond the last: for none. */
  private at: number;
  private mark = 0;

  constructor(steps: readonly Asynchronous[]) {
    this.steps = steps;
    this.at = steps.length;
  }

  get waits(): boolean {
    return this.at < this.steps.length;
  }

  /** All that was read before `positions` has been taken by the first step, and is no longer before it. */
  begin(positions: Positions): void {
    for (let i = 0; i < positions.length; i++) this.positions[i] = positions[i];
    this.at = 0;
    this.mark = this.steps[0].accepted;
  }

  /** Whether what is waited for is out by now. */
  landed(): boolean {
    const { steps } = this;
    while (this.at < steps.length && steps[this.at].completed >= this.mark) {
      this.at++;
      if (this.at < steps.length) this.mark = steps[this.at].accepted;
    }
    return !this.waits;
  }
}
