import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFlat, plainCopy } from './plain-copy.ts';

test('a copy equals what it is of, and shares nothing', () => {
  const value = () => ({
    n: 1,
    text: 'a',
    nothing: null,
    big: 5n,
    list: [1, [2, { three: 3 }]],
    map: new Map([['k', [1]]]),
    set: new Set([1, 2]),
    when: new Date(5),
    bytes: new Uint8Array([1, 2]),
    doubles: new Float64Array([0.5]),
  });
  const original = value();
  const { copy } = plainCopy(original);
  expect(copy).toEqual(original);
  original.list.push(4);
  original.map.get('k')?.push(2);
  original.set.add(3);
  original.when.setTime(6);
  original.bytes[0] = 9;
  original.doubles[0] = 9;
  expect(copy).toEqual(value());
});

test('equal for any plain value', () => {
  fc.assert(
    fc.property(fc.object({ withMap: false, withNullPrototype: true }), value => {
      expect(plainCopy(value).copy).toEqual(value);
    }),
  );
});

test('counts every part', () => {
  expect(plainCopy(1).parts).toBe(1);
  expect(plainCopy([1, 2, 3]).parts).toBe(4);
  expect(plainCopy(new Uint8Array(10)).parts).toBe(11);
});

test.each([
  [new (class Own {})(), /an Own/],
  [() => 0, /a function/],
  [{ deep: [new WeakMap()] }, /a WeakMap/],
  [new DataView(new ArrayBuffer(1)), /a DataView/],
])('%o cannot be copied', (value, named) => {
  expect(() => plainCopy(value)).toThrow(named);
});

test.each([
  [{}, true],
  [{ a: 1, b: '', c: true }, true],
  [{ a: null }, false],
  [{ a: undefined }, false],
  [{ a: {} }, false],
  [[], false],
  [new Date(), false],
])('%o is flat: %s', (value, flat) => {
  expect(isFlat(value)).toBe(flat);
});
