import type { Scratch } from '../memory/scratch.ts';
import { FNV_OFFSET_BASIS, FNV_PRIME, fnv1aRange } from './hash.ts';
import {
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
} from './layout.ts';
import {
  badHeaders,
  badHeaderValue,
  badKey,
  badTimestamp,
  badValue,
  isBytes,
  storedBytes,
  tooLarge,
} from './limits.ts';
import type { HeadersInput, RecordLimits } from './record.ts';

/** Text of at most this many UTF-16 units is written by a loop, which beats a native call. */
const SHORT_TEXT = 48;
/** Bytes of at most this number are copied by a loop. */
const SHORT_BYTES = 24;
/** What the put methods return when the record does not fit before `end`. */
const NO_ROOM = -1;
const TWO_TO_32 = 0x1_0000_0000;

type Field = string | Uint8Array | null | undefined;

/**
 * Encodes records into scratch memory, in the layout of `layout.ts`. One writer may serve any number
 * of topics of one limit, on one thread. It allocates nothing, and it writes nowhere outside
 * `[at, at + room)`.
 */
export class RecordWriter {
  /** After `write`: unsigned 32-bit FNV-1a of the key's UTF-8 bytes, of no bytes without a key. */
  keyHash: number = FNV_OFFSET_BASIS;
  /** After `write`: whether the record has a key. */
  hasKey = false;
  /** After `write`: where in scratch memory the key's bytes begin, and how many there are. */
  keyStart = 0;
  keyLength = 0;

  private readonly maxRecordBytes: number;
  private memory!: Scratch;
  /** The address that nothing of this record may reach past; 8-aligned. */
  private end = 0;

  constructor(limits: RecordLimits) {
    this.maxRecordBytes = limits.maxRecordBytes;
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
    value: Field,
    timestamp: number,
    headers: HeadersInput | null | undefined,
  ): number {
    if (!Number.isSafeInteger(timestamp)) badTimestamp(timestamp);
    const most = room < this.maxRecordBytes ? room : this.maxRecordBytes;
    this.memory = scratch;
    this.end = at + (most & ~7);
    if (most < VALUE_BYTES) return this.overflow(key, value, headers);

    const i32 = scratch.i32;
    const word = at >> 2;
    let keyWord = TIMESTAMP_WORD;
    let valueWord = 0;
    let position = at + VALUE_BYTES;

    if (value !== undefined && value !== null) {
      const length = this.putValue(value, position);
      if (length < 0) return this.overflow(key, value, headers);
      i32[word + (VALUE >> 2)] = VALUE_LENGTH - VALUE;
      i32[word + (VALUE_LENGTH >> 2)] = length;
      position += (length + 3) & ~3;
      valueWord = VALUE_FLAG;
    } else {
      i32[word + (VALUE >> 2)] = 0;
      i32[word + (VALUE_LENGTH >> 2)] = 0;
    }

    if (key !== undefined && key !== null) {
      const length = this.putKey(key, position + 4);
      if (length < 0) return this.overflow(key, value, headers);
      i32[word + (KEY >> 2)] = position - (at + KEY);
      i32[position >> 2] = length;
      this.hasKey = true;
      this.keyStart = position + 4;
      this.keyLength = length;
      position += (length + 7) & ~3;
      keyWord |= KEY_FLAG;
    } else {
      i32[word + (KEY >> 2)] = 0;
      this.hasKey = false;
      this.keyHash = FNV_OFFSET_BASIS;
      this.keyLength = 0;
    }

    i32[word + (HEADERS >> 2)] = 0;
    if (headers !== undefined && headers !== null) {
      const after = this.putHeaders(headers, position);
      if (after < 0) return this.overflow(key, value, headers);
      if (after > position) {
        i32[word + (HEADERS >> 2)] = position - (at + HEADERS);
        position = after;
        valueWord |= HEADERS_FLAG;
      }
    }

    if ((position & 7) !== 0) {
      i32[position >> 2] = 0;
      position += 4;
    }
    i32[word + (SIZE >> 2)] = position - at - 4;
    i32[word + (ROOT >> 2)] = ROOT_WORD;
    i32[word + (VTABLE >> 2)] = SIZES_WORD;
    i32[word + (VTABLE >> 2) + 1] = keyWord;
    i32[word + (VTABLE >> 2) + 2] = valueWord;
    i32[word + (TABLE >> 2)] = TABLE_WORD;
    i32[word + (TIMESTAMP >> 2)] = timestamp | 0;
    i32[word + (TIMESTAMP >> 2) + 1] = Math.floor(timestamp / TWO_TO_32);
    return position - at;
  }

  /** Writes a value's bytes at `start` and returns how many, or `NO_ROOM`. */
  private putValue(value: string | Uint8Array, start: number): number {
    if (typeof value === 'string') return this.putText(value, start);
    if (isBytes(value)) return this.putBytes(value, start);
    return badValue(value);
  }

  /** Writes a key's bytes at `start`, hashing them on the way; returns how many, or `NO_ROOM`. */
  private putKey(key: string | Uint8Array, start: number): number {
    let length: number;
    if (typeof key === 'string') {
      length = key.length;
      if (start + length > this.end) return NO_ROOM;
      if (length <= SHORT_TEXT) {
        const u8 = this.memory.u8;
        this.memory.i32[(start + length - 1) >> 2] = 0;
        let hash = FNV_OFFSET_BASIS;
        let i = 0;
        for (; i < length; i++) {
          const code = key.charCodeAt(i);
          if (code > 0x7f) break;
          hash = Math.imul(hash ^ code, FNV_PRIME);
          u8[start + i] = code;
        }
        if (i === length) {
          this.keyHash = hash >>> 0;
          return length;
        }
      }
      length = this.putLongText(key, start);
    } else if (isBytes(key)) {
      length = this.putBytes(key, start);
    } else {
      return badKey(key);
    }
    if (length >= 0) this.keyHash = fnv1aRange(this.memory.u8, start, start + length);
    return length;
  }

  /** Writes a text as UTF-8 at `start` and returns its bytes, or `NO_ROOM`. */
  private putText(text: string, start: number): number {
    const length = text.length;
    if (start + length > this.end) return NO_ROOM;
    if (length > SHORT_TEXT) return this.putLongText(text, start);
    const u8 = this.memory.u8;
    this.memory.i32[(start + length - 1) >> 2] = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.putLongText(text, start);
      u8[start + i] = code;
    }
    return length;
  }

  /** Writes a text that is long or not ASCII; a lone surrogate becomes U+FFFD. */
  private putLongText(text: string, start: number): number {
    const room = this.end - start;
    if (text.length * 3 > room && Buffer.byteLength(text, 'utf8') > room) return NO_ROOM;
    const length = this.memory.buffer.write(text, start, room, 'utf8');
    this.zeroAfter(start + length);
    return length;
  }

  /** Writes bytes at `start` and returns how many, or `NO_ROOM`. */
  private putBytes(bytes: Uint8Array, start: number): number {
    const length = bytes.length;
    if (start + length > this.end) return NO_ROOM;
    const u8 = this.memory.u8;
    if (length > SHORT_BYTES) {
      u8.set(bytes, start);
      this.zeroAfter(start + length);
      return length;
    }
    this.memory.i32[(start + length - 1) >> 2] = 0;
    for (let i = 0; i < length; i++) u8[start + i] = bytes[i];
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
  private overflow(key: Field, value: Field, headers: HeadersInput | null | undefined): number {
    const bytes = storedBytes(key, value, headers);
    if (bytes > this.maxRecordBytes) tooLarge(bytes, this.maxRecordBytes, key);
    return NO_ROOM;
  }
}
