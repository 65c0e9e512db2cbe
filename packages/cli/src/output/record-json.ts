import { isUtf8 } from 'node:buffer';
import type { RecordView } from '@lite-streams/core';

/**
 * A record as one line of JSON, which `--input` takes back to the same bytes: values that are JSON
 * objects or arrays stand as such, other text as text, and bytes that are no text in base64.
 */
export function recordLine(record: RecordView): string {
  const value = record.hasValue ? valueMember(record) : '"value":null';
  const key = record.hasKey ? `"key":${JSON.stringify(record.key)},` : '';
  const headers = record.headerCount > 0 ? `,"headers":${JSON.stringify(record.headers())}` : '';
  return (
    `{${key}${value},"timestamp":${record.timestamp}${headers},` +
    `"shard":${record.shard},"offset":${record.offset}}`
  );
}

/** A record's value alone, as one line of JSON: JSON as it is, other text as a JSON string. */
export function valueLine(record: RecordView): string {
  const { text } = record;
  return isJson(text) ? oneLine(text) : JSON.stringify(text);
}

function valueMember(record: RecordView): string {
  const bytes = record.valueView();
  if (!isUtf8(bytes)) return `"valueBase64":"${Buffer.from(bytes).toString('base64')}"`;
  const { text } = record;
  const structured = /^\s*[[{]/.test(text) && isJson(text);
  return `"value":${structured ? oneLine(text) : JSON.stringify(text)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function oneLine(json: string): string {
  return /[\r\n]/.test(json) ? JSON.stringify(JSON.parse(json)) : json;
}
