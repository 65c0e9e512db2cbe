import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';

/** How many parts the last copy had: every primitive, container and entry counts as one. */
let parts = 0;

/** A deep copy of a plain value, and its size in parts. Throws `UNSUPPORTED_VALUE` for others. */
export function plainCopy<T>(value: T): { copy: T; parts: number } {
  parts = 0;
  return { copy: copyOf(value) as T, parts };
}

/** Whether a value is an object of primitives only: one shallow copy is a whole one. */
export function isFlat(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  // `null` and `undefined` often stand for an object to come.
  return Object.values(value).every(
    field => isPrimitive(field) && field !== null && field !== undefined,
  );
}

export function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

function copyOf(value: unknown): unknown {
  parts++;
  if (isPrimitive(value)) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Map) {
    return new Map(Array.from(value, ([key, item]) => [copyOf(key), copyOf(item)]));
  }
  if (value instanceof Set) return new Set(Array.from(value, copyOf));
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const typed = value as Uint8Array;
    parts += typed.length;
    return typed.slice();
  }
  const prototype = Object.getPrototypeOf(value);
  if (typeof value !== 'object' || (prototype !== Object.prototype && prototype !== null)) {
    fail(
      'UNSUPPORTED_VALUE',
      `What a window keeps holds ${described(value)}, which cannot be copied; keep plain values in it ` +
        '(objects, arrays, Maps, Sets, numbers, texts, bytes) or give the aggregate a `copy`.',
    );
  }
  const fields = Object.entries(value as object);
  const copy = Object.fromEntries(fields.map(([name, field]) => [name, copyOf(field)]));
  return prototype === null ? Object.setPrototypeOf(copy, null) : copy;
}
