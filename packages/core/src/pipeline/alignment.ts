/**
 * The barriers of one task's inputs. An input that has delivered the barrier of an epoch is not read
 * until every other one that is open has: what comes behind it belongs to the next epoch. An input
 * that has ended has nothing behind it, and counts as aligned.
 */
export class Alignment {
  /** The epoch that is being aligned, 0 for none. */
  private epoch = 0;
  private readonly delivered: boolean[];
  private readonly ended: boolean[];
  /** Open inputs that have not delivered the barrier. */
  private missing: number;
  private open: number;

  constructor(inputs: number) {
    this.delivered = new Array<boolean>(inputs).fill(false);
    this.ended = new Array<boolean>(inputs).fill(false);
    this.open = this.missing = inputs;
  }

  /** Whether an input must not be read now. */
  holds(input: number): boolean {
    return this.delivered[input];
  }

  /** Whether nothing is being aligned: no input is held. */
  get idle(): boolean {
    return this.epoch === 0;
  }

  /**
   * An input delivers a barrier. Returns the epoch when that was the last one missing, else 0. A
   * later epoch than the one that is being aligned means that the coordinator gave that one up.
   */
  barrier(input: number, epoch: number): number {
    if (epoch < this.epoch) return 0;
    if (epoch > this.epoch) {
      this.release();
      this.epoch = epoch;
    }
    this.delivered[input] = true;
    this.missing--;
    return this.ifAligned();
  }

  /** An input has ended. Returns the epoch when that was the last one missing, else 0. */
  end(input: number): number {
    if (this.ended[input]) return 0;
    this.ended[input] = true;
    this.open--;
    if (!this.delivered[input]) this.missing--;
    return this.ifAligned();
  }

  private ifAligned(): number {
    if (this.epoch === 0 || this.missing > 0) return 0;
    const { epoch } = this;
    this.release();
    return epoch;
  }

  private release(): void {
    this.epoch = 0;
    this.delivered.fill(false);
    this.missing = this.open;
  }
}
