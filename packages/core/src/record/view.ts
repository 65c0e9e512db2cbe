import { fail } from '../errors.ts';
import { KEEP } from './kept.ts';
import * as layout from './layout.ts';
import type { RecordCopy, RecordInput, RecordMemory } from './record.ts';
import { readText, textEquals } from './text.ts';

// V8 folds a module's own constants into its code; imported ones it loads and checks at every use.
const {
  FIELD_HEADER_NAME,
  FIELD_HEADER_VALUE,
  FIELD_HEADERS,
  FIELD_KEY,
  FIELD_TIMESTAMP,
  FIELD_VALUE,
  HEADERS,
  HEADERS_FLAG,
  KEY,
  KEY_FLAG,
  ROOT,
  ROOT_WORD,
  SIZES_WORD,
  TABLE,
  TABLE_WORD,
  TIMESTAMP,
  TIMESTAMP_WORD,
  VALUE,
  VALUE_FLAG,
  VTABLE,
} = layout;

const WITH_KEY = TIMESTAMP_WORD | KEY_FLAG;
// As words; the two behind the vtable's sizes say which fields there are.
const ROOT_AT = ROOT >> 2;
const SIZES_AT = VTABLE >> 2;
const FIELDS_AT = SIZES_AT + 1;
const MORE_AT = SIZES_AT + 2;
const TABLE_AT = TABLE >> 2;
const KEY_AT = KEY >> 2;
const VALUE_AT = VALUE >> 2;
const HEADERS_AT = HEADERS >> 2;
const TWO_TO_32 = 0x1_0000_0000;
const NO_BYTES = new Uint8Array(0);

/**
 * One record, seen where it lies in memory: nothing is decoded until it is asked for, and nothing is
 * copied but by `bytes()`, `copy()` and `asInput()`. One view is aimed at record after record, so it
 * is valid only until the next batch; keep a record with `copy()`.
 *
 * Any legal FlatBuffer of `record.fbs` can be read. The bytes themselves are trusted.
 */
export class RecordView {
  /** What the view is aimed at, for readers that take the value in place. */
  memory!: RecordMemory;

  /** Byte position in `memory` of the record's size prefix. */
  storedStart = 0;

  private shardNow = 0;
  private offsetNow = 0;
  /** Byte positions in `memory`: of the timestamp, and of the length words. 0: not in the record. */
  private timestampAt = 0;
  private keyAt = 0;
  private valueAt = 0;
  private headersAt = 0;

  /** Aims the view at the record whose size prefix stands at byte `at`, a multiple of 8. */
  wrap(memory: RecordMemory, at: number, shard: number, offset: number): this {
    this.memory = memory;
    this.storedStart = at;
    this.shardNow = shard;
    this.offsetNow = offset;
    const { i32 } = memory;
    const word = at >> 2;
    const fields = i32[word + FIELDS_AT];
    const more = i32[word + MORE_AT];
    const headers = more & ~VALUE_FLAG;
    // The vtable of our own writer, word by word; only which fields are there varies.
    if (
      i32[word + ROOT_AT] === ROOT_WORD &&
      i32[word + SIZES_AT] === SIZES_WORD &&
      i32[word + TABLE_AT] === TABLE_WORD &&
      (fields === TIMESTAMP_WORD || fields === WITH_KEY) &&
      (headers === 0 || headers === HEADERS_FLAG)
    ) {
      this.timestampAt = at + TIMESTAMP;
      this.keyAt = fields === TIMESTAMP_WORD ? 0 : at + KEY + i32[word + KEY_AT];
      this.valueAt = more === headers ? 0 : at + VALUE + i32[word + VALUE_AT];
      this.headersAt = headers === 0 ? 0 : at + HEADERS + i32[word + HEADERS_AT];
    } else {
      this.resolve(at + ROOT);
    }
    return this;
  }

  /** Aims the view at what another one is aimed at. */
  like(other: RecordView): this {
    this.memory = other.memory;
    this.storedStart = other.storedStart;
    this.shardNow = other.shardNow;
    this.offsetNow = other.offsetNow;
    this.timestampAt = other.timestampAt;
    this.keyAt = other.keyAt;
    this.valueAt = other.valueAt;
    this.headersAt = other.headersAt;
    return this;
  }

  /** Finds the fields of a record of any layout through its vtable. `root` holds the root offset. */
  private resolve(root: number): void {
    const i32 = this.memory.i32;
    const table = root + i32[root >> 2];
    const vtable = table - i32[table >> 2];
    this.timestampAt = fieldAt(this.memory, table, vtable, FIELD_TIMESTAMP);
    this.keyAt = targetAt(this.memory, table, vtable, FIELD_KEY);
    this.valueAt = targetAt(this.memory, table, vtable, FIELD_VALUE);
    this.headersAt = targetAt(this.memory, table, vtable, FIELD_HEADERS);
  }

  /** Bytes of the whole record as it is stored, its size prefix and padding included. */
  get storedBytes(): number {
    return this.memory.i32[this.storedStart >> 2] + 4;
  }

