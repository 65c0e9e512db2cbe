import { expect, test } from 'vitest';
import { LocalChannel } from '../channel/local.ts';
import { ReleaseLedger } from './ledger.ts';

const send = (channel: LocalChannel) => channel.send('k', 1, 'v', 0, 0, 0);

test('input is released once every channel is done with its output', () => {
  const channels = [new LocalChannel(1024, false, -3), new LocalChannel(1024)];
  const ledger = new ReleaseLedger(2, channels);
  const positions = [0, 0];
  expect(ledger.collect(positions)).toBe(false);
  for (const channel of channels) send(channel);
  ledger.note([1, 10]);
  send(channels[0]);
  ledger.note([2, 20]);
  expect(ledger.collect(positions)).toBe(false);
  expect(ledger.clear).toBe(false);
  channels[0].release(-1);
  expect(ledger.collect(positions)).toBe(false);
  channels[1].release(1);
  expect(ledger.collect(positions)).toBe(true);
  expect(positions).toEqual([2, 20]);
  expect(ledger.clear).toBe(true);
});

test('without channels what is noted is done', () => {
  const ledger = new ReleaseLedger(1, []);
  ledger.note([5]);
  ledger.note([7]);
  const positions = [0];
  expect(ledger.collect(positions)).toBe(true);
  expect(positions).toEqual([7]);
});

test('more notes than there is room for are drawn together, and nothing is released early', () => {
  const channel = new LocalChannel(1024);
  const ledger = new ReleaseLedger(1, [channel]);
  for (let i = 1; i <= 500; i++) {
    send(channel);
    ledger.note([i]);
  }
  const positions = [0];
  for (let i = 1; i <= 500; i++) {
    channel.release(i);
    if (ledger.collect(positions)) expect(positions[0]).toBeLessThanOrEqual(i);
  }
  expect(positions).toEqual([500]);
  expect(ledger.clear).toBe(true);
});
