import { describe, expect, test } from 'vitest';
import { Alignment } from './alignment.ts';

describe('barriers of several inputs', () => {
  test('hold an input that has delivered until all have', () => {
    const alignment = new Alignment(3);
    expect(alignment.barrier(1, 7)).toBe(0);
    expect([0, 1, 2].map(input => alignment.holds(input))).toEqual([false, true, false]);
    expect(alignment.barrier(0, 7)).toBe(0);
    expect(alignment.barrier(2, 7)).toBe(7);
    expect([0, 1, 2].map(input => alignment.holds(input))).toEqual([false, false, false]);
    expect(alignment.idle).toBe(true);
  });

  test('of one input are aligned at once', () => {
    expect(new Alignment(1).barrier(0, 3)).toBe(3);
  });

  test('do not wait for inputs that have ended, before or meanwhile', () => {
    const alignment = new Alignment(3);
    expect(alignment.end(0)).toBe(0);
    expect(alignment.barrier(1, 1)).toBe(0);
    expect(alignment.end(2)).toBe(1);
    expect(alignment.barrier(1, 2)).toBe(2);
    expect(alignment.end(1)).toBe(0);
  });

  test('of a later epoch void those of one that was given up', () => {
    const alignment = new Alignment(2);
    alignment.barrier(0, 4);
    expect(alignment.barrier(1, 5)).toBe(0);
    expect([alignment.holds(0), alignment.holds(1)]).toEqual([false, true]);
    expect(alignment.barrier(0, 5)).toBe(5);
    expect(alignment.barrier(1, 4)).toBe(0);
  });
});