  get shard(): number {
    return this.shardNow;
  }

  get offset(): number {
    return this.offsetNow;
  }

  /** Event time in milliseconds since 1970; 0 when the record holds none. */
  get timestamp(): number {
    const at = this.timestampAt;
    if (at === 0) return 0;
    const i32 = this.memory.i32;
    return i32[(at >> 2) + 1] * TWO_TO_32 + (i32[at >> 2] >>> 0);
  }

  get hasKey(): boolean {
    return this.keyAt !== 0;
  }

  /** The key as text, or `undefined` when there is none. Bytes that are not UTF-8 read as U+FFFD. */
  get key(): string | undefined {
    const at = this.keyAt;
    return at === 0 ? undefined : readText(this.memory, at + 4, this.memory.i32[at >> 2]);
  }

  /** The key's bytes in place, valid until the next batch; `undefined` when there is no key. */
  keyBytes(): Uint8Array | undefined {
    return this.keyAt === 0 ? undefined : this.vectorView(this.keyAt);
  }

  /** Where in `memory.u8` the key's bytes begin; 0 without a key. */
  get keyStart(): number {
    return this.keyAt === 0 ? 0 : this.keyAt + 4;
  }

  /** How many bytes the key has; 0 without a key. */
  get keyLength(): number {
    return this.keyAt === 0 ? 0 : this.memory.i32[this.keyAt >> 2];
  }

  /** Whether the record has a value; an empty one is a value too. */
  get hasValue(): boolean {
    return this.valueAt !== 0;
  }

  /** How many bytes the value has; 0 without a value. */
  get valueLength(): number {
    return this.valueAt === 0 ? 0 : this.memory.i32[this.valueAt >> 2];
  }

  /** Where in `memory.u8` the value's bytes begin: a multiple of 8 in records that we wrote. */
  get valueStart(): number {
    return this.valueAt === 0 ? 0 : this.valueAt + 4;
  }

  /** The value as text; empty without a value. Bytes that are not UTF-8 read as U+FFFD. */
  get text(): string {
    const at = this.valueAt;
    return at === 0 ? '' : readText(this.memory, at + 4, this.memory.i32[at >> 2]);
  }

  /** A copy of the value's bytes; empty without a value. */
  bytes(): Uint8Array {
    const at = this.valueAt;
    if (at === 0) return new Uint8Array(0);
    const { i32, u8 } = this.memory;
    return u8.slice(at + 4, at + 4 + i32[at >> 2]);
  }

  /** The value's bytes in place, valid until the next batch; empty without a value. */
  valueView(): Uint8Array {
    return this.valueAt === 0 ? NO_BYTES : this.vectorView(this.valueAt);
  }

  /** The unsigned byte at `byteOffset` of the value. Throws `VALUE_OUT_OF_RANGE`. */
  valueUint8(byteOffset: number): number {
    return this.memory.u8[this.valuePosition(byteOffset, 1)];
  }

  /** The little-endian signed 32-bit number at `byteOffset`. Throws `VALUE_OUT_OF_RANGE`. */
  valueInt32(byteOffset: number): number {
    const at = this.valuePosition(byteOffset, 4);
    if ((at & 3) === 0) return this.memory.i32[at >> 2];
    return this.memory.buffer.readInt32LE(at);
  }

  /** The little-endian double at `byteOffset`. Throws `VALUE_OUT_OF_RANGE`. */
  valueFloat64(byteOffset: number): number {
    const at = this.valuePosition(byteOffset, 8);
    const f64 = this.memory.f64;
    if ((at & 7) === 0 && f64 !== undefined) return f64[at >> 3];
    return this.memory.buffer.readDoubleLE(at);
  }

  /** The little-endian signed 64-bit number at `byteOffset`. Throws `VALUE_OUT_OF_RANGE`. */
  valueBigInt64(byteOffset: number): bigint {
    return this.memory.buffer.readBigInt64LE(this.valuePosition(byteOffset, 8));
  }

  /** How many headers the record has. */
  get headerCount(): number {
    return this.headersAt === 0 ? 0 : this.memory.i32[this.headersAt >> 2];
  }

  /** The header of this name as text, or `undefined` when there is none. */
  header(name: string): string | undefined {
    const at = this.headerValueAt(name);
    return at < 0 ? undefined : this.vectorText(at);
  }

  /** A header's bytes in place, valid until the next batch; `undefined` when there is none. */
  headerBytes(name: string): Uint8Array | undefined {
    const at = this.headerValueAt(name);
    if (at < 0) return undefined;
    return at === 0 ? NO_BYTES : this.vectorView(at);
  }

  /** All headers as text, by name, in the order in which they were given. */
  headers(): Record<string, string> {
    const all: Record<string, string> = {};
    for (let i = 0; i < this.headerCount; i++) {
      const table = this.headerTable(i);
      define(all, this.headerName(table), this.vectorText(this.headerValue(table)));
    }
    return all;
  }

