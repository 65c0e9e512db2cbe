import { CELLS, type Scratch, scratch } from '../memory/scratch.ts';
import { type Encoder, encoder } from './encoder.ts';
import * as fnv from './hash.ts';
import { fnv1aRange } from './hash.ts';
import * as layout from './layout.ts';
import {
  badHeaders,
  badHeaderValue,
  badKey,
  badValue,
  checkTimestamp,
  isBytes,
  storedBytes,
  tooLarge,
} from './limits.ts';
import { PlacedValue } from './placed-value.ts';
import type { HeadersInput, RecordLimits } from './record.ts';
import { writeText } from './text.ts';

// V8 folds a module's own constants into its code; imported ones it loads and checks at every use.
const {
  HEADER_BYTES,
  HEADER_FIELDS_WORD,
  HEADER_NAME,
  HEADER_SIZES_WORD,
  HEADER_VALUE,
  HEADER_VTABLE_BYTES,
  HEADERS,
  HEADERS_FLAG,
  KEY,
  KEY_FLAG,
  ROOT,
  ROOT_WORD,
  SIZE,
  SIZES_WORD,
  TABLE,
  TABLE_WORD,
  TIMESTAMP,
  TIMESTAMP_WORD,
  VALUE,
  VALUE_BYTES,
  VALUE_FLAG,
  VALUE_LENGTH,
  VTABLE,
} = layout;
const { FNV_OFFSET_BASIS, FNV_PRIME } = fnv;
const KEY_HASH_WORD = CELLS.keyHash >> 2;
const { imul } = Math;

/** Text of at most this many UTF-16 units is written by a loop, which beats a native call. */
const SHORT_TEXT = 28;
/** Bytes of at most this number are copied by a loop. */
const SHORT_BYTES = 20;
/** What the put methods return when the record does not fit before `end`; as of a placed value. */
const NO_ROOM = -1;
const TWO_TO_32 = 0x1_0000_0000;

type Field = string | Uint8Array | null | undefined;

/**
 * Encodes records into scratch memory, in the layout of `layout.ts`. One writer may serve any number
 * of topics of one limit, on one thread. It allocates nothing, and it writes nowhere outside
 * `[at, at + room)`.
 */
export class RecordWriter {
  /** After `write`: whether the record has a key. */
  hasKey = false;
  /** After `write`: where in scratch memory the key's bytes begin, and how many there are. */
  keyStart = 0;
  keyLength = 0;

  private readonly maxRecordBytes: number;
  private memory!: Scratch;
  /** Kept signed: an unsigned one above 2^31 would not be a small integer, and slow to keep. */
  private hash: number = FNV_OFFSET_BASIS | 0;
  /** Whether `hash` is that of the last text or bytes written: long ones are hashed when asked. */
  private hashed = false;
  /** The address that nothing of this record may reach past; 8-aligned. */
  private end = 0;

  private readonly encode: Encoder['encode'] | undefined = encoder()?.encode;
  private readonly head: Encoder['head'] | undefined = encoder()?.head;
  /** The scratch memory that `encode` writes into. */
  private readonly encodesInto: Scratch = scratch();

  constructor(limits: RecordLimits) {
    this.maxRecordBytes = limits.maxRecordBytes;
  }

  /** After `write`: unsigned 32-bit FNV-1a of the key's UTF-8 bytes, of no bytes without a key. */
  get keyHash(): number {
    return this.keyHashBits >>> 0;
  }

  /** `keyHash` as a signed number, which is a small integer and costs nothing to pass on. */
  get keyHashBits(): number {
    if (!this.hasKey) return FNV_OFFSET_BASIS | 0;
    if (this.hashed) return this.hash;
    return fnv1aRange(this.memory.u8, this.keyStart, this.keyStart + this.keyLength) | 0;
  }

