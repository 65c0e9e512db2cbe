import { describe, expect, test } from 'vitest';
import { LineError, type LineFormat, parseRecordLine } from './record-line.ts';

const parse = (line: unknown, format: LineFormat = 'auto', members = {}) =>
  parseRecordLine(typeof line === 'string' ? line : JSON.stringify(line), { format, ...members });

describe('a line of NDJSON', () => {
  test('with the members of a record is a record', () => {
    const headers = { source: 'test' };
    expect(parse({ key: 'a', value: 'text', timestamp: 5, headers, shard: 1, offset: 9 })).toEqual({
      key: 'a',
      value: 'text',
      timestamp: 5,
      headers,
    });
    expect(parse({ key: 7, value: { n: 1 } })).toMatchObject({ key: '7', value: '{"n":1}' });
    expect(parse({ value: null })).toMatchObject({ key: undefined, value: undefined });
    expect(parse({ value: 1, timestamp: '2001-01-01T00:00:00Z' }).timestamp).toBe(978_307_200_000);
    expect(parse({ valueBase64: '/wD+' }).value).toEqual(Buffer.from([0xff, 0, 0xfe]));
  });

  test('with anything else is a value: text as it is, the rest as its JSON', () => {
    expect(parse(' {"key": "a", "n": 1} ').value).toBe('{"key": "a", "n": 1}');
    expect(parse({ key: 'a' }).value).toBe('{"key":"a"}');
    expect(parse('"text"').value).toBe('text');
    expect(parse('[1]').value).toBe('[1]');
    expect(parse('null').value).toBe('null');
  });

  test('is what the format says, whatever it looks like', () => {
    expect(parse({ value: 1 }, 'values').value).toBe('{"value":1}');
    expect(parse({ key: 'a' }, 'records')).toMatchObject({ key: 'a', value: undefined });
    expect(() => parse({ other: 1 }, 'records')).toThrow('"other" is none of key, value');
    expect(() => parse('[1]', 'records')).toThrow('a record is an object');
  });

  test('gives key and time of a value by the names of its members', () => {
    const members = { keyMember: 'id', timestampMember: 'at' };
    expect(parse({ id: 7, at: 1_000 }, 'auto', members)).toMatchObject({
      key: '7',
      timestamp: 1_000,
    });
    expect(() => parse({ at: 1 }, 'auto', members)).toThrow('no member "id"');
    expect(() => parse('[1]', 'auto', members)).toThrow('no member "id"');
  });

  test.each([
    ['{"value": ', 'not JSON'],
    ['', 'not JSON'],
    [{ key: ['x'], value: 1 }, 'the key is ["x"]'],
    [{ value: 1, timestamp: 1.5 }, '"timestamp" is 1.5'],
    [{ value: 1, timestamp: 'soon' }, '"timestamp" is "soon"'],
    [{ value: 1, headers: [] }, 'the headers are []'],
    [{ value: 1, headers: { n: 1 } }, 'the header "n" is 1'],
    [{ valueBase64: 1 }, 'valueBase64 is 1'],
  ])('%j is refused with the reason', (line, reason) => {
    expect(() => parse(line)).toThrow(LineError);
    expect(() => parse(line)).toThrow(reason);
  });
});
