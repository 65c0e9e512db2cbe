import { ByteBuffer } from 'flatbuffers';
import { fail } from '../errors.ts';
import { KEEP } from '../record/kept.ts';
import { copyRecordBytes, NO_ROOM, PlacedValue, type ValueMemory } from '../record/placed-value.ts';
import { readText } from '../record/text.ts';
import type { RecordView } from '../record/view.ts';
import { PLACED, type PlacingSerde, type Serde } from './serde.ts';
import { copyCode, startCode } from './table-code.ts';
import { TableCursor } from './table-cursor.ts';
import { type FieldType, type TableLayout, tableLayout } from './table-layout.ts';
import { TableWriter } from './table-writer.ts';

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
  const cursor = new TableCursor(writer.memory);
  const view = viewOf(layout, cursor) as TableValue<F>;
  const placedView = new PlacedView(cursor);
  const startsHere = startCode(layout);
  const { fixedBytes } = layout;
  let foreign: TableWriter | undefined;

  const serde: Serde<TableValue<F>> & PlacingSerde = {
    name: `table(${name})`,
    values: 'table',
    views: true,

    encode(value: TableValue<F>): Uint8Array {
      return value === view ? cursor.bytes() : writer.write(value);
    },

    [PLACED](value: unknown): PlacedValue {
      return value === view ? placedView : writer.of(value);
    },

    decode(record: RecordView): TableValue<F> {
      const { memory, valueStart: start, valueLength: length } = record;
      if (length < fixedBytes || (start & 7) !== 0 || !startsHere(memory.i32, start >> 2)) {
        return written(record);
      }
      cursor.aim(memory, start, length);
      return view;
    },
  };

  /** Written by another program, with another vtable: written anew as we would have. */
  function written(record: RecordView): TableValue<F> {
    foreign ??= new TableWriter(layout);
    const { length } = foreign.write(readAny(layout, record));
    cursor.aim(foreign.memory, 0, length);
    return view;
  }
  return Object.freeze(serde);
}

/** The value that a view shows, byte by byte. */
class PlacedView extends PlacedValue {
  private readonly cursor: TableCursor;

  constructor(cursor: TableCursor) {
    super();
    this.cursor = cursor;
  }

  place(to: ValueMemory, at: number, end: number): number {
    const { memory, start, length } = this.cursor;
    if (at + ((length + 3) & ~3) > end) return NO_ROOM;
    copyRecordBytes(memory, start, length, to, at);
    return length;
  }

  bytes(): Uint8Array {
    return this.cursor.bytes();
  }
}

/** An object that reads each field where the cursor is. They are its own, so that it can be spread. */
function viewOf(layout: TableLayout, cursor: TableCursor): object {
  const view = {};
  for (const { name, type, at } of layout.fields) {
    Object.defineProperty(view, name, { get: getter(type, at, cursor), enumerable: true });
  }
  const copy = copyCode(layout);
  Object.defineProperty(view, KEEP, { value: () => copy(view) });
  return Object.freeze(view);
}

function getter(type: FieldType, at: number, cursor: TableCursor): () => unknown {
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
