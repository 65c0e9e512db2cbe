import type { RecordInput } from '@lite-streams/core';

/**
 * How a line is read: as a whole record (`{"key", "value", "timestamp", "headers", …}`), as the
 * value of one, or as what it looks like.
 */
export type LineFormat = 'auto' | 'records' | 'values';

export const LINE_FORMATS: readonly LineFormat[] = ['auto', 'records', 'values'];

export interface LineRules {
  readonly format: LineFormat;
  /** Member of a value whose text becomes the record's key. */
  readonly keyMember?: string | undefined;
  /** Member of a value that is its event time. */
  readonly timestampMember?: string | undefined;
}

/** What a line of `--format records` may hold; `topic`, `shard` and `offset` say where it was. */
const MEMBERS = new Set([
  'key',
  'value',
  'valueBase64',
  'timestamp',
  'headers',
  'topic',
  'shard',
  'offset',
]);

/** A line that is no record; the message says why. */
export class LineError extends Error {}

/** The record that a line of NDJSON stands for. Throws `LineError`. */
export function parseRecordLine(line: string, rules: LineRules): RecordInput {
  const parsed = parseJson(line);
  const { format } = rules;
  if (format === 'records' || (format === 'auto' && looksLikeRecord(parsed))) {
    return asRecord(parsed);
  }
  return asValue(parsed, line.trim(), rules);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new LineError(`not JSON: ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function looksLikeRecord(parsed: unknown): boolean {
  return (
    isObject(parsed) &&
    ('value' in parsed || 'valueBase64' in parsed) &&
    Object.keys(parsed).every(name => MEMBERS.has(name))
  );
}

function asRecord(parsed: unknown): RecordInput {
  if (!isObject(parsed)) throw new LineError('no record: a record is an object');
  for (const name of Object.keys(parsed)) {
    if (MEMBERS.has(name)) continue;
    throw new LineError(`no record: "${name}" is none of ${[...MEMBERS].join(', ')}`);
  }
  return {
    key: keyOf(parsed.key),
    value: storedValue(parsed),
    timestamp: timestampOf(parsed.timestamp, 'timestamp'),
    headers: headersOf(parsed.headers),
  };
}

function asValue(parsed: unknown, text: string, rules: LineRules): RecordInput {
  const { keyMember, timestampMember } = rules;
  return {
    key: keyMember === undefined ? undefined : keyOf(memberOf(parsed, keyMember)),
    value: typeof parsed === 'string' ? parsed : text,
    timestamp:
      timestampMember === undefined
        ? undefined
        : timestampOf(memberOf(parsed, timestampMember), timestampMember),
  };
}

function memberOf(parsed: unknown, name: string): unknown {
  if (isObject(parsed) && parsed[name] !== undefined) return parsed[name];
  throw new LineError(`no member "${name}"`);
}

function keyOf(key: unknown): string | undefined {
  if (key === undefined || key === null) return undefined;
  if (typeof key === 'string' || typeof key === 'number') return String(key);
  throw new LineError(`the key is ${describe(key)}; it must be text or a number`);
}

/** Text stays as it is, every other value is stored as its JSON. */
function storedValue(record: Record<string, unknown>): string | Uint8Array | undefined {
  const { value, valueBase64 } = record;
  if (valueBase64 !== undefined) {
    if (typeof valueBase64 === 'string') return Buffer.from(valueBase64, 'base64');
    throw new LineError(`valueBase64 is ${describe(valueBase64)}; it must be text`);
  }
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function timestampOf(timestamp: unknown, name: string): number | undefined {
  if (timestamp === undefined || timestamp === null) return undefined;
  const ms = typeof timestamp === 'string' ? Date.parse(timestamp) : timestamp;
  if (Number.isSafeInteger(ms)) return ms as number;
  throw new LineError(
    `"${name}" is ${describe(timestamp)}; it must be whole milliseconds since 1970 or an ISO 8601 date`,
  );
}

function headersOf(headers: unknown): Record<string, string> | undefined {
  if (headers === undefined || headers === null) return undefined;
  if (!isObject(headers)) {
    throw new LineError(`the headers are ${describe(headers)}; they must be an object`);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') continue;
    throw new LineError(`the header "${name}" is ${describe(value)}; it must be text`);
  }
  return headers as Record<string, string>;
}

function describe(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
