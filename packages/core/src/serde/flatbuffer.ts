import { Builder, ByteBuffer } from 'flatbuffers';
import { fail } from '../errors.ts';
import { KEEP } from '../record/kept.ts';
import { described, isBytes } from '../record/limits.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from './serde.ts';
import { ValueBuffer } from './value-buffer.ts';

/** A table class as `flatc --ts` generates it. */
export type TableClass<T> = new () => T & { __init(position: number, buffer: ByteBuffer): unknown };

/** An object of flatc's object API (`--gen-object-api`). */
export interface Packable {
  pack(builder: Builder): number;
}

export interface FlatbufferSerde<T> extends Serde<T> {
  /** Takes finished bytes of a `Builder`, an object with `pack`, or what a `decode` returned. */
  encode(value: T | Uint8Array | Packable): Uint8Array;
}

/** An accessor that a decode has aimed. */
interface Aimed {
  readonly bb: ValueBuffer;
}

/** The shortest FlatBuffer: a root offset and an empty table with its vtable. */
const SHORTEST = 12;

/**
 * Values that are FlatBuffers of a schema of yours, read in place: `decode` re-aims one accessor
 * object of `Table` at the record's value, and copies nothing. The accessor is valid only until the
 * next record. Values have no size prefix.
 *
 * Throws `SERDE_FAILED` for a class that flatc did not generate, for a record whose value is no
 * FlatBuffer, and for a value that cannot be encoded.
 */
export function flatbuffer<T>(Table: TableClass<T>): FlatbufferSerde<T> {
  if (typeof Table !== 'function' || typeof Table.prototype.__init !== 'function') {
    fail(
      'SERDE_FAILED',
      `The serde flatbuffer(Table) takes a table class that flatc generated; it was given ` +
        `${described(Table)}.`,
    );
  }
  const accessor = new Table();
  // Windows and state keep a copy of the bytes, and an accessor of its own.
  Object.defineProperty(accessor, KEEP, {
    value: () => {
      const bytes = new ByteBuffer((accessor as unknown as Aimed).bb.value().slice());
      const copy = new Table();
      copy.__init(bytes.readInt32(0), bytes);
      return copy;
    },
  });
  // One buffer per memory: a reader sees the same few shards again and again.
  const buffers = new WeakMap<Uint8Array, ValueBuffer>();
  let buffer: ValueBuffer | undefined;
  let builder: Builder | undefined;

  return Object.freeze({
    name: `flatbuffer(${Table.name})`,
    values: 'flatbuffer',
    views: true,

    encode(value: T | Uint8Array | Packable): Uint8Array {
      if (isBytes(value)) return value;
      if (isPackable(value)) {
        builder ??= new Builder(1024);
        builder.clear();
        builder.finish(value.pack(builder));
        return builder.asUint8Array();
      }
      const aimed = (value as { bb?: unknown } | null | undefined)?.bb;
      if (value instanceof Table && aimed instanceof ValueBuffer) return aimed.value();
      fail(
        'SERDE_FAILED',
        `The serde flatbuffer(${Table.name}) takes the bytes of a finished Builder, an object with ` +
          `pack(), or an accessor that it decoded; it was given ${described(value)}.`,
      );
    },

    decode(record: RecordView): T {
      const { memory, valueStart: start, valueLength: length } = record;
      if (buffer?.bytes() !== memory.u8) {
        buffer = buffers.get(memory.u8) ?? new ValueBuffer(memory);
        buffers.set(memory.u8, buffer);
      }
      buffer.start = start;
      buffer.length = length;
      const root = length < SHORTEST ? 0 : buffer.readInt32(start);
      if (root < 4 || root >= length) noFlatbuffer(Table.name, record);
      accessor.__init(start + root, buffer);
      return accessor;
    },
  });
}

function isPackable(value: unknown): value is Packable {
  return typeof (value as Partial<Packable> | null | undefined)?.pack === 'function';
}

function noFlatbuffer(name: string, record: RecordView): never {
  fail(
    'SERDE_FAILED',
    `The serde flatbuffer(${name}) could not decode the record at offset ${record.offset} of ` +
      `shard ${record.shard}: its value of ${record.valueLength} bytes is no FlatBuffer.`,
  );
}
