import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from './serde.ts';

const TEXT: Serde<string> = Object.freeze({
  name: 'text',
  values: 'text',
  encode(value: string): string {
    if (typeof value === 'string') return value;
    fail('SERDE_FAILED', `The serde text() takes text; it was given ${described(value)}.`);
  },
  decode(record: RecordView): string {
    return record.text;
  },
});

/**
 * Values that are text, stored as UTF-8. A record without a value is the empty text. Encoding
 * anything but text throws `SERDE_FAILED`.
 */
export function text(): Serde<string> {
  return TEXT;
}
