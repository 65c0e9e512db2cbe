import { describe, expect, test } from 'vitest';
import { DeliveryToken } from './token.ts';

function token(epoch: number, sequence: number, { lineage = 'l1', task = 2, sink = 'db' } = {}) {
  return new DeliveryToken({ pipeline: 'a/b', sink, task, lineage, epoch }, sequence);
}

describe('a token', () => {
  test('is a text that says all of it, whatever names have in them', () => {
    expect(token(7, 3)).toMatchObject({ writer: 'a%2Fb/db/2', text: 'a%2Fb/db/2/l1/7/3' });
    expect(`${token(7, 3)}`).toBe(token(7, 3).text);
  });

  test('comes after those of earlier epochs and batches of its writer, and after none', () => {
    const order = [token(1, 0), token(1, 1), token(2, 0), token(2, 1), token(10, 0)];
    for (const [i, one] of order.entries()) {
      expect(one.isAfter(undefined)).toBe(true);
      expect(one.isAfter(null)).toBe(true);
      for (const [j, other] of order.entries()) expect(one.isAfter(other.text)).toBe(i > j);
    }
  });

  test('of another lineage is new, whatever its numbers are', () => {
    expect(token(1, 0, { lineage: 'l2' }).isAfter(token(9, 9).text)).toBe(true);
  });

  test.each([
    ['another task', token(1, 0, { task: 22 }).text],
    ['another sink', token(1, 0, { sink: 'd' }).text],
    ['no token', 'a%2Fb/db/2'],
    ['a token and more', `${token(1, 0).text}/1`],
    ['no numbers', 'a%2Fb/db/2/l1/x/0'],
    ['nothing', ''],
  ])('is not compared with the text of %s', (_, text) => {
    expect(() => token(1, 0).isAfter(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_TOKEN', message: expect.stringContaining('db/2') }),
    );
  });
});
