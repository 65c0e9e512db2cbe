import type { ValueDecoder, ValueEncoder } from '../channel/value-codec.ts';
import { ValueReader } from '../codec/value-reader.ts';
import { ValueWriter } from '../codec/value-writer.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';

/** Encodes plain values on their way to another task. One per channel. */
export function plainEncoder(): ValueEncoder {
  const writer = new ValueWriter();
  return {
    encode(value) {
      writer.write(value);
      return writer.take();
    },
  };
}

/** Reads what a `plainEncoder` wrote. */
export function plainDecoder(): ValueDecoder {
  const reader = new ValueReader();
  return { decode: bytes => reader.open(bytes).read() };
}

const valueWriter = new ValueWriter();
const valueReader = new ValueReader();

/** Any plain values, in the form in which they cross threads and stand in snapshots. */
export const plainValues: Serde<unknown> = Object.freeze({
  name: 'plain values',
  encode(value: unknown): Uint8Array {
    valueWriter.write(value);
    return valueWriter.take();
  },
  decode: (record: RecordView): unknown => valueReader.open(record.valueView()).read(),
});
