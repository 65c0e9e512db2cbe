import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Scratch } from '../memory/scratch.ts';
import type { RecordMemory } from './record.ts';
import { RecordView } from './view.ts';
import { RecordWriter } from './writer.ts';

const LIMIT = 4096;
const scratch = new Scratch();
const at = scratch.alloc(LIMIT);
const writer = new RecordWriter({ maxRecordBytes: LIMIT });

type Field = string | Uint8Array | null | undefined;

function viewOf(
  key: Field,
  value: Field,
  timestamp = 0,
  headers?: Record<string, string | Uint8Array>,
) {
  writer.write(scratch, at, LIMIT, key, value, timestamp, headers);
  return new RecordView().wrap(scratch, at, 3, 17);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof StreamError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('text', () => {
  test('of any length and any characters reads as it was written', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        (a, b) => {
          for (const text of [a, b.toWellFormed(), a + b.toWellFormed()]) {
            const view = viewOf(text, text, 0, { [text]: text });
            expect([view.key, view.text, view.header(text)]).toEqual([text, text, text]);
          }
        },
      ),
      { numRuns: 500 },
    );
    for (let length = 0; length <= 40; length++) {
      const text = 'abcdefghijklmnopqrstuvwxyz0123456789-_.:'.slice(0, length);
      expect(viewOf(text, `${text}é`).key).toBe(text);
      expect(viewOf(text, `${text}é`).text).toBe(`${text}é`);
    }
  });

  test('that is no UTF-8 reads as U+FFFD where it is not', () => {
    expect(viewOf(new Uint8Array([0x61, 0xff]), null).key).toBe('a\ufffd');
    expect(viewOf('\ud800', null).key).toBe('\ufffd');
  });
});

describe('a record without', () => {
  test('anything has nothing', () => {
    const view = viewOf(null, null);
    expect([view.hasKey, view.key, view.keyBytes(), view.keyStart, view.keyLength]).toEqual([
      false,
      undefined,
      undefined,
      0,
      0,
    ]);
    expect([view.hasValue, view.text, view.valueStart, view.valueLength]).toEqual([
      false,
      '',
      0,
      0,
    ]);
    expect([view.bytes(), view.valueView()]).toEqual([new Uint8Array(0), new Uint8Array(0)]);
    expect([view.headerCount, view.header('h'), view.headerBytes('h')]).toEqual([
      0,
      undefined,
      undefined,
    ]);
    expect(view.asInput()).toEqual({ key: undefined, value: null, timestamp: 0, headers: {} });
  });

  test('bytes in its key and value has them, empty', () => {
    const view = viewOf('', new Uint8Array(0));
    expect([view.hasKey, view.key, view.hasValue, view.text]).toEqual([true, '', true, '']);
  });
});

describe('what stays and what does not', () => {
  test('a copy and bytes() stand alone; views show what memory holds', () => {
    const view = viewOf('key', 'value', 5, { source: 'tower' });
    const copy = view.copy();
    const bytes = view.bytes();
    const inPlace = view.valueView();
    scratch.u8.fill(0, view.valueStart, view.valueStart + 5);
    expect(copy).toEqual({
      key: 'key',
      value: new Uint8Array(Buffer.from('value')),
      timestamp: 5,
      headers: { source: 'tower' },
      shard: 3,
      offset: 17,
    });
    expect(Buffer.from(bytes).toString()).toBe('value');
    expect([...inPlace]).toEqual([0, 0, 0, 0, 0]);
  });

  test('where a record stands is told', () => {
    const view = viewOf('key', 'value');
    expect([view.shard, view.offset, view.storedStart]).toEqual([3, 17, at]);
    expect(view.storedBytes).toBe(writer.write(scratch, at, LIMIT, 'key', 'value', 0, null));
    expect(view.keyBytes()).toEqual(
      scratch.u8.subarray(view.keyStart, view.keyStart + view.keyLength),
    );
  });

  test('asInput() appends the same bytes again, text or not', () => {
    const odd = new Uint8Array([0xff, 0, 0xfe]);
    const before = viewOf(odd, odd, -7, { odd, __proto__x: 'y', ['__proto__']: 'z' });
    const stored = scratch.u8.slice(at, at + before.storedBytes);
    const { key, value, timestamp, headers } = before.asInput();
    expect(before.headers()).toHaveProperty('__proto__x', 'y');
    expect(Object.keys(before.headers())).toContain('__proto__');
    const bytes = writer.write(scratch, at, LIMIT, key, value, timestamp as number, headers);
    expect(scratch.u8.slice(at, at + bytes)).toEqual(stored);
  });
});

