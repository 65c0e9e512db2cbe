import type { RecordMemory } from '../record/record.ts';
import { readText } from '../record/text.ts';
import * as format from './format.ts';

const { LARGE_AMOUNT, TYPED_ARRAYS, VALUE } = format;

interface Native {
  ucs2Slice(start: number, end: number): string;
}

/** A list of keys that a message told of. */
interface Shape {
  readonly words: Int32Array;
  readonly keys: readonly string[];
  /** Whether a key is one that an assignment would take for something else. */
  readonly hasProto: boolean;
}

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** Reads what a `ValueWriter` wrote. One reader, kept, is faster than many: it learns the shapes. */
export class ValueReader {
  private memory!: RecordMemory;
  private at = 0;
  private end = 0;
  /** The shapes of the message by their numbers. */
  private readonly shapes: Shape[] = [];
  /** All shapes seen, by hash; of two with the same hash, the later. */
  private readonly known = new Map<number, Shape>();

  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined) this.open(bytes);
  }

  /** Begins a message; its bytes must stay as they are until it has been read. */
  open(bytes: Uint8Array): this {
    let source = bytes;
    if ((source.byteOffset & 3) !== 0) source = source.slice();
    const { buffer, byteOffset } = source;
    if (this.memory?.u8.buffer !== buffer) this.memory = wholeOf(buffer);
    const start = byteOffset >> 2;
    const table = this.memory.i32[start];
    this.at = start + 1;
    this.end = table === 0 ? (byteOffset + source.length) >> 2 : start + table;
    if (table !== 0) this.readShapes(start + table);
    return this;
  }

  /** Whether all values of the message have been read. */
  get done(): boolean {
    return this.at >= this.end;
  }

  /** The next value of the message. */
  read(): unknown {
    const word = this.memory.i32[this.at++];
    const amount = word >>> 8;
    switch (word & 0xff) {
      case VALUE.smallInteger:
        return word >> 8;
      case VALUE.integer:
        return this.memory.i32[this.at++];
      case VALUE.double:
        return this.readDouble();
      case VALUE.ascii:
        return this.readAscii(amount);
      case VALUE.object:
        return this.readObject(this.shapes[amount]);
      case VALUE.null:
        return null;
      case VALUE.false:
        return false;
      case VALUE.true:
        return true;
      case VALUE.undefined:
        return undefined;
      default:
        return this.readOther(word & 0xff, amount);
    }
  }

  private readOther(kind: number, amount: number): unknown {
    switch (kind) {
      case VALUE.utf16:
        return this.readUtf16(this.amount(amount));
      case VALUE.bytes:
        return this.readBytes(this.amount(amount));
      case VALUE.array:
        return this.readArray(this.amount(amount));
      case VALUE.map:
        return this.readMap(this.amount(amount));
      case VALUE.set:
        return this.readSet(this.amount(amount));
      case VALUE.date:
        return new Date(this.readDouble());
      case VALUE.bigint:
        return readDigits(this.readAscii(amount));
      case VALUE.dictionary:
        return this.readDictionary(this.amount(amount));
      default:
        return this.readTypedArray(amount);
    }
  }

  private amount(amount: number): number {
    return amount === LARGE_AMOUNT ? this.memory.i32[this.at++] : amount;
  }

  private readDouble(): number {
    const i32 = this.memory.i32;
    halves[0] = i32[this.at++];
    halves[1] = i32[this.at++];
    return double[0];
  }

  private readAscii(short: number): string {
    const length = this.amount(short);
    const start = this.at << 2;
    this.at += (length + 3) >> 2;
    return readText(this.memory, start, length);
  }

  private readUtf16(length: number): string {
    const start = this.at << 2;
    this.at += (length + 1) >> 1;
    return (this.memory.buffer as unknown as Native).ucs2Slice(start, start + length * 2);
  }

  private readBytes(length: number): Uint8Array {
    const start = this.at << 2;
    this.at += (length + 3) >> 2;
    return new Uint8Array(this.memory.u8.subarray(start, start + length));
  }

  private readObject({ keys, hasProto }: Shape): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    if (hasProto) for (const key of keys) define(object, key, this.read());
    else for (let i = 0; i < keys.length; i++) object[keys[i]] = this.read();
    return object;
  }

  private readDictionary(length: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const key = this.read() as string;
      define(object, key, this.read());
    }
    return object;
  }

  private readArray(length: number): unknown[] {
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) values.push(this.read());
    return values;
  }

  private readSet(size: number): Set<unknown> {
    const values = new Set<unknown>();
    for (let i = 0; i < size; i++) values.add(this.read());
    return values;
  }

  private readMap(size: number): Map<unknown, unknown> {
    const entries = new Map<unknown, unknown>();
    for (let i = 0; i < size; i++) {
      const key = this.read();
      entries.set(key, this.read());
    }
    return entries;
  }

  private readTypedArray(index: number): unknown {
    const bytes = this.readBytes(this.memory.i32[this.at++]);
    return new TYPED_ARRAYS[index](bytes.buffer as ArrayBuffer);
  }

  /** Reads the table of shapes at word `at`. */
  private readShapes(at: number): void {
    const { i32 } = this.memory;
    const count = i32[at];
    let next = at + 1;
    for (let index = 0; index < count; index++) {
      const words = 3 + i32[next + 2];
      const last = this.shapes[index];
      if (last === undefined || !isSame(last.words, i32, next)) {
        this.shapes[index] = this.shapeAt(next, words);
      }
      next += words;
    }
  }

  private shapeAt(start: number, words: number): Shape {
    const { i32 } = this.memory;
    const known = this.known.get(i32[start]);
    if (known !== undefined && isSame(known.words, i32, start)) return known;
    const { at } = this;
    this.at = start + 3;
    const keys: string[] = [];
    for (let i = 0; i < i32[start + 1]; i++) keys.push(this.read() as string);
    this.at = at;
    const hasProto = keys.includes('__proto__');
    const shape = { words: i32.slice(start, start + words), keys, hasProto };
    this.known.set(i32[start], shape);
    return shape;
  }
}

function isSame(words: Int32Array, i32: Int32Array, start: number): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== i32[start + i]) return false;
  return true;
}

function wholeOf(buffer: ArrayBufferLike): RecordMemory {
  return {
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer, 0, buffer.byteLength >> 2),
    buffer: Buffer.from(buffer as ArrayBuffer),
  };
}

function readDigits(digits: string): bigint {
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

/** Sets an own property, also one of the name `__proto__`. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else {
    const whole = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(object, key, whole);
  }
}