  /**
   * Encodes one record at the 8-aligned address `at` and returns its stored size in bytes, a
   * multiple of 8; or −1 when it does not fit in `room` bytes, though within the limit. Throws
   * `INVALID_KEY`, `INVALID_VALUE`, `INVALID_HEADER`, `INVALID_TIMESTAMP`, `RECORD_TOO_LARGE`.
   */
  write(
    scratch: Scratch,
    at: number,
    room: number,
    key: Field,
    value: Field | PlacedValue,
    timestamp: number,
    headers: HeadersInput | null | undefined,
  ): number {
    if (typeof timestamp !== 'number') checkTimestamp(timestamp);
    if (
      typeof key === 'string' &&
      typeof value === 'string' &&
      (headers === undefined || headers === null) &&
      scratch === this.encodesInto &&
      this.encode !== undefined
    ) {
      const most = Math.min(room, this.maxRecordBytes) & ~7;
      const bytes = this.encode(key, value, timestamp, at, at + most);
      if (bytes > 0) {
        this.memory = scratch;
        this.hash = scratch.i32[KEY_HASH_WORD];
        this.hashed = true;
        this.hasKey = true;
        this.keyStart = at + VALUE_BYTES + ((value.length + 3) & ~3) + 4;
        this.keyLength = key.length;
        return bytes;
      }
    }
    if (!Number.isSafeInteger(timestamp)) checkTimestamp(timestamp);
    if (!this.aim(scratch, at, room)) return this.overflow(key, value, headers);

    const i32 = scratch.i32;
    let valueLength = 0;
    let valueWord = 0;
    let position = at + VALUE_BYTES;
    if (value !== undefined && value !== null) {
      if (typeof value === 'string') valueLength = this.putText(value, position);
      else if (value instanceof PlacedValue) valueLength = value.place(scratch, position, this.end);
      else valueLength = isBytes(value) ? this.putBytes(value, position) : badValue(value);
      if (valueLength < 0) return this.overflow(key, value, headers);
      position += (valueLength + 3) & ~3;
      valueWord = VALUE_FLAG;
    }
    const headersAt = position;
    if (headers !== undefined && headers !== null) {
      const after = this.putHeaders(headers, position);
      if (after < 0) return this.overflow(key, value, headers);
      if (after > position) valueWord |= HEADERS_FLAG;
      position = after;
    }
    // The key comes last, so that what was hashed last is the key.
    const keyAt = position;
    this.hasKey = key !== undefined && key !== null;
    if (key !== undefined && key !== null) {
      const start = position + 4;
      const length = this.putKey(key, start);
      if (length < 0) return this.overflow(key, value, headers);
      i32[position >> 2] = length;
      position = start + ((length + 3) & ~3);
    }
    if ((position & 7) !== 0) {
      i32[position >> 2] = 0;
      position += 4;
    }
    const fields = this.hasKey ? KEY_FLAG | TIMESTAMP_WORD : TIMESTAMP_WORD;
    if (this.head !== undefined && scratch === this.encodesInto) {
      this.head(at, position, headersAt, keyAt, timestamp, valueLength, fields, valueWord);
    } else {
      putHead(i32, at, position, headersAt, keyAt, timestamp, valueLength, fields, valueWord);
    }
    return position - at;
  }

  /** Sets where to write; false when not even the shortest record fits. */
  private aim(scratch: Scratch, at: number, room: number): boolean {
    if (this.memory !== scratch) this.memory = scratch;
    const most = Math.min(room, this.maxRecordBytes);
    this.end = at + (most & ~7);
    return most >= VALUE_BYTES;
  }

  /** Writes a key's bytes at `start` and returns how many, or `NO_ROOM`. */
  private putKey(key: string | Uint8Array, start: number): number {
    let length: number;
    if (typeof key === 'string') length = this.putText(key, start);
    else length = isBytes(key) ? this.putBytes(key, start) : badKey(key);
    this.keyStart = start;
    this.keyLength = length;
    return length;
  }

  /**
   * Writes a text as UTF-8 at `start` and returns its bytes, or `NO_ROOM`. Short ASCII goes four
   * characters at a time, hashed on the way; the last word brings its own padding.
   */
  private putText(text: string, start: number): number {
    const length = text.length;
    if (start + length > this.end) return NO_ROOM;
    if (length > SHORT_TEXT) return this.putLongText(text, start);
    const i32 = this.memory.i32;
    const prime = FNV_PRIME;
    let hash = FNV_OFFSET_BASIS | 0;
    let all = 0;
    let word = start >> 2;
    let i = 0;
    for (; i < length - 3; i += 4) {
      const a = text.charCodeAt(i);
      const b = text.charCodeAt(i + 1);
      const c = text.charCodeAt(i + 2);
      const d = text.charCodeAt(i + 3);
      all |= a | b | c | d;
      hash = imul(imul(hash ^ a, prime) ^ b, prime);
      hash = imul(imul(hash ^ c, prime) ^ d, prime);
      i32[word++] = a | (b << 8) | (c << 16) | (d << 24);
    }
    if (i < length) {
      let last = 0;
      do {
        const code = text.charCodeAt(i);
        all |= code;
        hash = imul(hash ^ code, prime);
        last |= code << (i << 3);
      } while (++i < length);
      i32[word] = last;
    }
    if (all > 0x7f) return this.putLongText(text, start);
    this.hash = hash;
    this.hashed = true;
    return length;
  }

  /** Writes a text that is long or not ASCII; a lone surrogate becomes U+FFFD. */
  private putLongText(text: string, start: number): number {
    const room = this.end - start;
    if (text.length * 3 > room && Buffer.byteLength(text, 'utf8') > room) return NO_ROOM;
    this.hashed = false;
    const length = writeText(this.memory, text, start, room);
    this.zeroAfter(start + length);
    return length;
  }