describe('headers', () => {
  test('are found by their whole name', () => {
    const view = viewOf('k', 'v', 0, { ab: '1', abc: '2', é: '3', a: '4', '': '5' });
    expect(['a', 'ab', 'abc', 'abcd', 'é', '', 'b', 'éé'].map(name => view.header(name))).toEqual([
      '4',
      '1',
      '2',
      undefined,
      '3',
      '5',
      undefined,
      undefined,
    ]);
    expect(view.headerCount).toBe(5);
    expect(Object.keys(view.headers())).toEqual(['ab', 'abc', 'é', 'a', '']);
    expect(view.headerBytes('é')).toEqual(new Uint8Array([51]));
  });
});

describe('numbers in a value', () => {
  const value = new Uint8Array(40);
  const numbers = new DataView(value.buffer);
  for (let i = 0; i < value.length; i++) value[i] = (i * 37 + 129) & 0xff;

  test.each(['with', 'without'])('are read at any byte %s a Float64Array over the memory', f64 => {
    const { u8, i32, buffer } = scratch;
    const memory: RecordMemory = f64 === 'with' ? scratch : { u8, i32, buffer };
    writer.write(scratch, at, LIMIT, 'k', value, 0, null);
    const view = new RecordView().wrap(memory, at, 0, 0);
    for (let i = 0; i <= 32; i++) {
      expect(view.valueUint8(i)).toBe(numbers.getUint8(i));
      expect(view.valueInt32(i)).toBe(numbers.getInt32(i, true));
      expect(view.valueFloat64(i)).toBe(numbers.getFloat64(i, true));
      expect(view.valueBigInt64(i)).toBe(numbers.getBigInt64(i, true));
    }
  });

  test.each([-1, 33, 0.5, Number.NaN, 1e9])(
    'are not read at byte %s, outside the value',
    offset => {
      const view = viewOf('k', value);
      expect(codeOf(() => view.valueFloat64(offset))).toBe('VALUE_OUT_OF_RANGE');
      expect(codeOf(() => view.valueUint8(offset === 33 ? 40 : offset))).toBe('VALUE_OUT_OF_RANGE');
      expect(codeOf(() => viewOf('k', null).valueInt32(offset))).toBe('VALUE_OUT_OF_RANGE');
    },
  );
});

describe('a stale view', () => {
  const members = Object.entries(Object.getOwnPropertyDescriptors(RecordView.prototype)).filter(
    ([name]) => !['constructor', 'wrap', 'invalidate'].includes(name),
  );

  test.each(members)('throws at %s, and is right again when wrapped', (name, { get }) => {
    const view = viewOf('key', 'value', 1, { h: 'x' });
    view.invalidate();
    view.invalidate();
    expect(view).toBeInstanceOf(RecordView);
    const use = (): unknown =>
      get === undefined
        ? (view as unknown as Record<string, () => unknown>)[name]()
        : (view as unknown as Record<string, unknown>)[name];
    expect(codeOf(use)).toBe('STALE_VIEW');
    view.wrap(scratch, at, 3, 17);
    expect([view.key, view.text, view.offset]).toEqual(['key', 'value', 17]);
  });
});
