import { describe, expect, test } from 'vitest';
import { exchange, loadAcquire, waitAsync } from './atomics.ts';
import { Bell } from './bell.ts';
import { later, park, parkSync } from './park.ts';

function countingPlace() {
  const counts: number[] = [];
  return { counts, place: { countWaiter: (delta: 1 | -1) => counts.push(delta) } };
}

describe('who waits', () => {
  test('is not counted when it need not wait', () => {
    const { counts, place } = countingPlace();
    expect(parkSync(Bell.create(), [place], () => true, 1_000)).toBe(true);
    expect(counts).toEqual([]);
  });

  test('is counted while it waits, and gives up in time', () => {
    const { counts, place } = countingPlace();
    const started = performance.now();
    expect(parkSync(Bell.create(), [place], () => false, 20)).toBe(false);
    expect(performance.now() - started).toBeGreaterThan(15);
    expect(counts).toEqual([1, -1]);
  });

  test('is not counted any more when what it looks at throws', () => {
    const { counts, place } = countingPlace();
    const look = () => {
      if (counts.length > 0) throw new Error('poisoned');
      return false;
    };
    expect(() => parkSync(Bell.create(), [place], look, 1_000)).toThrow('poisoned');
    expect(counts).toEqual([1, -1]);
  });

  test('goes on when it finds the epoch moved', () => {
    const bell = Bell.create();
    const { counts, place } = countingPlace();
    let looks = 0;
    const look = () => {
      if (counts.length === 0) return false;
      looks++;
      // After its look, before its wait.
      if (looks === 1) bell.ring();
      return looks > 1;
    };
    expect(parkSync(bell, [place], look, Number.POSITIVE_INFINITY)).toBe(true);
    expect(looks).toBe(2);
  });

  test('without blocking goes on when the bell rings', async () => {
    const bell = Bell.attach(Bell.create().buffer);
    const { counts, place } = countingPlace();
    let ready = false;
    const parked = park(bell, [place], () => ready);
    later(() => bell.ring(), 1);
    later(() => {
      ready = true;
      bell.ring();
    }, 5);
    expect(await parked).toBe(true);
    expect(counts).toEqual([1, -1]);
    expect(bell.epoch()).toBe(2);
  });

  test('without blocking gives up in time', async () => {
    const { counts, place } = countingPlace();
    expect(await park(Bell.create(), [place], () => false, 20)).toBe(false);
    expect(counts).toEqual([1, -1]);
  });
});

describe('atomics', () => {
  test('a wait for a word that has moved does not wait', () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    expect(exchange(words, 0, 5)).toBe(0);
    expect(loadAcquire(words, 0)).toBe(5);
    expect(waitAsync(words, 0, 0)).toBe('not-equal');
  });
});
