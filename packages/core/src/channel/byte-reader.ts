import { add, loadAcquire, storeRelease } from '../memory/atomics.ts';
import type { Bell } from '../memory/bell.ts';
import { RecordView } from '../record/view.ts';
import { type ChannelReader, FRAME, type Frame } from './channel.ts';
import { keyCache } from './key-cache.ts';
import { CHANNEL, ChannelMemory, FRAME_AT, KEY_KIND, VALUE_KIND } from './layout.ts';
import type { ValueDecoder } from './value-codec.ts';

/**
 * The downstream end of a byte channel. It owns `freed`, `released` and `readerWaits`, and reads
 * `written`.
 */
export class ByteChannelReader implements ChannelReader {
  key: unknown;
  value: unknown;
  timestamp = 0;
  watermark = Number.NEGATIVE_INFINITY;
  offset = -1;
  read: number;

  private readonly memory: ChannelMemory;
  private readonly bell: Bell;
  private readonly decoder: ValueDecoder;
  private readonly shard: number;
  /** Values that are whole records are seen through this one. */
  private readonly view = new RecordView();
  private readonly keys = keyCache();
  /** `written` as last seen. */
  private end: number;
  private freed: number;

  /** `shard`: what records that travel whole say they come from. */
  constructor(shared: SharedArrayBuffer, bell: Bell, decoder: ValueDecoder, shard: number) {
    this.memory = new ChannelMemory(shared);
    this.bell = bell;
    this.decoder = decoder;
    this.shard = shard;
    this.end = this.read = this.freed = loadAcquire(this.memory.i32, CHANNEL.freed >> 2);
  }

  next(): Frame {
    if (this.read === this.end) {
      this.end = loadAcquire(this.memory.i32, CHANNEL.written >> 2);
      if (this.read === this.end) return FRAME.none;
    }
    const { i32, f64 } = this.memory;
    const at = this.memory.addressOf(this.read);
    const kinds = i32[(at + FRAME_AT.kinds) >> 2];
    this.watermark = f64[(at + FRAME_AT.watermark) >> 3];
    const frame = (kinds & 0xff) as Frame;
    if (frame === FRAME.data) {
      this.timestamp = f64[(at + FRAME_AT.timestamp) >> 3];
      this.offset = f64[(at + FRAME_AT.offset) >> 3];
      const keyBytes = i32[(at + FRAME_AT.keyBytes) >> 2];
      const keyAt = at + FRAME_AT.body;
      this.key = this.keyAt((kinds >> 8) & 0xff, keyAt, keyBytes, i32[(at + FRAME_AT.hash) >> 2]);
      const valueBytes = i32[(at + FRAME_AT.valueBytes) >> 2];
      this.value = this.valueAt(kinds >> 16, keyAt + ((keyBytes + 7) & ~7), valueBytes);
    }
    this.read = (this.read + (i32[(at + FRAME_AT.length) >> 2] >> 3)) | 0;
    return frame;
  }

  /** Gives the room back: pairs with the writer's load of `freed`. */
  free(): void {
    if (this.freed === this.read) return;
    const { i32 } = this.memory;
    storeRelease(i32, CHANNEL.freed >> 2, this.read);
    this.freed = this.read;
    // After the store: a writer that began to wait before it has counted itself, or sees the room.
    if (loadAcquire(i32, CHANNEL.writerWaits >> 2) !== 0) this.bell.ring();
  }

  release(position: number): void {
    const { i32 } = this.memory;
    if (i32[CHANNEL.released >> 2] === position) return;
    storeRelease(i32, CHANNEL.released >> 2, position);
    if (loadAcquire(i32, CHANNEL.writerWaits >> 2) !== 0) this.bell.ring();
  }

  ready(): boolean {
    return (
      this.read !== this.end || loadAcquire(this.memory.i32, CHANNEL.written >> 2) !== this.end
    );
  }

  countWaiter(delta: 1 | -1): void {
    add(this.memory.i32, CHANNEL.readerWaits >> 2, delta);
  }

  private keyAt(kind: number, at: number, bytes: number, hash: number): unknown {
    if (kind === KEY_KIND.text) return this.keys.textAt(this.memory, at, bytes, hash);
    return kind === KEY_KIND.number ? this.memory.f64[at >> 3] : undefined;
  }

  private valueAt(kind: number, at: number, bytes: number): unknown {
    switch (kind) {
      case VALUE_KIND.number:
        return this.memory.f64[at >> 3];
      case VALUE_KIND.text:
        return this.memory.buffer.toString('utf8', at, at + bytes);
      case VALUE_KIND.bytes:
        return this.memory.u8.slice(at, at + bytes);
      case VALUE_KIND.record:
        return this.view.wrap(this.memory, at, this.shard, this.offset);
      case VALUE_KIND.coded:
        return this.decoder.decode(this.memory.u8.subarray(at, at + bytes));
      case VALUE_KIND.null:
        return null;
      case VALUE_KIND.true:
        return true;
      case VALUE_KIND.false:
        return false;
      default:
        return undefined;
    }
  }
}