  /** Writes bytes at `start` and returns how many, or `NO_ROOM`. */
  private putBytes(bytes: Uint8Array, start: number): number {
    const length = bytes.length;
    if (start + length > this.end) return NO_ROOM;
    this.hashed = false;
    if (length > SHORT_BYTES) {
      this.memory.u8.set(bytes, start);
      this.zeroAfter(start + length);
      return length;
    }
    const i32 = this.memory.i32;
    let word = start >> 2;
    let i = 0;
    for (; i < length - 3; i += 4) {
      i32[word++] = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    }
    if (i < length) {
      let last = 0;
      for (let shift = 0; i < length; i++, shift += 8) last |= bytes[i] << shift;
      i32[word] = last;
    }
    return length;
  }

  /** Zeros the rest of the 4-byte word that `position` stands in, if it is inside one. */
  private zeroAfter(position: number): void {
    const u8 = this.memory.u8;
    for (let i = position; (i & 3) !== 0; i++) u8[i] = 0;
  }

  /**
   * Writes the headers at `start`; returns the position after them, which is `start` when there are
   * none, or `NO_ROOM`.
   */
  private putHeaders(headers: HeadersInput, start: number): number {
    if (typeof headers !== 'object' || Array.isArray(headers) || isBytes(headers)) {
      return badHeaders(headers);
    }
    let count = 0;
    for (const name in headers) if (Object.hasOwn(headers, name)) count++;
    if (count === 0) return start;
    const vtable = start + 4 + count * 4;
    let table = vtable + HEADER_VTABLE_BYTES;
    if (table > this.end) return NO_ROOM;
    const i32 = this.memory.i32;
    i32[start >> 2] = count;
    i32[vtable >> 2] = HEADER_SIZES_WORD;
    i32[(vtable + 4) >> 2] = HEADER_FIELDS_WORD;
    let slot = start + 4;
    for (const name in headers) {
      if (!Object.hasOwn(headers, name)) continue;
      const after = this.putHeader(name, headers[name], table, vtable);
      if (after < 0) return NO_ROOM;
      i32[slot >> 2] = table - slot;
      slot += 4;
      table = after;
    }
    return table;
  }

  /** Writes one header's table at `table`, its name and its value; returns the position after. */
  private putHeader(name: string, value: unknown, table: number, vtable: number): number {
    const i32 = this.memory.i32;
    const nameAt = table + HEADER_BYTES;
    if (nameAt + 8 > this.end) return NO_ROOM;
    const nameLength = this.putText(name, nameAt + 4);
    if (nameLength < 0) return NO_ROOM;
    const valueAt = nameAt + ((4 + nameLength + 1 + 3) & ~3);
    if (valueAt + 4 > this.end) return NO_ROOM;
    // A FlatBuffers string ends in a NUL that its length does not count.
    if ((nameLength & 3) === 0) i32[(valueAt - 4) >> 2] = 0;
    let length: number;
    if (typeof value === 'string') length = this.putText(value, valueAt + 4);
    else if (isBytes(value)) length = this.putBytes(value, valueAt + 4);
    else return badHeaderValue(name, value);
    if (length < 0) return NO_ROOM;
    i32[table >> 2] = table - vtable;
    i32[(table + HEADER_NAME) >> 2] = nameAt - (table + HEADER_NAME);
    i32[nameAt >> 2] = nameLength;
    i32[(table + HEADER_VALUE) >> 2] = valueAt - (table + HEADER_VALUE);
    i32[valueAt >> 2] = length;
    return valueAt + ((4 + length + 3) & ~3);
  }

  /** Out of line: the record is too large for the limit (throws) or only for the room (−1). */
  private overflow(
    key: Field,
    value: Field | PlacedValue,
    headers: HeadersInput | null | undefined,
  ): number {
    const bytes = storedBytes(key, value instanceof PlacedValue ? value.bytes() : value, headers);
    if (bytes > this.maxRecordBytes) tooLarge(bytes, this.maxRecordBytes, key);
    return NO_ROOM;
  }
}

/** Everything up to the value: see `head` in encoder.wat. */
function putHead(
  i32: Int32Array,
  to: number,
  at: number,
  headers: number,
  key: number,
  timestamp: number,
  valueLength: number,
  fields: number,
  more: number,
): void {
  const word = to >> 2;
  const high = Math.floor(timestamp / TWO_TO_32);
  i32[word + (SIZE >> 2)] = at - to - 4;
  i32[word + (ROOT >> 2)] = ROOT_WORD;
  i32[word + (VTABLE >> 2)] = SIZES_WORD;
  i32[word + (VTABLE >> 2) + 1] = fields;
  i32[word + (VTABLE >> 2) + 2] = more;
  i32[word + (TABLE >> 2)] = TABLE_WORD;
  i32[word + (TIMESTAMP >> 2)] = timestamp - high * TWO_TO_32;
  i32[word + (TIMESTAMP >> 2) + 1] = high;
  i32[word + (KEY >> 2)] = key - (to + KEY);
  i32[word + (VALUE >> 2)] = VALUE_LENGTH - VALUE;
  i32[word + (HEADERS >> 2)] = headers - (to + HEADERS);
  i32[word + (VALUE_LENGTH >> 2)] = valueLength;
}
