import { fail } from '../errors.ts';

/**
 * The memory of a byte channel. Each word has one owner; each hot one stands on its own 128 bytes.
 *
 * ```
 *    0  constants        magic, version, data bytes, spill bytes     whoever made it, once
 *  128  written          end of the last frame shown                 the writer
 *  256  freed            everything before may be overwritten        the reader
 *  384  released         everything before is done for good          the reader
 *  512  reader waits     above 0 while the reader parks              the reader
 *  640  writer waits     above 0 while the writer parks              the writer
 *  768  data             C bytes, then a spill zone of one largest frame
 * ```
 *
 * Positions count granules of 8 bytes and wrap at 2^32; C is a power of two, so that position and
 * place agree across the wrap. A frame may begin in the last granule of the data and run on into the
 * spill zone: no frame is split, and none is padded.
 *
 * A frame, 8-aligned, padded to a multiple of 8:
 *
 * ```
 *    0  i32  length of the frame in bytes
 *    4  i32  frame | key kind << 8 | value kind << 16
 *    8  f64  timestamp
 *   16  f64  watermark
 *   24  f64  offset
 *   32  i32  hash of the key
 *   36  i32  bytes of the key
 *   40  i32  bytes of the value
 *   44  i32  0
 *   48       key, padded to 8; value
 * ```
 *
 * A control frame ends after the watermark.
 */
export const CHANNEL_MAGIC = 0x4c534331; // "LSC1"
export const CHANNEL_VERSION = 1;

/** Byte offsets. */
export const CHANNEL = {
  magic: 0,
  version: 4,
  dataBytes: 8,
  spillBytes: 12,
  written: 128,
  freed: 256,
  released: 384,
  readerWaits: 512,
  writerWaits: 640,
  data: 768,
} as const;

/** Byte offsets in a frame. */
export const FRAME_AT = {
  length: 0,
  kinds: 4,
  timestamp: 8,
  watermark: 16,
  offset: 24,
  hash: 32,
  keyBytes: 36,
  valueBytes: 40,
  body: 48,
} as const;

export const CONTROL_BYTES = 24;

export const KEY_KIND = { none: 0, text: 1, number: 2 } as const;

/** How a value travels. */
export const VALUE_KIND = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  text: 5,
  bytes: 6,
  /** The stored bytes of a whole record: nothing is decoded and encoded again. */
  record: 7,
  /** Encoded by the codec. */
  coded: 8,
} as const;

const SMALLEST_DATA = 1024;

/**
 * Makes the memory of a channel of `dataBytes` (a power of two). The largest frame is half of it.
 * `position` is where both sides begin; only tests begin elsewhere than at 0.
 */
export function createChannelMemory(dataBytes: number, position = 0): SharedArrayBuffer {
  if (!Number.isInteger(Math.log2(dataBytes)) || dataBytes < SMALLEST_DATA) {
    fail(
      'INVALID_OPTION',
      `channelBytes is ${dataBytes}; it must be a power of two from ${SMALLEST_DATA} on.`,
    );
  }
  const spillBytes = dataBytes / 2;
  const buffer = new SharedArrayBuffer(CHANNEL.data + dataBytes + spillBytes);
  const words = new Int32Array(buffer);
  words[CHANNEL.magic >> 2] = CHANNEL_MAGIC;
  words[CHANNEL.version >> 2] = CHANNEL_VERSION;
  words[CHANNEL.dataBytes >> 2] = dataBytes;
  words[CHANNEL.spillBytes >> 2] = spillBytes;
  words[CHANNEL.written >> 2] = position;
  words[CHANNEL.freed >> 2] = position;
  words[CHANNEL.released >> 2] = position;
  return buffer;
}

/** The same memory seen in several ways. */
export class ChannelMemory {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly buffer: Buffer;
  /** `position & mask` is the granule in the data area. */
  readonly mask: number;
  readonly dataBytes: number;
  readonly largestFrame: number;

  /** Throws `LAYOUT_MISMATCH` for memory that is not a channel of this version. */
  constructor(shared: SharedArrayBuffer) {
    this.u8 = new Uint8Array(shared);
    this.i32 = new Int32Array(shared);
    this.f64 = new Float64Array(shared);
    this.buffer = Buffer.from(shared);
    this.dataBytes = this.i32[CHANNEL.dataBytes >> 2];
    this.largestFrame = this.i32[CHANNEL.spillBytes >> 2];
    this.mask = (this.dataBytes >> 3) - 1;
    const magic = this.i32[CHANNEL.magic >> 2];
    const version = this.i32[CHANNEL.version >> 2];
    const bytes = CHANNEL.data + this.dataBytes + this.largestFrame;
    if (magic !== CHANNEL_MAGIC || version !== CHANNEL_VERSION || shared.byteLength !== bytes) {
      fail(
        'LAYOUT_MISMATCH',
        `Memory of a channel: magic ${magic}, version ${version}, ${shared.byteLength} bytes; ` +
          `this build takes magic ${CHANNEL_MAGIC}, version ${CHANNEL_VERSION}, ${bytes} bytes.`,
      );
    }
  }

  /** Byte address of a position. */
  addressOf(position: number): number {
    return CHANNEL.data + ((position & this.mask) << 3);
  }
}
