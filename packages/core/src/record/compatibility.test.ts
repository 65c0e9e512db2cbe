import fc from 'fast-check';
import { Builder, ByteBuffer } from 'flatbuffers';
import { describe, expect, test } from 'vitest';
import { Scratch } from '../memory/scratch.ts';
import { Header } from './generated/header.ts';
import { Record as GeneratedRecord } from './generated/record.ts';
import type { RecordInput, RecordMemory } from './record.ts';
import { RecordView } from './view.ts';
import { RecordWriter } from './writer.ts';

const LIMIT = 1 << 16;
const scratch = new Scratch();
const at = scratch.alloc(LIMIT);
const writer = new RecordWriter({ maxRecordBytes: LIMIT });

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ minLength: 20, maxLength: 300 }),
);
const field = fc.oneof(text, fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 400 }));
const record = fc.record({
  key: fc.option(field, { nil: undefined }),
  value: fc.option(field, { nil: undefined }),
  timestamp: fc.oneof(fc.constant(0), fc.integer(), fc.maxSafeInteger()),
  headers: fc.option(fc.dictionary(text, field, { maxKeys: 4 }), { nil: undefined }),
});
type Input = Required<Pick<RecordInput, 'timestamp'>> & RecordInput;

function bytesOf(input: string | Uint8Array | null | undefined): Uint8Array | undefined {
  if (input === null || input === undefined) return undefined;
  return new Uint8Array(typeof input === 'string' ? Buffer.from(input, 'utf8') : input);
}

/** A record as plain bytes, however it was given or read. */
function expected({ key, value, timestamp, headers }: Input): object {
  return {
    timestamp,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: Object.entries(headers ?? {}).map(([name, header]) => [
      Buffer.from(name).toString(),
      bytesOf(header),
    ]),
  };
}

function write({ key, value, timestamp, headers }: Input): Uint8Array {
  const bytes = writer.write(scratch, at, LIMIT, key, value, timestamp, headers);
  return scratch.u8.slice(at, at + bytes);
}

function memoryOf(bytes: Uint8Array): RecordMemory {
  const whole = new ArrayBuffer((bytes.length + 15) & ~7);
  new Uint8Array(whole).set(bytes);
  return { u8: new Uint8Array(whole), i32: new Int32Array(whole), buffer: Buffer.from(whole) };
}

function readByView(bytes: Uint8Array): object {
  const view = new RecordView().wrap(memoryOf(bytes), 0, 0, 0);
  const { headers } = view.asInput();
  return {
    timestamp: view.timestamp,
    key: view.keyBytes()?.slice(),
    value: view.hasValue ? view.bytes() : undefined,
    headers: Object.entries(headers ?? {}),
  };
}

function readByGeneratedCode(bytes: Uint8Array): object {
  const root = GeneratedRecord.getSizePrefixedRootAsRecord(new ByteBuffer(bytes));
  const headers = Array.from({ length: root.headersLength() }, (_, i) => {
    const header = root.headers(i) as Header;
    return [header.name(), header.valueArray()?.slice()];
  });
  return {
    timestamp: Number(root.timestamp()),
    key: root.keyArray()?.slice(),
    value: root.valueArray()?.slice(),
    headers,
  };
}

type Order = readonly ('timestamp' | 'key' | 'value' | 'headers')[];

/** Builds a record with the generated code; `order` is the order in which the fields are added. */
function build(input: Input, order: Order, forceDefaults: boolean): Uint8Array {
  const builder = new Builder(64);
  builder.forceDefaults(forceDefaults);
  const headers = Object.entries(input.headers ?? {}).map(([name, header]) => {
    const nameAt = builder.createString(name);
    const valueAt = Header.createValueVector(builder, bytesOf(header) as Uint8Array);
    return Header.createHeader(builder, nameAt, valueAt);
  });
  const key = bytesOf(input.key);
  const value = bytesOf(input.value);
  const headersAt = headers.length && GeneratedRecord.createHeadersVector(builder, headers);
  const keyAt = key && GeneratedRecord.createKeyVector(builder, key);
  const valueAt = value && GeneratedRecord.createValueVector(builder, value);
  GeneratedRecord.startRecord(builder);
  for (const name of order) {
    if (name === 'timestamp') GeneratedRecord.addTimestamp(builder, BigInt(input.timestamp));
    if (name === 'key' && keyAt) GeneratedRecord.addKey(builder, keyAt);
    if (name === 'value' && valueAt) GeneratedRecord.addValue(builder, valueAt);
    if (name === 'headers' && headersAt) GeneratedRecord.addHeaders(builder, headersAt);
  }
  GeneratedRecord.finishSizePrefixedRecordBuffer(builder, GeneratedRecord.endRecord(builder));
  return builder.asUint8Array().slice();
}

const order = fc.shuffledSubarray(['timestamp', 'key', 'value', 'headers'] as const, {
  minLength: 4,
});

