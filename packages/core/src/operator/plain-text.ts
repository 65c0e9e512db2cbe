import { RecordView } from '../record/view.ts';

/**
 * Any value as what a record can hold, for outputs that have no serde of their own (late values,
 * dead letters): text and bytes as they are, the rest as JSON, as far as JSON goes.
 */
export function asRecordValue(value: unknown): string | Uint8Array | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  if (value instanceof RecordView) return value.hasValue ? value.bytes() : null;
  try {
    return JSON.stringify(value, jsonable) ?? String(value);
  } catch {
    return String(value);
  }
}

/** A stream's key as a record's key. */
export function asRecordKey(key: unknown): string | Uint8Array | null {
  if (typeof key === 'string' || key instanceof Uint8Array) return key;
  return key === undefined || key === null ? null : String(key);
}

function jsonable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return Array.from(value);
  if (value instanceof Set) return Array.from(value);
  return value;
}