  /** The record as a plain object that stays valid: text decoded, bytes copied. */
  copy(): RecordCopy {
    return {
      key: this.key,
      value: this.bytes(),
      timestamp: this.timestamp,
      headers: this.headers(),
      shard: this.shardNow,
      offset: this.offsetNow,
    };
  }

  [KEEP](): RecordCopy {
    return this.copy();
  }

  /** The record as input that appends the same bytes again, to a shard that its key picks. */
  asInput(): RecordInput {
    const headers: Record<string, Uint8Array> = {};
    for (let i = 0; i < this.headerCount; i++) {
      const table = this.headerTable(i);
      const value = this.headerValue(table);
      define(
        headers,
        this.headerName(table),
        value === 0 ? NO_BYTES : this.vectorView(value).slice(),
      );
    }
    return {
      key: this.keyBytes()?.slice(),
      value: this.hasValue ? this.bytes() : null,
      timestamp: this.timestamp,
      headers,
    };
  }

  /** From now on every use of this view throws `STALE_VIEW`, until it is wrapped again. */
  invalidate(): void {
    Object.setPrototypeOf(this, STALE);
  }

  private vectorView(at: number): Uint8Array {
    return this.memory.u8.subarray(at + 4, at + 4 + this.memory.i32[at >> 2]);
  }

  private vectorText(at: number): string {
    return at === 0 ? '' : readText(this.memory, at + 4, this.memory.i32[at >> 2]);
  }

  private valuePosition(byteOffset: number, bytes: number): number {
    const length = this.valueLength;
    if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset + bytes > length) {
      fail(
        'VALUE_OUT_OF_RANGE',
        `A read of ${bytes} bytes at byte ${byteOffset} of a value of ${length} bytes; ` +
          `0 to ${length - bytes} would be right.`,
      );
    }
    return this.valueAt + 4 + byteOffset;
  }

  /** The position of the header `index`'s table. */
  private headerTable(index: number): number {
    const slot = this.headersAt + 4 + index * 4;
    return slot + this.memory.i32[slot >> 2];
  }

  private headerName(table: number): string {
    const vtable = table - this.memory.i32[table >> 2];
    return this.vectorText(targetAt(this.memory, table, vtable, FIELD_HEADER_NAME));
  }

  /** The position of a header's value, 0 when the header has none. */
  private headerValue(table: number): number {
    const vtable = table - this.memory.i32[table >> 2];
    return targetAt(this.memory, table, vtable, FIELD_HEADER_VALUE);
  }

  /** The position of the value of the header of this name, 0 without a value, −1 without header. */
  private headerValueAt(name: string): number {
    const count = this.headerCount;
    for (let i = 0; i < count; i++) {
      const table = this.headerTable(i);
      const vtable = table - this.memory.i32[table >> 2];
      const at = targetAt(this.memory, table, vtable, FIELD_HEADER_NAME);
      if (textEquals(this.memory, at + 4, this.memory.i32[at >> 2], name)) {
        return this.headerValue(table);
      }
    }
    return -1;
  }
}

/** The position of a table's field, or 0 when the table has none: the vtable names no such field. */
function fieldAt(memory: RecordMemory, table: number, vtable: number, field: number): number {
  if (field >= u16(memory, vtable)) return 0;
  const inTable = u16(memory, vtable + field);
  return inTable === 0 ? 0 : table + inTable;
}

/** The position that an offset field points to, or 0 when the table has no such field. */
function targetAt(memory: RecordMemory, table: number, vtable: number, field: number): number {
  const at = fieldAt(memory, table, vtable, field);
  return at === 0 ? 0 : at + memory.i32[at >> 2];
}

function u16(memory: RecordMemory, at: number): number {
  return memory.u8[at] | (memory.u8[at + 1] << 8);
}

/** Sets an own property, also for names like `__proto__`. */
function define<T>(object: Record<string, T>, name: string, value: T): void {
  if (name !== '__proto__') object[name] = value;
  else
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** The prototype of views whose batch is gone: everything but `wrap` throws. */
const STALE = staleProto();

function staleProto(): RecordView {
  const stale = Object.create(RecordView.prototype) as RecordView;
  for (const name of Object.getOwnPropertyNames(RecordView.prototype)) {
    if (name === 'constructor') continue;
    const get = (): never =>
      fail(
        'STALE_VIEW',
        `\`${name}\` of a record was used after its batch had been released; keep a record with copy().`,
      );
    Object.defineProperty(stale, name, { get, configurable: true });
  }
  Object.defineProperty(stale, 'wrap', { value: wrapAgain });
  Object.defineProperty(stale, 'invalidate', { value: () => {} });
  return stale;
}

function wrapAgain(
  this: RecordView,
  memory: RecordMemory,
  at: number,
  shard: number,
  offset: number,
): RecordView {
  Object.setPrototypeOf(this, RecordView.prototype);
  return this.wrap(memory, at, shard, offset);
}
