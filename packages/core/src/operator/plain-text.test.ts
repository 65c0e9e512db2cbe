import { expect, test } from 'vitest';
import { asRecordKey, asRecordValue } from './plain-text.ts';

test.each([
  ['text', 'text'],
  [null, null],
  [undefined, null],
  [5, '5'],
  [5n, '"5"'],
  [{ a: new Map([[1, 2]]), s: new Set([3]) }, '{"a":[[1,2]],"s":[3]}'],
  [() => 0, '() => 0'],
])('the value %o goes out as %o', (value, out) => {
  expect(asRecordValue(value)).toBe(out);
});

test('bytes stay bytes, and what refers to itself is at least named', () => {
  const bytes = new Uint8Array([1]);
  expect(asRecordValue(bytes)).toBe(bytes);
  expect(asRecordKey(bytes)).toBe(bytes);
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  expect(asRecordValue(loop)).toBe('[object Object]');
});

test.each([
  ['k', 'k'],
  [7, '7'],
  [null, null],
  [undefined, null],
])('the key %o goes out as %o', (key, out) => {
  expect(asRecordKey(key)).toBe(out);
});
