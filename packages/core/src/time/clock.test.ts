import { expect, test } from 'vitest';
import { systemClock, VirtualClock } from './clock.ts';

test('a virtual clock moves only when told to', () => {
  const clock = new VirtualClock(1000);
  expect(clock.now()).toBe(1000);
  clock.advance(50);
  expect(clock.now()).toBe(1050);
  expect(new VirtualClock().now()).toBe(0);
});

test('the system clock is that of the machine', () => {
  const before = Date.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
});
