import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from './serde.ts';

const JSON_SERDE: Serde<unknown> = Object.freeze({ name: 'json', values: 'json', encode, decode });

/**
 * Values as JSON. What `JSON.stringify` leaves out or turns into another type does not come back:
 * `undefined`, functions, `Date`, `Map`, `bigint`. Throws `SERDE_FAILED` for a value that has no JSON
 * and for a record whose value is not JSON.
 */
export function json<T>(): Serde<T> {
  return JSON_SERDE as Serde<T>;
}

function encode(value: unknown): string {
  let encoded: string | undefined;
  try {
    encoded = JSON.stringify(value);
  } catch (cause) {
    fail('SERDE_FAILED', `The serde json() could not encode ${described(value)}.`, cause);
  }
  if (encoded !== undefined) return encoded;
  fail('SERDE_FAILED', `The serde json() was given ${described(value)}, which has no JSON.`);
}

function decode(record: RecordView): unknown {
  try {
    return JSON.parse(record.text);
  } catch (cause) {
    const found = record.hasValue ? `the value ${described(record.text)}` : 'no value';
    fail(
      'SERDE_FAILED',
      `The serde json() could not decode the record at offset ${record.offset} of shard ` +
        `${record.shard}: it has ${found}, where JSON is expected.`,
      cause,
    );
  }
}
