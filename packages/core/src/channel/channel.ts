import type { WaitingPlace } from '../memory/park.ts';

/**
 * A channel carries the records of one upstream task to one downstream task, in order, with the
 * upstream's time in-band. Two implementations: `ByteChannel` over shared memory, between threads,
 * and `LocalChannel`, which passes references within one thread.
 *
 * Positions are 32-bit and wrap: compare them by `(a − b) | 0`.
 */

/** What a reader finds next. */
export const FRAME = {
  /** Nothing there yet. */
  none: 0,
  data: 1,
  watermark: 2,
  idle: 3,
  active: 4,
  /** The upstream task will send nothing more. */
  end: 5,
  /** What was sent before it belongs to its epoch (in the place of the watermark), the rest not. */
  barrier: 6,
} as const;
export type Frame = (typeof FRAME)[keyof typeof FRAME];

/** A control frame. */
export type Control = Exclude<Frame, 0 | 1>;

export interface ChannelWriter extends WaitingPlace {
  /** Whether `send` makes use of the hash of the key; 0 does otherwise. */
  readonly usesHash: boolean;
  /**
   * Sends a value. `watermark` is the upstream's before this record, so that no record overtakes or
   * is overtaken by time. `false`: no room now. Throws `UNSUPPORTED_VALUE`, `RECORD_TOO_LARGE`.
   */
  send(
    key: unknown,
    keyHash: number,
    value: unknown,
    timestamp: number,
    offset: number,
    watermark: number,
  ): boolean;
  /** `time` is the watermark, for `FRAME.watermark`; the epoch, for `FRAME.barrier`. `false`: no room. */
  control(frame: Control, time: number): boolean;
  /** Shows the reader all that was sent. */
  flush(): void;
  /** Where the last frame sent ends. */
  readonly sent: number;
  /** Everything sent before this position is done for good: its outputs are appended. */
  released(): number;
}

/** A task that may be given what is sent to it at once, instead of reading it when it is its turn. */
export interface FrameTaker {
  /** Whether it would read this input now. */
  wants(input: number): boolean;
  /** This input's reader has stepped to a frame of data. Never throws. */
  given(input: number): void;
}

export interface ChannelReader extends WaitingPlace {
  /** Steps to the next frame; what it holds is then in the fields below. */
  next(): Frame;
  readonly key: unknown;
  readonly value: unknown;
  readonly timestamp: number;
  /** Of a data frame the watermark before it, of a watermark frame the new one; of a barrier its epoch. */
  readonly watermark: number;
  /** Offset of the source record that the value came from, −1 for a window's result. */
  readonly offset: number;
  /** Where the frame last read ends. */
  readonly read: number;
  /** All that was read may be overwritten. Views into the channel end with it. */
  free(): void;
  /** Everything before `position` is done for good. */
  release(position: number): void;
  /** Whether `next` would find something, looked up now. */
  ready(): boolean;
  /**
   * From now on what is sent is given to the reading task at once, whenever it wants it and nothing
   * waits before it. `input`: what the channel is to the task. Where writer and reader are on one thread.
   */
  giveTo?(taker: FrameTaker, input: number): void;
}
