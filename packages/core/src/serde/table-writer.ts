import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { RecordMemory } from '../record/record.ts';
import { writeText } from '../record/text.ts';
import type { FieldType, TableLayout } from './table-layout.ts';

const FIRST_BYTES = 1024;
/** Bytes up to which views of the beginning are kept: making one costs more than a small value. */
const VIEWS_KEPT = 1024;
/** Text of at most this many UTF-16 units is written by a loop. */
const SHORT_TEXT = 28;

type Fields = Readonly<Record<string, unknown>>;

/** Writes every field of a value and returns where it ends. */
type PutFields = (value: Fields, writer: TableWriter) => number;

/** Writes values as tables of one layout, into memory of its own. */
export class TableWriter {
  memory!: RecordMemory;
  private readonly layout: TableLayout;
  private readonly putFields: PutFields;
  private f64!: Float64Array;
  private readonly views: Uint8Array[] = [];

  constructor(layout: TableLayout) {
    this.layout = layout;
    this.putFields = compiled(layout) ?? interpreter(layout);
    this.allocate(Math.max(FIRST_BYTES, layout.fixedBytes));
  }

  /** The value's bytes, in the writer's own memory until the next call. Throws `SERDE_FAILED`. */
  write(value: Fields): Uint8Array {
    if (typeof value !== 'object' || value === null) this.refuse(value);
    const end = this.putFields(value, this);
    return end < VIEWS_KEPT ? this.view(end) : this.memory.u8.subarray(0, end);
  }

  putInt(given: unknown, index: number, at: number): void {
    if ((given as number) !== ((given as number) | 0)) this.refuseField(index, given);
    this.memory.i32[at >> 2] = given as number;
  }

  putDouble(given: unknown, index: number, at: number): void {
    if (typeof given !== 'number') this.refuseField(index, given);
    this.f64[at >> 3] = given as number;
  }

  putBool(given: unknown, index: number, at: number): void {
    if (typeof given !== 'boolean') this.refuseField(index, given);
    this.memory.u8[at] = given === true ? 1 : 0;
  }

  /** Writes a text at `at`, a multiple of 4, named at `place`; returns where the next one goes. */
  putString(text: unknown, index: number, place: number, at: number): number {
    if (typeof text !== 'string') this.refuseField(index, text);
    const { length } = text;
    if (at + 12 + length * 3 > this.memory.u8.length) this.allocate(2 * (at + 12 + length * 3));
    const { i32 } = this.memory;
    i32[place >> 2] = at - place;
    const start = at + 4;
    let bytes = length;
    if (length > SHORT_TEXT || !putAscii(i32, text, start >> 2)) {
      bytes = writeText(this.memory, text, start, length * 3);
      const end = start + bytes;
      const { u8 } = this.memory;
      for (let i = end; i < ((end + 4) & ~3); i++) u8[i] = 0;
    }
    i32[at >> 2] = bytes;
    // The NUL that ends a text is not counted in its length.
    return start + ((bytes + 4) & ~3);
  }

  private view(bytes: number): Uint8Array {
    this.views[bytes] ??= this.memory.u8.subarray(0, bytes);
    return this.views[bytes];
  }

  private allocate(bytes: number): void {
    const before = this.memory as RecordMemory | undefined;
    const memory = new ArrayBuffer((bytes + 7) & ~7);
    const u8 = new Uint8Array(memory);
    this.f64 = new Float64Array(memory);
    this.memory = { u8, i32: new Int32Array(memory), f64: this.f64, buffer: Buffer.from(memory) };
    if (before === undefined) this.memory.i32.set(this.layout.head);
    else u8.set(before.u8);
    this.views.length = 0;
  }

  private refuse(value: unknown): never {
    fail(
      'SERDE_FAILED',
      `The serde table(${this.layout.name}) takes objects; it was given ${described(value)}.`,
    );
  }

  private refuseField(index: number, given: unknown): never {
    const { name, type } = this.layout.fields[index];
    fail(
      'SERDE_FAILED',
      `The serde table(${this.layout.name}) could not encode the field ${name}: it is ` +
        `${described(given)}, which is no ${type}.`,
    );
  }
}

const PUT: Readonly<Record<FieldType, string>> = {
  int: 'putInt',
  double: 'putDouble',
  bool: 'putBool',
  string: 'putString',
};

/**
 * The fields' writer as code of its own, in which every field is read by its name: a loop over the
 * names would look each up as if it had never seen the object.
 */
function compiled({ fields, fixedBytes }: TableLayout): PutFields | undefined {
  const lines = fields.map(({ name, type, at }, index) => {
    const given = `value[${JSON.stringify(name)}], ${index}, ${at}`;
    return type === 'string'
      ? `end = writer.putString(${given}, end);`
      : `writer.${PUT[type]}(${given});`;
  });
  const body = `let end = ${fixedBytes}; ${lines.join(' ')} return end;`;
  return codeOf<PutFields>(['value', 'writer'], body);
}

/**
 * A function made of text; none where Node.js was told to make no code of text
 * (`--disallow-code-generation-from-strings`).
 */
export function codeOf<F>(parameters: readonly string[], body: string): F | undefined {
  try {
    return new Function(...parameters, body) as F;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** The same as a loop. */
export function interpreter({ fields, fixedBytes }: TableLayout): PutFields {
  return (value, writer) => {
    let end = fixedBytes;
    for (let i = 0; i < fields.length; i++) {
      const { name, type, at } = fields[i];
      if (type === 'string') end = writer.putString(value[name], i, at, end);
      else if (type === 'int') writer.putInt(value[name], i, at);
      else if (type === 'double') writer.putDouble(value[name], i, at);
      else writer.putBool(value[name], i, at);
    }
    return end;
  };
}

/** Writes ASCII and a NUL, four characters at a time; `false` for other text. */
function putAscii(i32: Int32Array, text: string, firstWord: number): boolean {
  const { length } = text;
  let word = firstWord;
  let all = 0;
  let i = 0;
  for (; i < length - 3; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    all |= a | b | c | d;
    i32[word++] = a | (b << 8) | (c << 16) | (d << 24);
  }
  let last = 0;
  for (let shift = 0; i < length; i++, shift += 8) {
    const code = text.charCodeAt(i);
    all |= code;
    last |= code << shift;
  }
  i32[word] = last;
  return all <= 0x7f;
}
