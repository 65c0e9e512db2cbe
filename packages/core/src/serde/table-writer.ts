import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { RecordMemory } from '../record/record.ts';
import { writeText } from '../record/text.ts';
import type { FieldPlace, TableLayout } from './table-layout.ts';

const FIRST_BYTES = 1024;
/** Bytes up to which views of the beginning are kept: making one costs more than a small value. */
const VIEWS_KEPT = 1024;
/** Text of at most this many UTF-16 units is written by a loop. */
const SHORT_TEXT = 28;

/** Writes values as tables of one layout, into memory of its own. */
export class TableWriter {
  memory!: RecordMemory;
  private readonly layout: TableLayout;
  private f64!: Float64Array;
  private readonly views: Uint8Array[] = [];

  constructor(layout: TableLayout) {
    this.layout = layout;
    this.allocate(Math.max(FIRST_BYTES, layout.fixedBytes));
  }

  /** The value's bytes, in the writer's own memory until the next call. Throws `SERDE_FAILED`. */
  write(value: Readonly<Record<string, unknown>>): Uint8Array {
    if (typeof value !== 'object' || value === null) this.refuse(value);
    const { fields } = this.layout;
    let end = this.layout.fixedBytes;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      const given = value[field.name];
      switch (field.type) {
        case 'int':
          if ((given as number) !== ((given as number) | 0)) this.refuseField(field, given);
          this.memory.i32[field.at >> 2] = given as number;
          break;
        case 'double':
          if (typeof given !== 'number') this.refuseField(field, given);
          this.f64[field.at >> 3] = given as number;
          break;
        case 'string':
          if (typeof given !== 'string') this.refuseField(field, given);
          end = this.putText(given as string, field.at, end);
          break;
        default:
          if (typeof given !== 'boolean') this.refuseField(field, given);
          this.memory.u8[field.at] = given === true ? 1 : 0;
      }
    }
    return end < VIEWS_KEPT ? this.view(end) : this.memory.u8.subarray(0, end);
  }

  /** Writes a text at `at`, a multiple of 4, named at `place`; returns where the next one goes. */
  private putText(text: string, place: number, at: number): number {
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

  private refuseField({ name, type }: FieldPlace, given: unknown): never {
    fail(
      'SERDE_FAILED',
      `The serde table(${this.layout.name}) could not encode the field ${name}: it is ` +
        `${described(given)}, which is no ${type}.`,
    );
  }
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
