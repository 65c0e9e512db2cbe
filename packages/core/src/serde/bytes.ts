import { fail } from '../errors.ts';
import { described, isBytes } from '../record/limits.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from './serde.ts';

const BYTES: Serde<Uint8Array> = Object.freeze({
  name: 'bytes',
  values: 'bytes',
  encode(value: Uint8Array): Uint8Array {
    if (isBytes(value)) return value;
    fail('SERDE_FAILED', `The serde bytes() takes a Uint8Array; it was given ${described(value)}.`);
  },
  decode(record: RecordView): Uint8Array {
    return record.bytes();
  },
});

/**
 * Values that are bytes. What is decoded is a copy, and stays valid; a record without a value is no
 * bytes. Encoding anything but a Uint8Array throws `SERDE_FAILED`.
 */
export function bytes(): Serde<Uint8Array> {
  return BYTES;
}
