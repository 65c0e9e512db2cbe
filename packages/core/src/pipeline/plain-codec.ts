import type { ValueDecoder, ValueEncoder } from '../channel/value-codec.ts';
import { ValueReader } from '../codec/value-reader.ts';
import { ValueWriter } from '../codec/value-writer.ts';

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
