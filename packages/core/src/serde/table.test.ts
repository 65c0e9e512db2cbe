import { execFileSync } from 'node:child_process';
import { Builder, ByteBuffer } from 'flatbuffers';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Scratch } from '../memory/scratch.ts';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Serde } from './serde.ts';
import { table } from './table.ts';

const LIMIT = 8192;
const writer = new RecordWriter({ maxRecordBytes: LIMIT });

/** A record in memory of its own. */
function recordOf(value: string | Uint8Array): RecordView {
  const scratch = new Scratch();
  const at = scratch.alloc(LIMIT);
  writer.write(scratch, at, LIMIT, 'key', value, 0, null);
  return new RecordView().wrap(scratch, at, 2, 99);
}

function through<T extends object>(serde: Serde<T>, value: T): T {
  return { ...serde.decode(recordOf(serde.encode(value))) };
}

function errorOf(work: () => unknown): StreamError {
  try {
    work();
  } catch (error) {
    if (error instanceof StreamError && error.code === 'SERDE_FAILED') return error;
    throw error;
  }
  throw new Error('no error');
}

const FIELDS = { id: 'int', open: 'bool', name: 'string', at: 'double', start: 'string' } as const;
const shop = table('Shop', FIELDS);
const value = { id: -7, open: true, name: 'Zoë’s', at: 1e15 + 0.5, start: '' };

describe('what is encoded is decoded again', () => {
  test.each([
    [value],
    [{ id: 2 ** 31 - 1, open: false, name: '', at: -0, start: 'a\0b' }],
    [
      {
        id: -(2 ** 31),
        open: true,
        name: 'x'.repeat(29),
        at: Number.NaN,
        start: '日本'.repeat(99),
      },
    ],
    [{ id: 0, open: true, name: 'y'.repeat(2000), at: Number.MAX_VALUE, start: '\ud83d\ude00' }],
  ])('%j', one => {
    expect(through(shop, one)).toEqual(one);
  });

  test.each(Array.from({ length: 40 }, (_, length) => length))('text of %i characters', length => {
    const name = 'abcdefghij'.repeat(4).slice(0, length);
    expect(through(shop, { ...value, name }).name).toBe(name);
    expect(through(shop, { ...value, name: `${name}ä` }).name).toBe(`${name}ä`);
  });

  test.each([1, 2, 3, 4, 5, 6, 7])('any number of fields: %i', count => {
    const fields = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `f${i}`,
        (['double', 'bool', 'int'] as const)[i % 3],
      ]),
    );
    const one = Object.fromEntries(
      Object.entries(fields).map(([name, type], i) => [name, type === 'bool' ? i > 3 : i + 1]),
    );
    expect(through(table('Any', fields), one)).toEqual(one);
  });
});

test('a decoded value reads the record in place, and encodes as the same bytes', () => {
  const record = recordOf(shop.encode(value));
  const decoded = shop.decode(record);
  expect(shop.encode(decoded)).toEqual(record.bytes());
  record.memory.u8[record.valueStart + record.valueLength - 4] = 0x21;
  expect(shop.decode(record)).toBe(decoded);
});

test('one of two serdes reads what the other is aimed at elsewhere', () => {
  const other = table('Shop', FIELDS);
  const first = shop.decode(recordOf(shop.encode(value)));
  const second = other.decode(recordOf(other.encode({ ...value, id: 8 })));
  expect([first.id, second.id]).toEqual([-7, 8]);
  expect(other.encode(first)).toEqual(shop.encode(value));
});

/** What flatc's code does for this schema, in an order of its own. */
function built(defaults: boolean): Uint8Array {
  const builder = new Builder(8);
  const name = builder.createString('Zoë’s');
  builder.startObject(6);
  builder.addFieldOffset(2, name, 0);
  if (!defaults) builder.addFieldInt8(1, 1, 0);
  builder.addFieldFloat64(3, 2.5, 0);
  builder.addFieldInt32(0, -7, 0);
  builder.finish(builder.endObject());
  return builder.asUint8Array();
}

test('reads FlatBuffers of another layout; fields left out have their defaults', () => {
  const read = (bytes: Uint8Array) => ({ ...shop.decode(recordOf(bytes)) });
  const whole = { id: -7, open: true, name: 'Zoë’s', at: 2.5, start: '' };
  expect(read(built(false))).toEqual(whole);
  expect(read(built(true))).toEqual({ ...whole, open: false });
});

test('what it writes is a FlatBuffer', () => {
  const bytes = shop.encode(value) as Uint8Array;
  const buffer = new ByteBuffer(bytes.slice());
  const at = buffer.readInt32(0);
  const field = (index: number) => at + buffer.__offset(at, 4 + 2 * index);
  expect(buffer.readInt32(field(0))).toBe(value.id);
  expect(buffer.readInt8(field(1))).toBe(1);
  expect(buffer.__string(field(2))).toBe(value.name);
  expect(buffer.readFloat64(field(3))).toBe(value.at);
  expect(buffer.__string(field(4))).toBe('');
  expect(bytes.length % 4).toBe(0);
});

test('without code made of text, it writes the same', () => {
  const program = `
    import { table } from ${JSON.stringify(new URL('./table.ts', import.meta.url).href)};
    const serde = table('Shop', ${JSON.stringify(FIELDS)});
    console.log(Buffer.from(serde.encode(${JSON.stringify(value)})).toString('hex'));`;
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module-typescript'];
  const hex = execFileSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' });
  expect(hex.trim()).toBe(Buffer.from(shop.encode(value)).toString('hex'));
});

describe('errors', () => {
  test.each([
    ['id', 1.5],
    ['id', 2 ** 31],
    ['id', '7'],
    ['id', undefined],
    ['at', 3n],
    ['name', null],
    ['open', 1],
  ])('the field %s as %o', (field, given) => {
    expect(errorOf(() => shop.encode({ ...value, [field]: given } as never)).message).toContain(
      `the field ${field}:`,
    );
  });

  test('no object', () => {
    expect(errorOf(() => shop.encode(null as never)).message).toContain('takes objects');
  });

  test('no table', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(40), new Uint8Array(40).fill(255)]) {
      expect(errorOf(() => shop.decode(recordOf(bytes))).message).toContain('offset 99 of shard 2');
    }
  });

  test('no fields, and no such type', () => {
    expect(errorOf(() => table('None', {})).message).toContain('0 fields');
    expect(errorOf(() => table('Long', { id: 'long' as never })).message).toContain('type long');
  });
});
