import type { RecordCopy } from './record.ts';
import type { RecordView } from './view.ts';

/** A method of values that lie in a record's memory: a copy that does not, and stays. */
export const KEEP: unique symbol = Symbol('lite-streams.keep');

/**
 * The value itself, or of a view (what `table`, `flatbuffer` and `records` decode) a copy that outlives
 * the record: for state and whatever else keeps it.
 */
export function kept(value: RecordView): RecordCopy;
export function kept<T>(value: T): T;
export function kept<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const keep = (value as { readonly [KEEP]?: () => T })[KEEP];
  return keep === undefined ? value : keep.call(value);
}
