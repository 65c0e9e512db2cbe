import { fail } from '../errors.ts';
import { described } from '../record/limits.ts';
import { DEEPEST, TYPED_ARRAYS } from './format.ts';

/** What the writer throws where it meets a value that it has no bytes for. */
export const UNSUPPORTED: unique symbol = Symbol('unsupported');

/**
 * Throws `UNSUPPORTED_VALUE` that names the first value inside `root` that cannot be written. Looking
 * for it afterwards keeps the writer free of paths.
 */
export function explainUnsupported(root: unknown): never {
  const found = search(root, 'value', []) ?? `it is nested deeper than ${DEEPEST}`;
  fail(
    'UNSUPPORTED_VALUE',
    `This value cannot cross threads or enter a snapshot: ${found}. Numbers, text, booleans, ` +
      'bigints, null, undefined, Date, Map, Set, arrays, plain objects and typed arrays can.',
  );
}

/** What is wrong inside `value`, or `undefined` when nothing is, down to the deepest. */
function search(value: unknown, path: string, around: readonly object[]): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') {
    return `${path} is ${described(value)}`;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (around.includes(value)) return `${path} is an object that contains itself`;
  if (around.length === DEEPEST) return undefined;
  return searchInside(value, path, [...around, value]);
}

function searchInside(value: object, path: string, around: readonly object[]): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return first(Object.entries(value), ([key, item]) => search(item, property(path, key), around));
  }
  if (Array.isArray(value)) {
    return first(value.entries(), ([index, item]) => search(item, `${path}[${index}]`, around));
  }
  if (value instanceof Map) {
    return first(value, ([key, item]) => {
      const inKey = search(key, `a key of ${path}`, around);
      return inKey ?? search(item, `${path}.get(${described(key)})`, around);
    });
  }
  if (value instanceof Set) {
    return first(value, item => search(item, `an element of ${path}`, around));
  }
  if (value instanceof Date || isTyped(value)) return undefined;
  return `${path} is ${described(value)}, whose class would be lost`;
}

function isTyped(value: object): boolean {
  return value instanceof Uint8Array || TYPED_ARRAYS.some(type => value instanceof type);
}

function first<T>(items: Iterable<T>, look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function property(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
