import { fail } from '../errors.ts';
import { add, loadAcquire, storeRelease } from '../memory/atomics.ts';
import type { Bell } from '../memory/bell.ts';
import { RecordView } from '../record/view.ts';
import { type ChannelWriter, type Control, FRAME } from './channel.ts';
import { CHANNEL, ChannelMemory, CONTROL_BYTES, FRAME_AT, KEY_KIND, VALUE_KIND } from './layout.ts';
import type { ValueEncoder } from './value-codec.ts';

/** Frames that may wait for `flush`: showing them costs an atomic store, so not for each. */
const SHOWN_AFTER_GRANULES = 512;
/** Texts of at most this many UTF-16 units are written by a loop, which beats a native call. */
const SHORT_TEXT = 32;
/** Records of at most this many bytes are copied by words. */
const SHORT_RECORD = 256;

/** The upstream end of a byte channel. It owns `written` and `writerWaits`, and reads the rest. */
export class ByteChannelWriter implements ChannelWriter {
  readonly usesHash = true;
  /** Private end of what was written; `written` in shared memory follows it. */
  sent: number;

  private readonly memory: ChannelMemory;
  private readonly bell: Bell;
  private readonly encoder: ValueEncoder;
  private shown: number;
  /** The reader's `freed` as last seen: it only grows, so an old one is safe. */
  private freed: number;
  /** The value being sent when it had to be encoded beforehand. */
  private coded: Uint8Array | undefined;

  constructor(shared: SharedArrayBuffer, bell: Bell, encoder: ValueEncoder) {
    this.memory = new ChannelMemory(shared);
    this.bell = bell;
    this.encoder = encoder;
    this.sent = this.shown = loadAcquire(this.memory.i32, CHANNEL.written >> 2);
    this.freed = loadAcquire(this.memory.i32, CHANNEL.freed >> 2);
  }

  send(
    key: unknown,
    keyHash: number,
    value: unknown,
    timestamp: number,
    offset: number,
    watermark: number,
  ): boolean {
    const kind = this.kindOf(value);
    const most = FRAME_AT.body + mostKeyBytes(key) + this.mostValueBytes(kind, value);
    if (!this.hasRoom(most) && !this.hasRoomExactly(key, kind, value)) return false;
    const { i32, f64 } = this.memory;
    const at = this.memory.addressOf(this.sent);
    f64[(at + FRAME_AT.timestamp) >> 3] = timestamp;
    f64[(at + FRAME_AT.watermark) >> 3] = watermark;
    f64[(at + FRAME_AT.offset) >> 3] = offset;
    i32[(at + FRAME_AT.hash) >> 2] = keyHash;
    const keyKind = this.putKey(key, at);
    const valueAt = at + FRAME_AT.body + ((i32[(at + FRAME_AT.keyBytes) >> 2] + 7) & ~7);
    const valueBytes = this.putValue(kind, value, valueAt);
    i32[(at + FRAME_AT.valueBytes) >> 2] = valueBytes;
    i32[(at + FRAME_AT.kinds) >> 2] = FRAME.data | (keyKind << 8) | (kind << 16);
    this.finish(at, (valueAt - at + valueBytes + 7) & ~7);
    return true;
  }

  control(frame: Control, time: number): boolean {
    if (!this.hasRoom(CONTROL_BYTES)) return false;
    const { i32, f64 } = this.memory;
    const at = this.memory.addressOf(this.sent);
    f64[(at + FRAME_AT.timestamp) >> 3] = 0;
    f64[(at + FRAME_AT.watermark) >> 3] = time;
    i32[(at + FRAME_AT.kinds) >> 2] = frame;
    this.finish(at, CONTROL_BYTES);
    return true;
  }

  /** Publishes the frames: pairs with the reader's load of `written`. */
  flush(): void {
    if (this.shown === this.sent) return;
    const { i32 } = this.memory;
    storeRelease(i32, CHANNEL.written >> 2, this.sent);
    this.shown = this.sent;
    // After the store: a reader that began to wait before it has counted itself, or sees the frames.
    if (loadAcquire(i32, CHANNEL.readerWaits >> 2) !== 0) this.bell.ring();
  }

  released(): number {
    return loadAcquire(this.memory.i32, CHANNEL.released >> 2);
  }

  countWaiter(delta: 1 | -1): void {
    add(this.memory.i32, CHANNEL.writerWaits >> 2, delta);
  }

  private finish(at: number, bytes: number): void {
    this.memory.i32[(at + FRAME_AT.length) >> 2] = bytes;
    this.sent = (this.sent + (bytes >> 3)) | 0;
    if (((this.sent - this.shown) | 0) >= SHOWN_AFTER_GRANULES) this.flush();
  }

