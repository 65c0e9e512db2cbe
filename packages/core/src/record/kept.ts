/** A method of values that lie in a record's memory: a copy that does not, and stays. */
export const KEEP: unique symbol = Symbol('lite-streams.keep');

/** The value itself, or where it is a view of a record, a copy that outlives the record. */
export function kept<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const keep = (value as { readonly [KEEP]?: () => T })[KEEP];
  return keep === undefined ? value : keep.call(value);
}
