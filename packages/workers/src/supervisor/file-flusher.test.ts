import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { FlushOrder } from '../protocol/flush-order.ts';
import { FileFlusher, flushFile } from './file-flusher.ts';

const directory = mkdtempSync(join(tmpdir(), 'lite-streams-flusher-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('files are flushed one after another, but for those that were taken back', async () => {
  const begun: string[] = [];
  const finish: (() => void)[] = [];
  const flusher = new FileFlusher(path => {
    begun.push(path);
    return new Promise(resolve => finish.push(resolve));
  });
  const orders = ['a', 'b', 'c'].map(path => {
    const order = new FlushOrder();
    flusher.flush(path, order);
    return order;
  });
  expect(begun).toEqual(['a']);
  orders[1].settle();
  finish[0]();
  await turn();
  expect(begun).toEqual(['a', 'c']);
  expect(orders.map(({ isDone }) => isDone)).toEqual([true, false, false]);
  finish[1]();
  await turn();
  const later = new FlushOrder();
  flusher.flush('d', later);
  expect(begun).toEqual(['a', 'c', 'd']);
});

test('one that fails is told of, and the next ones go on', async () => {
  const flusher = new FileFlusher(path =>
    path === 'bad' ? Promise.reject(new Error('EIO')) : Promise.resolve(),
  );
  const [bad, good] = [new FlushOrder(), new FlushOrder()];
  flusher.flush('bad', bad);
  flusher.flush('good', good);
  await turn();
  expect(() => bad.settle()).toThrow(expect.objectContaining({ code: 'EIO' }));
  good.settle();
  expect(good.isDone).toBe(true);
});

test('a file that cannot be opened is passed over', async () => {
  const path = join(directory, 'log');
  writeFileSync(path, 'records');
  await expect(flushFile(path)).resolves.toBeUndefined();
  await expect(flushFile(join(directory, 'gone'))).resolves.toBeUndefined();
});
