import { beforeEach, expect, test } from 'vitest';
import { Account } from './account.ts';

let account: Account;
beforeEach(() => {
  account = new Account('side', 2, true);
  for (let n = 0; n < 6; n++) account.input(`7:${n}:x`, n % 2);
});

test('what went in has come out, in whatever order, and all that was acknowledged', () => {
  for (const n of [1, 0, 5, 3, 2, 4]) account.output(`7:${n}:x`);
  account.acknowledged(7, 6);
  account.compare();
  expect(account.faults).toEqual([]);
  expect(account.allowance(7)).toBeGreaterThan(6);
});

test('what is missing in the output', () => {
  for (const n of [0, 1, 2, 4, 5]) account.output(`7:${n}:x`);
  account.compare();
  expect(account.faults).toEqual(['side: producer 7: 6 went in, 5 came out']);
});

test('what comes out twice', () => {
  for (const n of [0, 1, 2, 3, 4, 5, 3]) account.output(`7:${n}:x`);
  account.compare();
  expect(account.faults).toEqual(['side: 1 came out twice']);
});

test('what is lost, repeated or out of order in the input', () => {
  account.input('7:8:x', 0);
  account.input('7:7:x', 1);
  expect(account.faults).toEqual(['side: producer 7, shard 0: 8 stands where 6 must']);
  account.acknowledged(7, 20);
  expect(account.faults).toHaveLength(3);
});
