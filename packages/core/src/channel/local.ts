import type { RecordMemory } from '../record/record.ts';
import { RecordView } from '../record/view.ts';
import {
  type ChannelReader,
  type ChannelWriter,
  type Control,
  FRAME,
  type Frame,
  type FrameTaker,
} from './channel.ts';

const NOTHING: unknown = undefined;

/**
 * A channel between two tasks of one thread: both ends in one object, references in a ring, no
 * encoding. What was sent may be read at once, or is given to the reading task while it is sent, past
 * the ring. A value that is a view of a record travels as the place of the record where that stays, and
 * as a copy of the record otherwise: the view itself will be aimed at another record.
 */
export class LocalChannel implements ChannelWriter, ChannelReader {
  readonly usesHash = false;
  key: unknown;
  value: unknown;
  timestamp = 0;
  watermark = Number.NEGATIVE_INFINITY;
  offset = -1;
  sent: number;
  read: number;

  private readonly mask: number;
  private freed: number;
  private done: number;
  private readonly frames: Uint8Array;
  private readonly keys: unknown[];
  private readonly values: unknown[];
  private readonly timestamps: Float64Array;
  private readonly watermarks: Float64Array;
  private readonly offsets: Float64Array;
  /** Of a record that travels as its place, the address; −1 for other values. */
  private readonly addresses: Float64Array;
  private readonly recordsStay: boolean;
  private readonly view = new RecordView();
  private shard = 0;
  private taker: FrameTaker | undefined;
  /** What the channel is to the taker. */
  private input = 0;

  /**
   * `slots` is a power of two. `recordsStay`: records stay where they are until they are released,
   * `position`: where both sides begin; only tests begin elsewhere than at 0.
   */
  constructor(slots: number, recordsStay = false, position = 0) {
    this.recordsStay = recordsStay;
    this.mask = slots - 1;
    this.sent = this.read = this.freed = this.done = position;
    this.frames = new Uint8Array(slots);
    this.keys = new Array<unknown>(slots).fill(NOTHING);
    this.values = new Array<unknown>(slots).fill(NOTHING);
    this.timestamps = new Float64Array(slots);
    this.watermarks = new Float64Array(slots);
    this.offsets = new Float64Array(slots);
    this.addresses = new Float64Array(slots).fill(-1);
  }

  send(
    key: unknown,
    _keyHash: number,
    value: unknown,
    timestamp: number,
    offset: number,
    watermark: number,
  ): boolean {
    const { taker } = this;
    if (taker !== undefined && this.read === this.sent && taker.wants(this.input)) {
      if (!(value instanceof RecordView)) this.value = value;
      else if (this.recordsStay) this.value = this.view.like(value);
      else this.value = detached(value);
      this.key = key;
      this.timestamp = timestamp;
      this.watermark = watermark;
      this.offset = offset;
      this.sent = this.read = this.freed = (this.sent + 1) | 0;
      taker.given(this.input);
      return true;
    }
    if (((this.sent - this.freed) | 0) > this.mask) return false;
    const slot = this.sent & this.mask;
    this.frames[slot] = FRAME.data;
    this.keys[slot] = key;
    if (value instanceof RecordView) this.putRecord(slot, value);
    else this.values[slot] = value;
    this.timestamps[slot] = timestamp;
    this.watermarks[slot] = watermark;
    this.offsets[slot] = offset;
    this.sent = (this.sent + 1) | 0;
    return true;
  }

  control(frame: Control, time: number): boolean {
    if (((this.sent - this.freed) | 0) > this.mask) return false;
    const slot = this.sent & this.mask;
    this.frames[slot] = frame;
    this.watermarks[slot] = time;
    this.sent = (this.sent + 1) | 0;
    return true;
  }

  flush(): void {}

  released(): number {
    return this.done;
  }

  next(): Frame {
    if (this.read === this.sent) return FRAME.none;
    const slot = this.read & this.mask;
    const frame = this.frames[slot] as Frame;
    this.watermark = this.watermarks[slot];
    if (frame === FRAME.data) {
      this.key = this.keys[slot];
      this.timestamp = this.timestamps[slot];
      this.offset = this.offsets[slot];
      const address = this.addresses[slot];
      if (address < 0) this.value = this.values[slot];
      else this.takeRecord(slot, address);
      this.values[slot] = NOTHING;
    }
    this.read = (this.read + 1) | 0;
    return frame;
  }

  free(): void {
    this.freed = this.read;
  }

  release(position: number): void {
    this.done = position;
  }

  ready(): boolean {
    return this.read !== this.sent;
  }

  giveTo(taker: FrameTaker, input: number): void {
    this.taker = taker;
    this.input = input;
  }

  private putRecord(slot: number, record: RecordView): void {
    if (!this.recordsStay) {
      this.values[slot] = detached(record);
      return;
    }
    this.values[slot] = record.memory;
    this.addresses[slot] = record.storedStart;
    this.shard = record.shard;
  }

  private takeRecord(slot: number, address: number): void {
    const memory = this.values[slot] as RecordMemory;
    this.addresses[slot] = -1;
    this.value = this.view.wrap(memory, address, this.shard, this.offset);
  }

  /** Nobody parks while the other end, on the same thread, could go on. */
  countWaiter(_delta: 1 | -1): void {}
}

/** A view of a copy of the record. */
function detached(view: RecordView): RecordView {
  const { storedStart, storedBytes } = view;
  const u8 = view.memory.u8.slice(storedStart, storedStart + storedBytes);
  const memory = {
    u8,
    i32: new Int32Array(u8.buffer),
    f64: new Float64Array(u8.buffer),
    buffer: Buffer.from(u8.buffer),
  };
  return new RecordView().wrap(memory, 0, view.shard, view.offset);
}
