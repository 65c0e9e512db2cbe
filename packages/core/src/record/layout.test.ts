import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Scratch } from '../memory/scratch.ts';
import * as layout from './layout.ts';
import { RecordWriter } from './writer.ts';

const source = readFileSync(new URL('layout.ts', import.meta.url), 'utf8');
const diagrams = [...source.matchAll(/```text\n(.*?)```/gs)].map(([, diagram]) => diagram);

/** The rows of a diagram: `{byte, field, type}`, the first column of the line at `column`. */
function rows(diagram: string, column: number) {
  return diagram.split('\n').flatMap(line => {
    const cell = line
      .slice(column)
      .match(/^\s*(\d+) {2}([a-z ]+?) {2,}([iu]\d+(?:\[\])?)(?: {2,}(\d+)(?=,|$| {2}))?/);
    return cell
      ? [{ byte: Number(cell[1]), field: cell[2], type: cell[3], value: Number(cell[4]) }]
      : [];
  });
}

const record = rows(diagrams[0], 3);

describe('the diagram of a record', () => {
  test('has the offsets that the code has', () => {
    expect(Object.fromEntries(record.map(({ field, byte }) => [field, byte]))).toEqual({
      size: layout.SIZE,
      root: layout.ROOT,
      'vtable size': layout.VTABLE,
      'table size': layout.VTABLE + 2,
      'timestamp field': layout.VTABLE + layout.FIELD_TIMESTAMP,
      'key field': layout.VTABLE + layout.FIELD_KEY,
      'value field': layout.VTABLE + layout.FIELD_VALUE,
      'headers field': layout.VTABLE + layout.FIELD_HEADERS,
      table: layout.TABLE,
      timestamp: layout.TIMESTAMP,
      key: layout.KEY,
      value: layout.VALUE,
      headers: layout.HEADERS,
      'value length': layout.VALUE_LENGTH,
      'value bytes': layout.VALUE_BYTES,
    });
  });

  test('has no gap and no overlap', () => {
    const bytes = { u8: 1, u16: 2, u32: 4, i32: 4, i64: 8 };
    for (const [index, { byte, type }] of record.slice(0, -1).entries()) {
      expect(record[index + 1].byte).toBe(byte + bytes[type as keyof typeof bytes]);
    }
  });

  test('has the numbers that a record with everything has', () => {
    const scratch = new Scratch();
    const at = scratch.alloc(512);
    const writer = new RecordWriter({ maxRecordBytes: 512 });
    writer.write(scratch, at, 512, 'key', 'value', 1, { name: 'text' });
    const numbers = record.filter(({ value }) => !Number.isNaN(value));
    expect(numbers).toHaveLength(6);
    for (const { byte, value, field } of numbers) {
      expect(scratch.buffer.readUInt16LE(at + byte), field).toBe(value);
    }
    expect(scratch.buffer.readInt32LE(at + layout.ROOT)).toBe(layout.TABLE - layout.ROOT);
    expect(scratch.buffer.readInt32LE(at + layout.TABLE)).toBe(layout.TABLE - layout.VTABLE);
    expect(scratch.buffer.readUInt32LE(at + layout.VALUE_LENGTH)).toBe(5);
  });
});

describe('the diagram of a header', () => {
  test('has the offsets and numbers that the code has', () => {
    const vtable = rows(diagrams[1], 3);
    expect(vtable.map(({ field, value }) => [field, value])).toEqual([
      ['vtable size', layout.HEADER_VTABLE_BYTES],
      ['table size', layout.HEADER_BYTES],
      ['name field', layout.HEADER_NAME],
      ['value field', layout.HEADER_VALUE],
    ]);
    const words = [layout.HEADER_SIZES_WORD, layout.HEADER_FIELDS_WORD];
    expect(Buffer.from(Int32Array.from(words).buffer)).toEqual(
      Buffer.from(Uint16Array.from(vtable.map(({ value }) => value)).buffer),
    );
    const table = rows(diagrams[1], (diagrams[1].split('\n')[0] as string).lastIndexOf('byte'));
    expect(table.map(({ field, byte }) => [field, byte])).toEqual([
      ['to the vtable', 0],
      ['name', layout.HEADER_NAME],
      ['value', layout.HEADER_VALUE],
    ]);
  });
});
