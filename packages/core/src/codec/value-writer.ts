import * as format from './format.ts';
import { type ShapeNode, ShapeTree } from './shapes.ts';
import { explainUnsupported, UNSUPPORTED } from './unsupported.ts';

// V8 folds a module's own constants into its code; imported ones it loads and checks at every use.
const { DEEPEST, LARGE_AMOUNT, TYPED_ARRAYS, VALUE } = format;
const { imul, getPrototypeOf } = { imul: Math.imul, getPrototypeOf: Object.getPrototypeOf };

const FIRST_BYTES = 1024;
const VIEWS_KEPT = 128;
/** Text of at most this many UTF-16 units is written by a loop. */
const SHORT_TEXT = 28;
/** The most words that a value takes which is neither text nor bytes nor a container. */
const SCALAR_WORDS = 4;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

interface Native {
  latin1Write(text: string, start: number): number;
  ucs2Write(text: string, start: number): number;
}

/**
 * Writes plain values as bytes: `undefined`, `null`, booleans, numbers, bigints, text, `Date`, arrays,
 * `Map`, `Set`, plain objects, `Uint8Array` and the other typed arrays, nested in any way. A Buffer
 * comes back as a Uint8Array, an object without a prototype as a plain one; an object that stands in
 * two places comes back as two. Symbol keys are left out, as are extra properties of arrays.
 */
export class ValueWriter {
  private u8!: Uint8Array;
  private i32!: Int32Array;
  private buffer!: Native;
  /** Views of the beginning, by words: making one costs more than encoding a small value. */
  private views: Uint8Array[] = [];
  /** The next free word. Word 0 is where the table of shapes is named. */
  private at = 1;
  private depth = 0;
  private readonly tree = new ShapeTree();
  /** The first `shapes` of these are the shapes of the message, by their numbers. */
  private readonly used: ShapeNode[] = [];
  private shapes = 0;
  /** Tells the messages apart in `ShapeNode.message`. */
  private message = 0;

  constructor() {
    this.allocate(FIRST_BYTES);
  }

  /** Adds a value to the message. Throws `UNSUPPORTED_VALUE`; the message is then as before. */
  write(value: unknown): void {
    const at = this.at;
    const { shapes } = this;
    this.depth = 0;
    try {
      this.put(value);
    } catch (error) {
      this.takeBack(at, shapes);
      if (error === UNSUPPORTED) explainUnsupported(value);
      throw error;
    }
  }

  /**
   * Ends the message and returns its bytes, which stand in the writer's own memory: copy them before
   * the next `write`. The next message begins empty.
   */
  take(): Uint8Array {
    if (this.shapes === 0) this.i32[0] = 0;
    else this.putShapes();
    const words = this.at;
    const bytes = words < VIEWS_KEPT ? this.view(words) : this.u8.subarray(0, words << 2);
    this.at = 1;
    this.shapes = 0;
    this.message++;
    return bytes;
  }

  private view(words: number): Uint8Array {
    this.views[words] ??= this.u8.subarray(0, words << 2);
    return this.views[words];
  }

  private takeBack(at: number, shapes: number): void {
    this.at = at;
    while (this.shapes > shapes) this.used[--this.shapes].message = -1;
  }

  private put(value: unknown): void {
    if (this.at + SCALAR_WORDS > this.i32.length) this.grow(SCALAR_WORDS);
    switch (typeof value) {
      case 'number':
        this.putNumber(value);
        break;
      case 'string':
        this.putText(value);
        break;
      case 'object':
        if (value === null) this.i32[this.at++] = VALUE.null;
        else this.putObject(value);
        break;
      case 'boolean':
        this.i32[this.at++] = value ? VALUE.true : VALUE.false;
        break;
      case 'undefined':
        this.i32[this.at++] = VALUE.undefined;
        break;
      case 'bigint':
        this.putAscii(VALUE.bigint, value.toString(16));
        break;
      default:
        throw UNSUPPORTED;
    }
  }

  private putNumber(value: number): void {
    const i32 = this.i32;
    const integer = value | 0;
    if (integer === value && (integer !== 0 || Object.is(value, 0))) {
      if ((integer << 8) >> 8 === integer) {
        i32[this.at++] = VALUE.smallInteger | (integer << 8);
      } else {
        i32[this.at++] = VALUE.integer;
        i32[this.at++] = integer;
      }
      return;
    }
    i32[this.at++] = VALUE.double;
    this.putDouble(value);
  }

  private putDouble(value: number): void {
    double[0] = value;
    this.i32[this.at++] = halves[0];
    this.i32[this.at++] = halves[1];
  }

  private putText(text: string): void {
    if (text.length > SHORT_TEXT) this.putLongText(text);
    else this.putShortText(text);
  }

