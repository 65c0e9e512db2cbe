import type { ChannelWriter } from '../channel/channel.ts';

/** Where each input has been read up to. */
export type Positions = Readonly<ArrayLike<number>>;

/** Notes kept before they are drawn together: finer ones only free input a little earlier. */
const NOTES = 64;

/**
 * Remembers which input led to output up to where, so that input is released only once its output
 * is done for good. A task without channels has nothing to wait for: its output is appended when it
 * has been flushed.
 */
export class ReleaseLedger {
  private readonly channels: readonly ChannelWriter[];
  private readonly inputs: number;
  /** Rings of `NOTES` rows: a position per input, a position per channel. */
  private readonly inputPositions: Float64Array;
  private readonly channelPositions: Int32Array;
  private first = 0;
  private count = 0;

  constructor(inputs: number, channels: readonly ChannelWriter[]) {
    this.inputs = inputs;
    this.channels = channels;
    this.inputPositions = new Float64Array(NOTES * inputs);
    this.channelPositions = new Int32Array(NOTES * channels.length);
  }

  /** Whether everything noted has been released. */
  get clear(): boolean {
    return this.count === 0;
  }

  /** All output of what was read before `positions` has been sent. */
  note(positions: Positions): void {
    // A full ring draws the newest note into the one before.
    if (this.count < NOTES) this.count++;
    const row = (this.first + this.count - 1) % NOTES;
    for (let i = 0; i < this.inputs; i++) this.inputPositions[row * this.inputs + i] = positions[i];
    const { channels } = this;
    for (let c = 0; c < channels.length; c++) {
      this.channelPositions[row * channels.length + c] = channels[c].sent;
    }
  }

  /** Puts what can be released now into `positions`; `false` when there is nothing new. */
  collect(positions: number[]): boolean {
    let done = -1;
    while (this.count > 0 && this.isDone(this.first)) {
      done = this.first;
      this.first = (this.first + 1) % NOTES;
      this.count--;
    }
    if (done < 0) return false;
    for (let i = 0; i < this.inputs; i++)
      positions[i] = this.inputPositions[done * this.inputs + i];
    return true;
  }

  private isDone(row: number): boolean {
    const { channels } = this;
    for (let c = 0; c < channels.length; c++) {
      const wanted = this.channelPositions[row * channels.length + c];
      if (((channels[c].released() - wanted) | 0) < 0) return false;
    }
    return true;
  }
}