  /** Whether a frame of `bytes` fits now. */
  private hasRoom(bytes: number): boolean {
    if (bytes <= this.room() && bytes <= this.memory.largestFrame) return true;
    if (bytes > this.memory.largestFrame) return false;
    this.freed = loadAcquire(this.memory.i32, CHANNEL.freed >> 2);
    return bytes <= this.room();
  }

  private room(): number {
    return this.memory.dataBytes - (((this.sent - this.freed) | 0) << 3);
  }

  /** When the generous bound does not fit, the exact size may. */
  private hasRoomExactly(key: unknown, kind: number, value: unknown): boolean {
    const keyBytes = typeof key === 'string' ? Buffer.byteLength(key) : mostKeyBytes(key);
    const valueBytes =
      kind === VALUE_KIND.text
        ? Buffer.byteLength(value as string)
        : this.mostValueBytes(kind, value);
    const bytes = (FRAME_AT.body + ((keyBytes + 7) & ~7) + valueBytes + 7) & ~7;
    if (bytes > this.memory.largestFrame) {
      fail(
        'RECORD_TOO_LARGE',
        `A value takes ${bytes} bytes on its way to another task; the limit is half of ` +
          `channelBytes, ${this.memory.largestFrame}.`,
      );
    }
    return this.hasRoom(bytes);
  }

  private putKey(key: unknown, at: number): number {
    const { i32 } = this.memory;
    const keyAt = at + FRAME_AT.body;
    if (typeof key === 'string') {
      i32[(at + FRAME_AT.keyBytes) >> 2] = this.putText(key, keyAt);
      return KEY_KIND.text;
    }
    if (typeof key === 'number') {
      this.memory.f64[keyAt >> 3] = key;
      i32[(at + FRAME_AT.keyBytes) >> 2] = 8;
      return KEY_KIND.number;
    }
    i32[(at + FRAME_AT.keyBytes) >> 2] = 0;
    return KEY_KIND.none;
  }

  /** Writes a text as UTF-8 and returns its bytes. */
  private putText(text: string, at: number): number {
    const { length } = text;
    if (length <= SHORT_TEXT) {
      const { u8 } = this.memory;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        u8[at + i] = code;
      }
      if (i === length) return length;
    }
    return this.memory.buffer.write(text, at, 'utf8');
  }

  private kindOf(value: unknown): number {
    switch (typeof value) {
      case 'number':
        return VALUE_KIND.number;
      case 'string':
        return VALUE_KIND.text;
      case 'boolean':
        return value ? VALUE_KIND.true : VALUE_KIND.false;
      case 'undefined':
        return VALUE_KIND.undefined;
      default:
    }
    if (value === null) return VALUE_KIND.null;
    if (value instanceof RecordView) return VALUE_KIND.record;
    if (value instanceof Uint8Array && value.constructor === Uint8Array) return VALUE_KIND.bytes;
    this.coded = this.encoder.encode(value);
    return VALUE_KIND.coded;
  }

  private mostValueBytes(kind: number, value: unknown): number {
    switch (kind) {
      case VALUE_KIND.number:
        return 8;
      case VALUE_KIND.text:
        return (value as string).length * 3 + 8;
      case VALUE_KIND.bytes:
        return (value as Uint8Array).length + 8;
      case VALUE_KIND.record:
        return (value as RecordView).storedBytes;
      case VALUE_KIND.coded:
        return (this.coded as Uint8Array).length + 8;
      default:
        return 0;
    }
  }

  /** Writes the value and returns its bytes. */
  private putValue(kind: number, value: unknown, at: number): number {
    switch (kind) {
      case VALUE_KIND.number:
        this.memory.f64[at >> 3] = value as number;
        return 8;
      case VALUE_KIND.text:
        return this.putText(value as string, at);
      case VALUE_KIND.bytes:
        this.memory.u8.set(value as Uint8Array, at);
        return (value as Uint8Array).length;
      case VALUE_KIND.record:
        return this.putRecord(value as RecordView, at);
      case VALUE_KIND.coded: {
        const coded = this.coded as Uint8Array;
        this.memory.u8.set(coded, at);
        this.coded = undefined;
        return coded.length;
      }
      default:
        return 0;
    }
  }

  private putRecord(record: RecordView, at: number): number {
    const bytes = record.storedBytes;
    const from = record.storedStart;
    if (bytes > SHORT_RECORD) {
      this.memory.u8.set(record.memory.u8.subarray(from, from + bytes), at);
      return bytes;
    }
    const source = record.memory.i32;
    const target = this.memory.i32;
    const begin = from >> 2;
    const words = bytes >> 2;
    for (let i = 0, to = at >> 2; i < words; i++) target[to + i] = source[begin + i];
    return bytes;
  }
}

function mostKeyBytes(key: unknown): number {
  return typeof key === 'string' ? key.length * 3 + 8 : 8;
}
