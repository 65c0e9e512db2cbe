import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { FlushOrder } from './flush-order.ts';

test('an order that has not begun is taken back, and never begins', () => {
  const order = new FlushOrder();
  order.settle();
  expect(new FlushOrder(order.memory).begin()).toBe(false);
  expect(order.isDone).toBe(false);
  order.settle();
});

test.each([false, true])('one that has begun is waited for; that it failed: %s', async failed => {
  const order = new FlushOrder();
  expect(order.begin()).toBe(true);
  const code = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.url).then(({ FlushOrder }) => {
      parentPort.postMessage('here');
      setTimeout(() => new FlushOrder(workerData.memory).end(workerData.failed), 50);
    });`;
  const url = new URL('./flush-order.ts', import.meta.url).href;
  const workerData = { url, memory: order.memory, failed };
  const worker = new Worker(code, { eval: true, workerData });
  await once(worker, 'message');
  expect(order.isDone).toBe(false);
  if (failed) expect(() => order.settle()).toThrow(expect.objectContaining({ code: 'EIO' }));
  else order.settle();
  expect(order.isDone).toBe(!failed);
  await worker.terminate();
});
