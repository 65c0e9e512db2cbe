import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { Builder, ByteBuffer } from 'flatbuffers';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Scratch } from '../memory/scratch.ts';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Serde } from './serde.ts';
import { PLACED, type PlacingSerde } from './serde.ts';
import { table } from './table.ts';
import { type FieldWriter, fieldsCode, fieldsLoop } from './table-code.ts';
import { tableLayout } from './table-layout.ts';

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

describe('a value that is placed', () => {
  const FLAGS = {
    a: 'bool',
    id: 'int',
    b: 'bool',
    name: 'string',
    at: 'double',
    c: 'bool',
  } as const;
  const serde = table('Flags', FLAGS);
  const memory = new Scratch();
  const ROOM = 4096;
  const from = memory.alloc(ROOM);
  const values = fc.record({
    a: fc.boolean(),
    b: fc.boolean(),
    c: fc.boolean(),
    id: fc.integer(),
    at: fc.double(),
    name: fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({ minLength: 200, maxLength: 500 }),
    ),
  });
  const placed = (value: unknown) =>
    (serde as PlacingSerde)[PLACED]?.(value) as NonNullable<
      ReturnType<NonNullable<PlacingSerde[typeof PLACED]>>
    >;

  test('has the bytes that it is encoded to, wherever it stands, and needs no byte more', () => {
    fc.assert(
      fc.property(values, fc.nat(64), (value, granules) => {
        memory.u8.fill(0xaa, from, from + ROOM);
        const at = from + 8 * granules;
        const expected = serde.encode(value).slice() as Uint8Array;
        const { length } = expected;
        expect(placed(value).place(memory, at, at + length)).toBe(length);
        expect(memory.u8.slice(at, at + length)).toEqual(expected);
        expect(memory.u8[at + length]).toBe(0xaa);
        expect(placed(value).bytes()).toEqual(expected);
      }),
    );
  });

  test('writes nothing behind the end, and says so', () => {
    fc.assert(
      fc.property(values, value => {
        const { length } = serde.encode(value);
        for (let end = 0; end < length; end += 4) {
          memory.u8.fill(0xaa, from, from + ROOM);
          expect(placed(value).place(memory, from, from + end)).toBe(-1);
          expect(memory.u8[from + end]).toBe(0xaa);
          expect(memory.u8[from + end + 1]).toBe(0xaa);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a decoded value is copied as it stands', () => {
    fc.assert(
      fc.property(values, value => {
        const expected = serde.encode(value).slice() as Uint8Array;
        const view = serde.decode(recordOf(expected));
        const { length } = expected;
        expect(placed(view).place(memory, from, from + length - 4)).toBe(-1);
        expect(placed(view).place(memory, from, from + length)).toBe(length);
        expect(memory.u8.slice(from, from + length)).toEqual(expected);
        expect(placed(view).bytes()).toEqual(expected);
      }),
    );
  });

  test('is written by a loop as by the code that is made for it', () => {
    const layout = tableLayout('Flags', FLAGS);
    const writer: FieldWriter = {
      putText: (text, field, { i32 }, place, at, end) => {
        i32[place >> 2] = field;
        return typeof text === 'string' && text.length < 30 && at < end ? at + 4 : -1;
      },
      refuseField: field => {
        throw new Error(`field ${field}`);
      },
    };
    const [code, loop] = [fieldsCode(layout), fieldsLoop(layout)];
    const outcome = (put: typeof code, value: object, end: number) => {
      memory.u8.fill(0xaa, from, from + ROOM);
      try {
        const next = put(value as never, writer, memory, from, from + end);
        return [next, memory.u8.slice(from, from + ROOM)];
      } catch (error) {
        return (error as Error).message;
      }
    };
    const wrong = fc.constantFrom(undefined, null, 'x', 1.5, true);
    const any = fc.oneof(
      values,
      fc
        .tuple(values, fc.constantFrom(...Object.keys(FLAGS)), wrong)
        .map(([value, name, given]) => ({
          ...value,
          [name]: given,
        })),
    );
    fc.assert(
      fc.property(any, fc.nat(120), (value, end) => {
        expect(outcome(code, value, end)).toEqual(outcome(loop, value, end));
      }),
      { numRuns: 1000 },
    );
  });
});

test('a view of a foreign layout stays what it is while others are encoded', () => {
  const view = shop.decode(recordOf(built(false)));
  shop.encode({ ...value, id: 99 });
  expect(view.id).toBe(-7);
  expect(view.name).toBe('Zoë’s');
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
