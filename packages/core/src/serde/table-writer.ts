import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import { NO_ROOM, PlacedValue, type ValueMemory } from '../record/placed-value.ts';
import { putAscii, writeText } from '../record/text.ts';
import { type Fields, type FieldWriter, fieldsCode, type PutFields } from './table-code.ts';
import type { TableLayout } from './table-layout.ts';

const FIRST_BYTES = 1024;
/** Bytes up to which views of the beginning are kept: making one costs more than a small value. */
const VIEWS_KEPT = 1024;
/** Text of at most this many UTF-16 units is written by a loop, which beats a native call. */
const SHORT_TEXT = 16;
/** Writes values as tables of one layout: where they are to stand, or into memory of its own. */
export class TableWriter extends PlacedValue implements FieldWriter {
  memory: ValueMemory;
  private readonly layout: TableLayout;
  private readonly putFields: PutFields;
  private readonly views: Uint8Array[] = [];
  private value: unknown;

  constructor(layout: TableLayout) {
    super();
    this.layout = layout;
    this.putFields = fieldsCode(layout);
    this.memory = memoryOf(Math.max(FIRST_BYTES, layout.fixedBytes));
  }

  /** Aims at a value: `place` writes it, or `bytes`. */
  of(value: unknown): this {
    this.value = value;
    return this;
  }

  /** The value's bytes, in the writer's own memory until the next call. Throws `SERDE_FAILED`. */
  write(value: unknown): Uint8Array {
    return this.of(value).bytes();
  }

  /** Throws `SERDE_FAILED`. */
  place(memory: ValueMemory, at: number, end: number): number {
    const { value } = this;
    if (typeof value !== 'object' || value === null) this.refuse(value);
    const next = this.putFields(value as Fields, this, memory, at, end);
    return next < 0 ? NO_ROOM : next - at;
  }

  bytes(): Uint8Array {
    for (;;) {
      const { u8 } = this.memory;
      const bytes = this.place(this.memory, 0, u8.length);
      if (bytes >= 0) return bytes < VIEWS_KEPT ? this.view(bytes) : u8.subarray(0, bytes);
      this.memory = memoryOf(2 * u8.length);
      this.views.length = 0;
    }
  }

  putText(
    text: unknown,
    field: number,
    memory: ValueMemory,
    place: number,
    at: number,
    end: number,
  ): number {
    if (typeof text !== 'string') this.refuseField(field, text);
    const start = at + 4;
    // A NUL ends a text, which is not counted in its length.
    if (start + text.length >= end) return NO_ROOM;
    const { i32 } = memory;
    i32[place >> 2] = at - place;
    let bytes = text.length;
    if (bytes > SHORT_TEXT || !putAscii(i32, text, start >> 2)) {
      bytes = putLong(memory, text, start, end);
      if (bytes < 0) return NO_ROOM;
    }
    i32[at >> 2] = bytes;
    return start + ((bytes + 4) & ~3);
  }

  refuseField(field: number, given: unknown): never {
    const { name, type } = this.layout.fields[field];
    fail(
      'SERDE_FAILED',
      `The serde table(${this.layout.name}) could not encode the field ${name}: it is ` +
        `${described(given)}, which is no ${type}.`,
    );
  }

  private view(bytes: number): Uint8Array {
    this.views[bytes] ??= this.memory.u8.subarray(0, bytes);
    return this.views[bytes];
  }

  private refuse(value: unknown): never {
    fail(
      'SERDE_FAILED',
      `The serde table(${this.layout.name}) takes objects; it was given ${described(value)}.`,
    );
  }
}

/** Writes a text as UTF-8 with its NUL, padded to 4; `NO_ROOM` when that does not fit before `end`. */
function putLong(memory: ValueMemory, text: string, start: number, end: number): number {
  const room = end - start - 1;
  if (text.length * 3 > room && Buffer.byteLength(text, 'utf8') > room) return NO_ROOM;
  const bytes = writeText(memory, text, start, room);
  const { u8 } = memory;
  for (let i = start + bytes, last = start + ((bytes + 4) & ~3); i < last; i++) u8[i] = 0;
  return bytes;
}

function memoryOf(bytes: number): ValueMemory {
  const memory = new ArrayBuffer((bytes + 7) & ~7);
  return {
    u8: new Uint8Array(memory),
    i32: new Int32Array(memory),
    f64: new Float64Array(memory),
    buffer: Buffer.from(memory),
  };
}