describe('what we write', () => {
  test('generated code reads', () => {
    fc.assert(
      fc.property(record, input => {
        expect(readByGeneratedCode(write(input))).toEqual(expected(input));
      }),
      { numRuns: 500 },
    );
  });

  test('the view reads', () => {
    fc.assert(
      fc.property(record, input => {
        expect(readByView(write(input))).toEqual(expected(input));
      }),
      { numRuns: 500 },
    );
  });

  test('is padded with zeros, and the same whatever stood there before', () => {
    fc.assert(
      fc.property(record, input => {
        scratch.u8.fill(0xff, at, at + LIMIT);
        const dirty = write(input);
        scratch.u8.fill(0, at, at + LIMIT);
        expect(Buffer.compare(write(input), dirty)).toBe(0);
        expect(dirty.length % 8).toBe(0);
        expect(Buffer.from(dirty).readUInt32LE(0)).toBe(dirty.length - 4);
      }),
      { numRuns: 200 },
    );
  });

  test('has its timestamp and value 8-aligned', () => {
    fc.assert(
      fc.property(record, input => {
        fc.pre(input.value !== undefined);
        write(input);
        expect(new RecordView().wrap(scratch, at, 0, 0).valueStart % 8).toBe(0);
      }),
    );
  });
});

describe('what generated code builds', () => {
  test('the view reads, in any order of fields, defaults written out or not', () => {
    fc.assert(
      fc.property(record, order, fc.boolean(), (input, fields, forceDefaults) => {
        expect(readByView(build(input, fields, forceDefaults))).toEqual(expected(input));
      }),
      { numRuns: 500 },
    );
  });

  test('with a timestamp of 0 left out, as FlatBuffers leaves out defaults, reads as 0', () => {
    const bytes = build({ timestamp: 0, key: 'k' }, ['timestamp', 'key'], false);
    expect(bytes.length).toBeLessThan(
      build({ timestamp: 0, key: 'k' }, ['timestamp', 'key'], true).length,
    );
    expect(readByView(bytes)).toEqual(expected({ timestamp: 0, key: 'k' }));
  });

  test('with headers that have no value, or share a vtable with none, reads them as empty', () => {
    const builder = new Builder(64);
    const names = ['one', 'two', 'three'].map(name => builder.createString(name));
    const value = Header.createValueVector(builder, [7]);
    const headers = names.map((name, index) => {
      Header.startHeader(builder);
      Header.addName(builder, name);
      if (index === 1) Header.addValue(builder, value);
      return Header.endHeader(builder);
    });
    const vector = GeneratedRecord.createHeadersVector(builder, headers);
    GeneratedRecord.startRecord(builder);
    GeneratedRecord.addHeaders(builder, vector);
    GeneratedRecord.finishSizePrefixedRecordBuffer(builder, GeneratedRecord.endRecord(builder));
    const view = new RecordView().wrap(memoryOf(builder.asUint8Array()), 0, 0, 0);
    expect(view.headers()).toEqual({ one: '', two: '\x07', three: '' });
    expect(view.headerBytes('one')).toEqual(new Uint8Array(0));
    expect(view.headerBytes('two')).toEqual(new Uint8Array([7]));
    expect(view.header('three')).toBe('');
    expect(view.asInput().headers).toEqual({
      one: new Uint8Array(0),
      two: new Uint8Array([7]),
      three: new Uint8Array(0),
    });
  });

  test('with a table of a later schema, which has fields that we do not know, is read', () => {
    const builder = new Builder(64);
    const key = GeneratedRecord.createKeyVector(builder, [65]);
    builder.startObject(6);
    builder.addFieldOffset(1, key, 0);
    builder.addFieldInt32(4, 99, 0);
    builder.addFieldInt8(5, 1, 0);
    builder.finish(builder.endObject(), undefined, true);
    expect(readByView(builder.asUint8Array())).toEqual({
      timestamp: 0,
      key: new Uint8Array([65]),
      value: undefined,
      headers: [],
    });
  });
});

describe('a vtable that is nearly ours', () => {
  // The words at 12 and 16 say where the table has its fields. One is moved, into the timestamp or
  // where another would be.
  test.each([
    ['key', 14, 32, 12, 8],
    ['key', 14, 32, 12, 4],
    ['headers', 18, 40, 20, 16],
    ['headers', 18, 40, 20, 4],
  ])('is followed where the %s stands elsewhere', (name, entryAt, fieldAt, ours, moved) => {
    const bytes = Buffer.from(write({ timestamp: 0, key: 'k', headers: { h: 'v' } }));
    expect(bytes.readUInt16LE(entryAt)).toBe(ours);
    const elsewhere = fieldAt - (ours - moved);
    if (name === 'headers') bytes.writeUInt16LE(0, 14);
    if (name === 'key') bytes.writeUInt16LE(0, 18);
    bytes.writeUInt16LE(moved, entryAt);
    bytes.writeUInt32LE(bytes.readUInt32LE(fieldAt) + (fieldAt - elsewhere), elsewhere);
    bytes.writeUInt32LE(0xdead, fieldAt);
    const view = new RecordView().wrap(memoryOf(bytes), 0, 0, 0);
    expect(view.key).toBe(name === 'key' ? 'k' : undefined);
    expect(view.header('h')).toBe(name === 'headers' ? 'v' : undefined);
    expect(readByGeneratedCode(bytes)).toEqual(readByView(bytes));
  });
});
