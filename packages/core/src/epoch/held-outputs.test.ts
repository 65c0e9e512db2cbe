import { describe, expect, test } from 'vitest';
import { Bell } from '../memory/bell.ts';
import { HeldOutputs } from './held-outputs.ts';
import { OutputGauge } from './output-gauge.ts';

const KIB = 1024;

function two(maxBytes: number): { a: HeldOutputs; b: HeldOutputs; bell: Bell } {
  const bell = Bell.create();
  const memory = OutputGauge.memory();
  const make = () => new HeldOutputs(new OutputGauge(memory, bell), maxBytes);
  return { a: make(), b: make(), bell };
}

describe('outputs that are held', () => {
  test('count together, over all tasks of a job', () => {
    const { a, b } = two(10 * KIB);
    a.add(6 * KIB);
    expect(b.isFull()).toBe(false);
    b.add(3.5 * KIB);
    expect(a.isFull()).toBe(false);
    b.add(0.5 * KIB);
    expect([a.isFull(), b.full]).toEqual([true, true]);
    a.seal();
    a.release(6 * KIB);
    expect([a.full, b.isFull()]).toEqual([false, false]);
    expect([a.bytes, b.bytes]).toEqual([0, 4 * KIB]);
  });

  test('ask for an epoch at half of what may be, by what one would seal', () => {
    const { a, b } = two(10 * KIB);
    a.takeOver(8 * KIB);
    expect(a.wantsEpoch).toBe(false);
    a.add(3 * KIB);
    expect(a.wantsEpoch).toBe(false);
    b.add(2 * KIB);
    expect(b.wantsEpoch).toBe(true);
    b.seal();
    expect(b.wantsEpoch).toBe(false);
    b.release(2 * KIB);
    a.add(3 * KIB);
    expect(a.wantsEpoch).toBe(true);
  });

  test('wake who waits once there is room, and nobody before', () => {
    const { a, b, bell } = two(4 * KIB);
    a.add(6 * KIB);
    a.seal();
    b.countWaiter(1);
    const before = bell.epoch();
    a.release(1 * KIB);
    expect(bell.epoch()).toBe(before);
    a.release(2 * KIB);
    expect(bell.epoch()).not.toBe(before);
    b.countWaiter(-1);
    const after = bell.epoch();
    a.add(3 * KIB);
    a.release(6 * KIB);
    expect(bell.epoch()).toBe(after);
  });
});
