import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WatermarkCombiner } from './combiner.ts';

/** The combiner's outputs: watermarks, `'idle'` and `'active'`. */
function drive(inputs: number) {
  const combiner = new WatermarkCombiner(inputs);
  const outputs: (number | 'idle' | 'active')[] = [];
  let watermark = combiner.watermark;
  let idle = false;
  const note = (changed: boolean) => {
    const moved = combiner.watermark !== watermark || combiner.idle !== idle;
    expect(moved && !changed, 'a change that is not told').toBe(false);
    if (combiner.watermark !== watermark) outputs.push(combiner.watermark);
    if (combiner.idle !== idle) outputs.push(combiner.idle ? 'idle' : 'active');
    watermark = combiner.watermark;
    idle = combiner.idle;
  };
  return {
    combiner,
    watermark: (input: number, t: number) => note(combiner.advance(input, t)),
    idle: (input: number) => note(combiner.markIdle(input)),
    active: (input: number) => note(combiner.markActive(input)),
    remove: (input: number) => note(combiner.remove(input)),
    take: () => outputs.splice(0),
  };
}

test('the minimum of all inputs, and nothing before all have spoken', () => {
  const { watermark, take } = drive(2);
  watermark(0, 10);
  expect(take()).toEqual([]);
  watermark(1, 5);
  watermark(1, 7);
  watermark(0, 9);
  watermark(1, 20);
  expect(take()).toEqual([5, 7, 10]);
});

test('an input that wakes does not count until it has caught up', () => {
  const { watermark, idle, active, take } = drive(3);
  watermark(0, 10);
  watermark(1, 7);
  watermark(2, 3);
  expect(take()).toEqual([3]);
  idle(2);
  expect(take()).toEqual([7]);
  active(2);
  watermark(2, 5);
  expect(take()).toEqual([]);
  watermark(1, 8);
  expect(take()).toEqual([8]);
  watermark(2, 9);
  expect(take()).toEqual([]);
  watermark(0, 12);
  watermark(1, 12);
  expect(take()).toEqual([9]);
});

test('when all are idle the largest is flushed, then the output is idle', () => {
  const { watermark, idle, take } = drive(3);
  watermark(0, 10);
  watermark(1, 5);
  watermark(2, 3);
  expect(take()).toEqual([3]);
  idle(0);
  idle(1);
  expect(take()).toEqual([]);
  idle(2);
  idle(2);
  expect(take()).toEqual([10, 'idle']);
});

test('when the last one to go idle does not hold the watermark, nothing is flushed', () => {
  const { watermark, idle, take } = drive(2);
  watermark(0, 3);
  watermark(1, 10);
  idle(0);
  expect(take()).toEqual([3, 10]);
  const other = drive(2);
  other.watermark(0, 10);
  other.watermark(1, 5);
  other.take();
  other.idle(1);
  expect(other.take()).toEqual([10]);
  other.idle(0);
  expect(other.take()).toEqual(['idle']);
});

test('idle inputs are not heard, and waking twice is once', () => {
  const { watermark, idle, active, take } = drive(1);
  watermark(0, 1);
  idle(0);
  watermark(0, 50);
  expect(take()).toEqual([1, 'idle']);
  active(0);
  active(0);
  expect(take()).toEqual(['active']);
  watermark(0, 2);
  expect(take()).toEqual([2]);
});

test('an input that wakes below the watermark holds nothing back while it is the only one', () => {
  const { watermark, idle, active, take } = drive(2);
  watermark(0, 10);
  watermark(1, 3);
  idle(1);
  idle(0);
  expect(take()).toEqual([3, 10, 'idle']);
  active(1);
  watermark(1, 8);
  expect(take()).toEqual(['active']);
  watermark(1, 10);
  watermark(1, 11);
  expect(take()).toEqual([11]);
});

describe('inputs that come and go', () => {
  test('a new one holds the output from the start', () => {
    const { combiner, watermark, take } = drive(1);
    watermark(0, 10);
    const late = combiner.add();
    watermark(0, 20);
    expect(take()).toEqual([10]);
    expect(combiner.holder()).toBe(late);
    watermark(late, 5);
    expect(take()).toEqual([]);
    watermark(late, 15);
    expect(take()).toEqual([15]);
  });

  test('one that leaves lets the others go on, and its number is used again', () => {
    const { combiner, watermark, remove, take } = drive(2);
    watermark(0, 10);
    remove(1);
    remove(1);
    expect(take()).toEqual([10]);
    expect(combiner.add()).toBe(1);
    expect(combiner.markOf(1)).toBe(Number.NEGATIVE_INFINITY);
    expect(combiner.holder()).toBe(1);
    remove(0);
    expect(combiner.holder()).toBe(-1);
    remove(1);
    expect(take()).toEqual([]);
    expect(combiner.holder()).toBe(-1);
  });

  test('when the last active one leaves idle ones behind, the largest is flushed', () => {
    const { watermark, idle, remove, take } = drive(2);
    watermark(0, 10);
    watermark(1, 5);
    idle(0);
    expect(take()).toEqual([5]);
    remove(1);
    expect(take()).toEqual([10, 'idle']);
    remove(0);
    expect(take()).toEqual([]);
  });

  test('an absent input is not heard', () => {
    const { watermark, idle, remove, take } = drive(2);
    remove(1);
    watermark(1, 9);
    idle(1);
    expect(take()).toEqual([]);
  });
});

test('never back, never past an input that counts (2,000 cases)', () => {
  const step = fc.record({
    input: fc.nat(3),
    kind: fc.constantFrom('watermark', 'watermark', 'watermark', 'idle', 'active'),
    watermark: fc.integer({ min: -20, max: 50 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const { combiner, watermark, idle, active } = drive(4);
      const marks = [0, 1, 2, 3].map(() => Number.NEGATIVE_INFINITY);
      const everIdle = new Set<number>();
      for (const one of steps) {
        const before = combiner.watermark;
        if (one.kind === 'watermark') {
          watermark(one.input, one.watermark);
          marks[one.input] = Math.max(marks[one.input], one.watermark);
        } else if (one.kind === 'idle') {
          everIdle.add(one.input);
          idle(one.input);
        } else active(one.input);
        expect(combiner.watermark).toBeGreaterThanOrEqual(before);
        for (const input of [0, 1, 2, 3]) {
          if (!everIdle.has(input)) expect(combiner.watermark).toBeLessThanOrEqual(marks[input]);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
