import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Scratch } from '../memory/scratch.ts';
import { fnv1a } from './hash.ts';
import { storedBytes } from './limits.ts';
import { RecordView } from './view.ts';
import { RecordWriter } from './writer.ts';

const LIMIT = 4096;
const scratch = new Scratch();
const at = scratch.alloc(LIMIT) + 0;
const writer = new RecordWriter({ maxRecordBytes: LIMIT });

type Field = string | Uint8Array | null | undefined;

function write(key: Field, value: Field, timestamp = 0, headers?: object | null, room = LIMIT) {
  return writer.write(scratch, at, room, key, value, timestamp, headers as never);
}

function errorOf(work: () => unknown): StreamError {
  try {
    work();
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error('no error');
}

const field = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }),
);
const optional = fc.option(field, { nil: undefined });
const headers = fc.option(fc.dictionary(fc.string(), field, { maxKeys: 3 }), { nil: undefined });

describe('the key', () => {
  test('is hashed as its UTF-8 bytes, text or bytes, short or long, whatever else is written', () => {
    const key = fc.oneof(field, fc.string({ minLength: 30, maxLength: 200 }));
    fc.assert(
      fc.property(key, optional, headers, (given, value, more) => {
        write(given, value, 0, more);
        const bytes = Buffer.from(given as string);
        expect(writer.keyHash).toBe(fnv1a(bytes));
        expect(writer.hasKey).toBe(true);
        expect(
          Buffer.compare(
            scratch.buffer.subarray(writer.keyStart, writer.keyStart + writer.keyLength),
            bytes,
          ),
        ).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test.each([null, undefined])('%s is no key, with the hash of no bytes', key => {
    write('before', 'value');
    write(key, 'value', 0, { name: 'text' });
    expect([writer.hasKey, writer.keyHash]).toEqual([false, fnv1a('')]);
  });

  test('that is empty is a key', () => {
    write('', '');
    expect([writer.hasKey, writer.keyHash, writer.keyLength]).toEqual([true, fnv1a(''), 0]);
  });

  test('of another realm is bytes too, if it is a Uint8Array', async () => {
    const { runInNewContext } = await import('node:vm');
    write(runInNewContext('new Uint8Array([104, 105])'), null);
    expect(new RecordView().wrap(scratch, at, 0, 0).key).toBe('hi');
  });
});

describe('the room', () => {
  test('is never passed, and a record that fits is written whatever the room', () => {
    fc.assert(
      fc.property(optional, optional, headers, fc.nat(400), (key, value, more, room) => {
        const bytes = storedBytes(key, value, more);
        scratch.u8.fill(0xaa, at, at + LIMIT);
        const written = write(key, value, 0, more, room);
        expect(written).toBe(bytes <= room ? bytes : -1);
        const beyond = scratch.u8.subarray(at + (room & ~7), at + LIMIT);
        expect(beyond.every(byte => byte === 0xaa)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['key', (size: number) => write('k'.repeat(size), null)],
    ['key outside ASCII', (size: number) => write('é'.repeat(size), null)],
    ['value', (size: number) => write(null, new Uint8Array(size))],
    ['header', (size: number) => write(null, null, 0, { h: 'x'.repeat(size) })],
    ['header name', (size: number) => write(null, null, 0, { ['x'.repeat(size)]: '' })],
    [
      'number of headers',
      (size: number) => {
        const names = Array.from({ length: size }, (_, i) => [`h${i}`, '']);
        return write(null, null, 0, Object.fromEntries(names));
      },
    ],
  ])('beyond the limit for the %s is an error that states both sizes', (_, attempt) => {
    const error = errorOf(() => attempt(LIMIT));
    expect(error.code).toBe('RECORD_TOO_LARGE');
    expect(error.message).toMatch(
      /takes \d+ bytes when stored; the limit is maxRecordBytes = 4096/,
    );
  });

  test('of exactly the limit is enough', () => {
    const overhead = write(null, '');
    expect(write(null, 'x'.repeat(LIMIT - overhead))).toBe(LIMIT);
    expect(errorOf(() => write('a key', 'x'.repeat(LIMIT - overhead))).message).toContain(
      '"a key"',
    );
  });

  test('a long text that fits only because it is ASCII is written', () => {
    const overhead = write(null, '');
    const value = 'x'.repeat(1000);
    expect(write(null, value, 0, null, overhead + 1000)).toBe(overhead + 1000);
    expect(write(null, `${value.slice(1)}é`, 0, null, overhead + 1000)).toBe(-1);
  });
});

describe('the timestamp', () => {
  test('comes back for every whole number of ±(2^53 − 1)', () => {
    const view = new RecordView();
    const ends = [0, -0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1];
    const edges = [...ends, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const check = (timestamp: number): void => {
      write(null, null, timestamp);
      expect(view.wrap(scratch, at, 0, 0).timestamp + 0).toBe(timestamp + 0);
    };
    edges.forEach(check);
    fc.assert(fc.property(fc.maxSafeInteger(), check));
  });

  test.each([
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    -(2 ** 53),
    2 ** 60,
    '1',
    null,
    1n,
  ])('%s is refused', timestamp => {
    const error = errorOf(() => write('k', 'v', timestamp as number));
    expect(error.code).toBe('INVALID_TIMESTAMP');
    expect(error.message).toContain('whole number of milliseconds');
  });
});

describe('what is no record names the field, what it is, and what it may be', () => {
  class Order {}
  test.each<[string, unknown[], string]>([
    ['INVALID_KEY', [42, 'v'], 'The key is the number 42; it must be text'],
    ['INVALID_KEY', [{}, 'v'], 'The key is an object'],
    ['INVALID_KEY', [new Float64Array(1), 'v'], 'The key is a Float64Array'],
    ['INVALID_KEY', [Symbol('s'), 'v'], 'a symbol'],
    ['INVALID_VALUE', ['k', 1n], 'The value is the bigint 1; it must be text'],
    ['INVALID_VALUE', ['k', true], 'the boolean true'],
    ['INVALID_VALUE', ['k', new Order()], 'an Order'],
    ['INVALID_VALUE', ['k', [1]], 'an array'],
    ['INVALID_VALUE', ['k', () => 0], 'a function'],
    ['INVALID_VALUE', ['k', Object.create(null)], 'an object'],
    ['INVALID_HEADER', ['k', 'v', 0, { a: 'b', c: 1 }], 'The header "c" is the number 1'],
    ['INVALID_HEADER', ['k', 'v', 0, { c: null }], 'The header "c" is null'],
    ['INVALID_HEADER', ['k', 'v', 0, { c: undefined }], 'The header "c" is undefined'],
    ['INVALID_HEADER', ['k', 'v', 0, 'text'], 'The headers are the text "text"'],
    ['INVALID_HEADER', ['k', 'v', 0, []], 'The headers are an array'],
    ['INVALID_HEADER', ['k', 'v', 0, new Uint8Array(1)], 'The headers are a Uint8Array'],
  ])('%s %#', (code, input, message) => {
    const attempt = (room: number) => () =>
      writer.write(
        scratch,
        at,
        room,
        ...([input[0], input[1], input[2] ?? 0, input[3]] as [never, never, never, never]),
      );
    for (const room of [LIMIT, 0, 56]) {
      const error = errorOf(attempt(room));
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
    }
  });

  test('a long text is cut short in the message', () => {
    const error = errorOf(() => write('k', 'v', `${'9'.repeat(5000)}` as never));
    expect(error.message.length).toBeLessThan(250);
  });
});

test('inherited names are no headers', () => {
  const given = Object.assign(Object.create({ inherited: 'no' }), { own: 'yes' });
  write('k', 'v', 0, given);
  expect(new RecordView().wrap(scratch, at, 0, 0).headers()).toEqual({ own: 'yes' });
  expect(write('k', 'v', 0, Object.create({ inherited: 'no' }))).toBe(write('k', 'v'));
});
