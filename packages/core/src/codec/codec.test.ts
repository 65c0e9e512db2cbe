import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { DEEPEST, LARGE_AMOUNT } from './format.ts';
import { ValueReader } from './value-reader.ts';
import { ValueWriter } from './value-writer.ts';

function through(value: unknown): unknown {
  const writer = new ValueWriter();
  writer.write(value);
  return new ValueReader(writer.take()).read();
}

function errorOf(value: unknown): StreamError {
  try {
    through(value);
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error('no error');
}

const scalar = fc.oneof(
  fc.constantFrom(undefined, null, true, false, -0, Number.NaN),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt(),
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.int16Array(),
);

const { value: anyValue } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value')),
    fc.dictionary(
      fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__', '1'), fc.string()),
      tie('value'),
    ),
    fc.array(fc.tuple(tie('value'), tie('value'))).map(entries => new Map(entries)),
    fc.array(tie('value')).map(values => new Set(values)),
  ),
}));

describe('what goes in comes out', () => {
  test('any plain value, nested in any way', () => {
    fc.assert(
      fc.property(anyValue, value => {
        expect(through(value)).toStrictEqual(plain(value));
      }),
      { numRuns: 200 },
    );
  });

  test('any row of values, through one writer and one reader that are kept', () => {
    const writer = new ValueWriter();
    const reader = new ValueReader();
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 5 }), values => {
        for (const value of values) writer.write(value);
        reader.open(writer.take());
        const read: unknown[] = [];
        while (!reader.done) read.push(reader.read());
        expect(read).toStrictEqual(values.map(plain));
      }),
      { numRuns: 60 },
    );
  });

  test('numbers at the ends of every form', () => {
    for (const number of [2 ** 23 - 1, 2 ** 23, -(2 ** 23), -(2 ** 23) - 1, 2 ** 31, -(2 ** 31)]) {
      expect(through(number)).toBe(number);
    }
    expect(through(-0)).toBe(-0);
    expect(through(0)).toBe(0);
  });

  test.each([0, 1, 2, 3, 4, 27, 28, 29, 1000])(
    'text of %i units, in ASCII and outside it',
    length => {
      for (const unit of ['x', '\u00e9', '\u20ac', '\ud800']) {
        const text = unit.repeat(length);
        expect(through(text)).toBe(text);
        expect(through(`${text}x`)).toBe(`${text}x`);
      }
    },
  );

  test('text and bytes whose length has its own word', () => {
    const text = 'x'.repeat(LARGE_AMOUNT + 5);
    expect(through(text) === text).toBe(true);
    const bytes = new Uint8Array(LARGE_AMOUNT).fill(7);
    expect(Buffer.compare(through(bytes) as Uint8Array, bytes)).toBe(0);
  });

  test('objects with more keys than a shape holds, and more shapes than a writer learns', () => {
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key ${i}`, { i }]));
    expect(through([wide, wide])).toStrictEqual([wide, wide]);
    const writer = new ValueWriter();
    for (let i = 0; i < 6000; i++) {
      writer.write({ [`only ${i}`]: { inside: i } });
      expect(new ValueReader(writer.take()).read()).toEqual({ [`only ${i}`]: { inside: i } });
    }
  });

  test('holes and extra properties of arrays are gone, a Buffer is bytes, Object.create(null) plain', () => {
    const array = Object.assign([1, undefined, 3], { extra: true });
    delete array[1];
    expect(through(array)).toStrictEqual([1, undefined, 3]);
    expect(through(Buffer.from('ab'))).toStrictEqual(new Uint8Array([97, 98]));
    expect(through(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  test("keys that somebody gave to all objects are nobody's own", () => {
    const all = Object.prototype as { polluted?: number };
    all.polluted = 1;
    const read = through({ own: 1 });
    delete all.polluted;
    expect(read).toStrictEqual({ own: 1 });
  });

  test('bytes that do not begin at a word are read too', () => {
    const writer = new ValueWriter();
    writer.write({ a: [1, 'two'] });
    const bytes = writer.take();
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(new ValueReader(shifted.subarray(1)).read()).toStrictEqual({ a: [1, 'two'] });
  });

  test('what was read does not change when the bytes do', () => {
    const writer = new ValueWriter();
    writer.write({ raw: new Uint8Array([1, 2]), wide: new Float64Array([1.5]) });
    const bytes = writer.take();
    const read = new ValueReader(bytes).read();
    bytes.fill(0xff);
    expect(read).toStrictEqual({ raw: new Uint8Array([1, 2]), wide: new Float64Array([1.5]) });
  });
});

describe('shapes', () => {
  test('the keys of a shape stand once in a message', () => {
    const writer = new ValueWriter();
    const sizeOf = (count: number): number => {
      writer.write(Array.from({ length: count }, (_, i) => ({ aRatherLongKey: i, another: i })));
      return writer.take().length;
    };
    expect(sizeOf(101) - sizeOf(100)).toBe(12);
  });

  test('two lists of keys with the same hash are told apart', () => {
    const writer = new ValueWriter();
    const reader = new ValueReader();
    writer.write({ a: 1 });
    const first = writer.take().slice();
    writer.write({ b: 2 });
    const second = writer.take().slice();
    // The hash is the second word of the table of shapes; the table is named by the first word.
    for (const bytes of [first, second]) {
      const words = new Int32Array(bytes.buffer);
      words[words[0] + 1] = 42;
    }
    for (let i = 0; i < 3; i++) {
      expect(reader.open(first).read()).toStrictEqual({ a: 1 });
      expect(reader.open(second).read()).toStrictEqual({ b: 2 });
    }
  });

  test('a message after one that failed is whole', () => {
    const writer = new ValueWriter();
    writer.write({ kept: 1 });
    expect(() => writer.write({ kept: 2, lost: { deep: () => 0 } })).toThrow('value.lost.deep');
    writer.write({ lost: { deep: 1 } });
    const reader = new ValueReader(writer.take());
    expect([reader.read(), reader.read(), reader.done]).toStrictEqual([
      { kept: 1 },
      { lost: { deep: 1 } },
      true,
    ]);
  });
});

describe('what cannot be written is named by its path', () => {
  class Account {}
  const cycle: unknown[] = [];
  cycle.push({ again: cycle });

  test.each<[unknown, string]>([
    [() => 0, 'value is a function'],
    [{ a: [1, { 'two words': Symbol('s') }] }, 'value.a[1]["two words"] is a symbol'],
    [new Map([['k', new Account()]]), 'value.get(the text "k") is an Account, whose class'],
    [new Map([[new WeakMap(), 1]]), 'a key of value is a WeakMap'],
    [{ s: new Set([/x/]) }, 'an element of value.s is a RegExp'],
    [cycle, 'value[0].again is an object that contains itself'],
    [
      [new Date(0), new Uint8Array(1), new Int8Array(1), 1, new DataView(new ArrayBuffer(1))],
      '[4] is a DataView',
    ],
  ])('%#', (value, message) => {
    const error = errorOf(value);
    expect(error.code).toBe('UNSUPPORTED_VALUE');
    expect(error.message).toContain(message);
  });

  test('values nested too deep', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(through(nested(DEEPEST))).toStrictEqual(nested(DEEPEST));
    expect(errorOf(nested(DEEPEST + 1)).message).toContain(`deeper than ${DEEPEST}`);
  });

  test('an error of a getter is passed on as it is', () => {
    const value = {
      get bad(): never {
        throw new RangeError('mine');
      },
    };
    expect(() => through(value)).toThrow(RangeError);
  });
});

/** What a value comes back as: fast-check makes objects without a prototype too. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [plain(k), plain(v)]));
  if (value instanceof Set) return new Set([...value].map(plain));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, plain(item)]);
  return Object.fromEntries(entries);
}
