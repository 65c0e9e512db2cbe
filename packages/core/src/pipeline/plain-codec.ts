import { deserialize, serialize } from 'node:v8';
import type { ValueDecoder, ValueEncoder } from '../channel/value-codec.ts';

/** Encodes values between tasks. */
export function plainEncoder(): ValueEncoder {
  return { encode: value => serialize(value) };
}

export function plainDecoder(): ValueDecoder {
  return { decode: bytes => deserialize(bytes.slice()) };
}
