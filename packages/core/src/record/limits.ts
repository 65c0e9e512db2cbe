import { fail } from '../errors.ts';
import { HEADER_BYTES, HEADER_VTABLE_BYTES, VALUE_BYTES } from './layout.ts';
import type { HeadersInput } from './record.ts';

/** Whether `value` is a Uint8Array (a Buffer is one), also one of another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return (
    value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]')
  );
}

/**
 * The stored size of a record, counted without writing it. Throws what the writer would throw for a
 * field of a wrong type.
 */
export function storedBytes(
  key: unknown,
  value: unknown,
  headers: HeadersInput | null | undefined,
): number {
  let bytes = VALUE_BYTES;
  if (value !== undefined && value !== null) bytes += padded(fieldBytes(value) ?? badValue(value));
  if (key !== undefined && key !== null) bytes += 4 + padded(fieldBytes(key) ?? badKey(key));
  if (headers !== undefined && headers !== null) bytes += headersBytes(headers);
  return (bytes + 7) & ~7;
}

function headersBytes(headers: HeadersInput): number {
  if (typeof headers !== 'object' || Array.isArray(headers) || isBytes(headers)) {
    return badHeaders(headers);
  }
  const entries = Object.entries(headers);
  if (entries.length === 0) return 0;
  let bytes = 4 + HEADER_VTABLE_BYTES;
  for (const [name, value] of entries) {
    const length = fieldBytes(value) ?? badHeaderValue(name, value);
    const nameBytes = Buffer.byteLength(name, 'utf8');
    bytes += 4 + HEADER_BYTES + 4 + padded(nameBytes + 1) + 4 + padded(length);
  }
  return bytes;
}

function fieldBytes(field: unknown): number | undefined {
  if (typeof field === 'string') return Buffer.byteLength(field, 'utf8');
  return isBytes(field) ? field.length : undefined;
}

function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}

export function badRecord(record: unknown): never {
  fail(
    'INVALID_VALUE',
    `The record is ${described(record)}; it must be an object of key, value, timestamp and headers, ` +
      'each of which may be left out.',
  );
}

export function badKey(key: unknown): never {
  fail(
    'INVALID_KEY',
    `The key is ${described(key)}; it must be text, a Uint8Array, or null or left out for no key.`,
  );
}

export function badValue(value: unknown): never {
  fail(
    'INVALID_VALUE',
    `The value is ${described(value)}; it must be text, a Uint8Array, or null or left out for ` +
      'no value. Encode objects first, for example with JSON.stringify or a serde.',
  );
}

export function checkTimestamp(timestamp: unknown): void {
  if (Number.isSafeInteger(timestamp)) return;
  fail(
    'INVALID_TIMESTAMP',
    `The timestamp is ${described(timestamp)}; it must be a whole number of milliseconds since ` +
      '1970, within ±(2^53 − 1), or left out for now.',
  );
}

export function badHeaders(headers: unknown): never {
  fail(
    'INVALID_HEADER',
    `The headers are ${described(headers)}; they must be an object of names and their values.`,
  );
}

export function badHeaderValue(name: string, value: unknown): never {
  fail(
    'INVALID_HEADER',
    `The header ${JSON.stringify(name)} is ${described(value)}; it must be text or a Uint8Array.`,
  );
}

export function tooLarge(bytes: number, most: number, key: unknown): never {
  const named = typeof key === 'string' ? ` with the key ${shortened(JSON.stringify(key))}` : '';
  fail(
    'RECORD_TOO_LARGE',
    `The record${named} takes ${bytes} bytes when stored; the limit is maxRecordBytes = ${most}.`,
  );
}

/** What a wrong value is, for a message: its type, and the value itself where that is short. */
export function described(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'number':
      return `the number ${value}`;
    case 'bigint':
      return `the bigint ${shortened(String(value))}`;
    case 'boolean':
      return `the boolean ${value}`;
    case 'string':
      return `the text ${shortened(JSON.stringify(value))}`;
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    default:
      return value === null ? 'null' : describedObject(value as object);
  }
}

function describedObject(value: object): string {
  if (Array.isArray(value)) return 'an array';
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
  return /^([AEIO]|U(?!int))/.test(name) ? `an ${name}` : `a ${name}`;
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
