import { ByteBuffer } from 'flatbuffers';
import { fail } from '../errors.ts';
import { KEEP } from '../record/kept.ts';
import type { RecordMemory } from '../record/record.ts';
import { readText } from '../record/text.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from './serde.ts';
import { type FieldType, type TableLayout, tableLayout } from './table-layout.ts';
import { codeOf, TableWriter } from './table-writer.ts';

export type { FieldType } from './table-layout.ts';

interface FieldValues {
  readonly int: number;
  readonly double: number;
  readonly string: string;
  readonly bool: boolean;
}

/** The values of a table with these fields. */
export type TableValue<F extends Readonly<Record<string, FieldType>>> = {
  readonly [Name in keyof F]: FieldValues[F[Name]];
};

/** The type of the values of a serde: `type Bid = ValueOf<typeof bid>`. */
export type ValueOf<S> = S extends Serde<infer T> ? T : never;

/**
 * Values of fixed fields as FlatBuffers, without a generated class: what `flatc` reads with a schema
 * of the same fields in the same order. Types are named as there: `int` (32 bits), `double`, `string`,
 * `bool`; no field may be missing.
 *
 * `encode` takes any object that has the fields. `decode` re-aims one object, whose fields are read in
 * place when they are asked for; it is valid only until the next record: `kept(value)` is a copy that stays.
 *
 * ```ts
 * const bid = table('Bid', { auction: 'int', price: 'int', channel: 'string', dateTime: 'double' });
 * ```
 *
 * Throws `SERDE_FAILED` for fields that cannot be, for a value without one of them, and for a record
 * whose value is no such FlatBuffer.
 */
export function table<const F extends Readonly<Record<string, FieldType>>>(
  name: string,
  fields: F,
): Serde<TableValue<F>> {
  const layout = tableLayout(name, fields);
  const writer = new TableWriter(layout);
  const cursor = new Cursor(writer.memory);
  const view = viewOf(layout, cursor) as TableValue<F>;
  const { head, fixedBytes } = layout;

  return Object.freeze({
    name: `table(${name})`,
    values: 'table',
    views: true,

    encode(value: TableValue<F>): Uint8Array {
      return value === view ? cursor.bytes() : writer.write(value);
    },

    decode(record: RecordView): TableValue<F> {
      const { memory, valueStart: start, valueLength: length } = record;
      if (cursor.memory !== memory) cursor.enter(memory);
      if (length >= fixedBytes && (start & 7) === 0 && startsWith(memory.i32, start >> 2, head)) {
        cursor.start = start;
        cursor.length = length;
      } else {
        // Written by another program, with another vtable: written anew as we would have.
        cursor.length = writer.write(readAny(layout, record)).length;
        cursor.start = 0;
        cursor.enter(writer.memory);
      }
      return view;
    },
  });
}

/** Where a value lies. It stands apart from the view, whose names all belong to the user. */
class Cursor {
  memory: RecordMemory;
  i32: Int32Array;
  f64: Float64Array | undefined;
  start = 0;
  length = 0;

  constructor(memory: RecordMemory) {
    this.memory = memory;
    this.i32 = memory.i32;
    this.f64 = memory.f64;
  }

  enter(memory: RecordMemory): void {
    this.memory = memory;
    this.i32 = memory.i32;
    this.f64 = memory.f64;
  }

  bytes(): Uint8Array {
    return this.memory.u8.subarray(this.start, this.start + this.length);
  }
}

/** An object that reads each field where the cursor is. They are its own, so that it can be spread. */
function viewOf(layout: TableLayout, cursor: Cursor): object {
  const { fields } = layout;
  const view = {};
  for (const { name, type, at } of fields) {
    Object.defineProperty(view, name, { get: getter(type, at, cursor), enumerable: true });
  }
  const copy = copierOf(layout);
  Object.defineProperty(view, KEEP, { value: () => copy(view) });
  return Object.freeze(view);
}

/** Code that copies field by field: `{ ...view }` would call each getter the slow way. */
function copierOf({ fields }: TableLayout): (view: object) => object {
  const members = fields.map(
    ({ name }) => `[${JSON.stringify(name)}]: view[${JSON.stringify(name)}]`,
  );
  return codeOf<(view: object) => object>(['view'], `return { ${members.join(', ')} };`) ?? spread;
}

function spread(view: object): object {
  return { ...view };
}

function getter(type: FieldType, at: number, cursor: Cursor): () => unknown {
  switch (type) {
    case 'int':
      return () => cursor.i32[(cursor.start + at) >> 2];
    case 'double':
      return () => {
        const { f64, start } = cursor;
        return f64 === undefined
          ? cursor.memory.buffer.readDoubleLE(start + at)
          : f64[(start + at) >> 3];
      };
    case 'string':
      return () => {
        const { i32 } = cursor;
        const place = cursor.start + at;
        const text = place + i32[place >> 2];
        return readText(cursor.memory, text + 4, i32[text >> 2]);
      };
    default:
      return () => cursor.memory.u8[cursor.start + at] !== 0;
  }
}

function startsWith(i32: Int32Array, word: number, head: Int32Array): boolean {
  for (let i = 0; i < head.length; i++) if (i32[word + i] !== head[i]) return false;
  return true;
}

/** A value of any vtable, field by field. What a schema leaves out stands for its default. */
function readAny(layout: TableLayout, record: RecordView): Record<string, unknown> {
  try {
    const buffer = new ByteBuffer(record.bytes());
    const at = buffer.readInt32(0);
    if (buffer.capacity() < 12 || at < 4 || at >= buffer.capacity()) throw new Error('no table');
    const value: Record<string, unknown> = {};
    for (const [index, { name, type }] of layout.fields.entries()) {
      const place = buffer.__offset(at, 4 + 2 * index);
      value[name] = place === 0 ? DEFAULTS[type] : readField(buffer, type, at + place);
    }
    return value;
  } catch (cause) {
    fail(
      'SERDE_FAILED',
      `The serde table(${layout.name}) could not decode the record at offset ${record.offset} of ` +
        `shard ${record.shard}: its value of ${record.valueLength} bytes is no such table.`,
      cause,
    );
  }
}

const DEFAULTS: FieldValues = { int: 0, double: 0, string: '', bool: false };

function readField(buffer: ByteBuffer, type: FieldType, at: number): unknown {
  if (type === 'int') return buffer.readInt32(at);
  if (type === 'double') return buffer.readFloat64(at);
  return type === 'string' ? buffer.__string(at) : buffer.readInt8(at) !== 0;
}