  private putShortText(text: string): void {
    const length = text.length;
    const words = (length + 3) >> 2;
    if (this.at + 1 + words > this.i32.length) this.grow(1 + words);
    const i32 = this.i32;
    const start = this.at + 1;
    let all = 0;
    let packed = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      all |= code;
      packed |= code << (i << 3);
      if ((i & 3) === 3) {
        i32[start + (i >> 2)] = packed;
        packed = 0;
      }
    }
    if ((length & 3) !== 0) i32[start + (length >> 2)] = packed;
    if (all > 0x7f) {
      this.putUtf16(text);
    } else {
      i32[this.at] = VALUE.ascii | (length << 8);
      this.at = start + words;
    }
  }

  private putLongText(text: string): void {
    if (Buffer.byteLength(text, 'utf8') === text.length) this.putAscii(VALUE.ascii, text);
    else this.putUtf16(text);
  }

  private putUtf16(text: string): void {
    const bytes = text.length * 2;
    this.open(VALUE.utf16, text.length, bytes);
    this.buffer.ucs2Write(text, this.at << 2);
    this.close(bytes);
  }

  private putAscii(kind: number, text: string): void {
    this.open(kind, text.length, text.length);
    this.buffer.latin1Write(text, this.at << 2);
    this.close(text.length);
  }

  private putBytes(bytes: Uint8Array): void {
    this.open(VALUE.bytes, bytes.length, bytes.length);
    this.u8.set(bytes, this.at << 2);
    this.close(bytes.length);
  }

  /** Writes a kind and an amount, and makes room for `bytes` bytes after them. */
  private open(kind: number, amount: number, bytes: number): void {
    const words = 2 + ((bytes + 3) >> 2);
    if (this.at + words > this.i32.length) this.grow(words);
    if (amount < LARGE_AMOUNT) {
      this.i32[this.at++] = kind | (amount << 8);
    } else {
      this.i32[this.at++] = kind | (LARGE_AMOUNT << 8);
      this.i32[this.at++] = amount;
    }
  }

  /** Pads `bytes` bytes that were written at `at`, and goes on after them. */
  private close(bytes: number): void {
    const end = (this.at << 2) + bytes;
    for (let i = end; (i & 3) !== 0; i++) this.u8[i] = 0;
    this.at = (end + 3) >> 2;
  }

  private putObject(value: object): void {
    if (++this.depth > DEEPEST) throw UNSUPPORTED;
    const prototype: unknown = getPrototypeOf(value);
    if (prototype === Object.prototype) this.putPlain(value as Record<string, unknown>);
    else if (Array.isArray(value)) this.putArray(value);
    else if (prototype === null) this.putPlain(value as Record<string, unknown>);
    else if (value instanceof Uint8Array) this.putBytes(value);
    else if (value instanceof Map) this.putMap(value);
    else if (value instanceof Set) this.putSet(value);
    else if (value instanceof Date) {
      this.i32[this.at++] = VALUE.date;
      this.putDouble(value.getTime());
    } else this.putTypedArray(value);
    this.depth--;
  }

  private putPlain(value: Record<string, unknown>): void {
    let node: ShapeNode | undefined = this.tree.root;
    for (const key in value) {
      node = node.child(key);
      if (node === undefined) break;
    }
    // Not `value[key]` in the loop: V8 optimizes that for one key, again and again.
    const values = Object.values(value);
    if (node === undefined || node.keys.length !== values.length) {
      this.putDictionary(value);
      return;
    }
    if (node.message !== this.message) {
      node.message = this.message;
      node.index = this.shapes;
      this.used[this.shapes++] = node;
    }
    this.i32[this.at++] = VALUE.object | (node.index << 8);
    for (let i = 0; i < values.length; i++) this.put(values[i]);
  }

  private putDictionary(value: Record<string, unknown>): void {
    const keys = Object.keys(value);
    this.open(VALUE.dictionary, keys.length, 0);
    for (const key of keys) {
      this.put(key);
      this.put(value[key]);
    }
  }

  private putArray(values: readonly unknown[]): void {
    this.open(VALUE.array, values.length, 0);
    for (let i = 0; i < values.length; i++) this.put(values[i]);
  }

  private putSet(values: ReadonlySet<unknown>): void {
    this.open(VALUE.set, values.size, 0);
    for (const value of values) this.put(value);
  }

  private putMap(entries: ReadonlyMap<unknown, unknown>): void {
    this.open(VALUE.map, entries.size, 0);
    for (const [key, value] of entries) {
      this.put(key);
      this.put(value);
    }
  }

  private putTypedArray(value: object): void {
    const index = TYPED_ARRAYS.findIndex(type => value instanceof type);
    if (index < 0) throw UNSUPPORTED;
    const { buffer, byteOffset, byteLength } = value as Int8Array;
    this.open(VALUE.typedArray, index, byteLength + 4);
    this.i32[this.at++] = byteLength;
    this.u8.set(new Uint8Array(buffer, byteOffset, byteLength), this.at << 2);
    this.close(byteLength);
  }

  /** Writes the table of shapes at the end of the message. */
  private putShapes(): void {
    this.i32[0] = this.at;
    if (this.at + 1 > this.i32.length) this.grow(1);
    this.i32[this.at++] = this.shapes;
    for (let index = 0; index < this.shapes; index++) {
      const shape = this.used[index];
      const words = shape.words ?? this.wordsOf(shape);
      if (this.at + words.length > this.i32.length) this.grow(words.length);
      for (let i = 0; i < words.length; i++) this.i32[this.at + i] = words[i];
      this.at += words.length;
    }
  }

  /** A shape as it stands in messages: written once at the end of this one, and kept. */
  private wordsOf(shape: ShapeNode): Int32Array {
    const at = this.at;
    for (const key of shape.keys) {
      this.grow(SCALAR_WORDS);
      this.putText(key);
    }
    const keys = this.i32.slice(at, this.at);
    this.at = at;
    let hash = shape.keys.length;
    for (const word of keys) hash = imul(hash ^ word, 0x9e37_79b1) ^ (hash >>> 15);
    shape.words = Int32Array.of(hash, shape.keys.length, keys.length, ...keys);
    return shape.words;
  }

  private allocate(bytes: number): void {
    const memory = new ArrayBuffer(bytes);
    this.u8 = new Uint8Array(memory);
    this.i32 = new Int32Array(memory);
    this.views = new Array(VIEWS_KEPT);
    this.buffer = Buffer.from(memory) as unknown as Native;
  }

  /** Makes room for `words` words more, at least doubling. */
  private grow(words: number): void {
    if (this.at + words <= this.i32.length) return;
    const old = this.u8;
    this.allocate(Math.max(old.length * 2, (this.at + words) * 8));
    this.u8.set(old);
  }
}
