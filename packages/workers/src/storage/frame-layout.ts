/**
 * The files of a shard's log, byte by byte. All numbers are little-endian; `u64` and `i64` hold whole
 * numbers within ±(2^53 − 1). A test holds these tables, and those in docs/storage.md, to the numbers.
 *
 * A segment `<first offset>.log` is a header and then frames, each at a multiple of 8.
 *
 * ```text
 * byte  segment header
 *    0  checksum           u32  CRC-32 of bytes 4 to 64
 *    4  version            u32  1
 *    8  magic              u32  "LSsg"
 *   12  salt               u32  drawn for this file; every frame repeats it
 *   16  first offset       u64
 *   24  created at         i64  milliseconds since 1970
 *   32  shard              u32
 *   36  identity           u32  of the topic; 0: unknown
 *   40  (zeros)
 *   64  the first frame
 * ```
 *
 * ```text
 * byte  frame
 *    0  checksum           u32  CRC-32 of the frame from byte 4 on
 *    4  length             u32  bytes of the frame, a multiple of 8
 *    8  magic              u32  "LSfr"
 *   12  salt               u32  that of the segment
 *   16  first offset       u64
 *   24  durable offset     u64  everything below was on stable storage when the frame was written
 *   32  epoch              u64
 *   40  appended at        i64  milliseconds since 1970
 *   48  least timestamp    i64  of its data records
 *   56  greatest timestamp  i64  of its data records
 *   64  span               u32  how many offsets the frame covers
 *   68  count              u32  how many records it holds
 *   72  data count         u32  how many of them are data, not control
 *   76  payload bytes      u32  before compression
 *   80  flags              u16  1: the body is one zstd frame; 2: the seal of a finished segment
 *   82  padding            u16  zeros after the body
 *   84  (zeros)
 *   88  body
 * ```
 *
 * The body is the records' very bytes, as in the ring, then 8 bytes for each record:
 *
 * ```text
 * byte  entry
 *    0  bytes              u32  of the record, a multiple of 8
 *    4  meta               u16  kind (upper 4 bits) and producer (lower 12)
 *    6  skip               u16  offsets before it that hold nothing
 * ```
 *
 * The last frame of a finished segment is its *seal*: no offsets, the timestamps of the whole segment,
 * and as payload the number of its data records (u64).
 */
export const FORMAT_VERSION = 1;

export const SEGMENT = {
  checksum: 0,
  version: 4,
  magic: 8,
  salt: 12,
  firstOffset: 16,
  createdAt: 24,
  shard: 32,
  identity: 36,
} as const;

/** "LSsg" */
export const SEGMENT_MAGIC = 0x6773534c;
export const SEGMENT_HEADER_BYTES = 64;

export const FRAME = {
  checksum: 0,
  length: 4,
  magic: 8,
  salt: 12,
  firstOffset: 16,
  durableOffset: 24,
  epoch: 32,
  appendedAt: 40,
  leastTimestamp: 48,
  greatestTimestamp: 56,
  span: 64,
  count: 68,
  dataCount: 72,
  payloadBytes: 76,
  flags: 80,
  padding: 82,
  reserved: 84,
  body: 88,
} as const;

/** "LSfr" */
export const FRAME_MAGIC = 0x7266534c;
export const FRAME_HEADER_BYTES = FRAME.body;
export const FLAG_COMPRESSED = 1;
export const FLAG_SEAL = 2;

export const ENTRY = { bytes: 0, meta: 4, skip: 6 } as const;
export const ENTRY_BYTES = 8;
/** A longer stretch of offsets that hold nothing ends a frame. */
export const MOST_SKIPPED = 0xffff;

/** Offsets that one frame can cover. */
export const MOST_SPAN = 0xffff_ffff;

export const SEAL_BYTES = FRAME_HEADER_BYTES + 8;

/** A frame is as large as one record may be, and never larger than this. */
export const MOST_FRAME_BYTES = 2 ** 30;

/** Timestamps of a frame or a segment without data records. */
export const NO_LEAST = Number.MAX_SAFE_INTEGER;
export const NO_GREATEST = -Number.MAX_SAFE_INTEGER;

const TWO_TO_32 = 0x1_0000_0000;

/** Stores a whole number within ±(2^53 − 1) as 64 bits. */
export function storeWhole(words: Int32Array, at: number, value: number): void {
  words[at >> 2] = value | 0;
  words[(at >> 2) + 1] = Math.floor(value / TWO_TO_32);
}

export function loadWhole(words: Int32Array, at: number): number {
  return words[(at >> 2) + 1] * TWO_TO_32 + (words[at >> 2] >>> 0);
}
