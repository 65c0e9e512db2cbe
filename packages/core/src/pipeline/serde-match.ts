import type { Serde, ValueKind } from '../serde/serde.ts';

/** Which serdes of the library take values that another one has decoded, beside those of its own kind. */
const ALSO_TAKEN_BY: Readonly<Record<ValueKind, readonly ValueKind[]>> = {
  text: ['json'],
  bytes: ['flatbuffer'],
  records: [],
  table: ['json'],
  flatbuffer: [],
  // What JSON holds only its records know.
  json: ['text', 'bytes', 'records', 'table', 'flatbuffer'],
};

/**
 * Whether values as `from` decodes them can be none that `to` encodes. Serdes of a user's, and values
 * that only the records tell apart, are left to the records.
 */
export function neverFit(from: Serde<unknown>, to: Serde<unknown>): boolean {
  if (from.values === undefined || to.values === undefined || from.values === to.values) {
    return false;
  }
  return !ALSO_TAKEN_BY[from.values].includes(to.values);
}
