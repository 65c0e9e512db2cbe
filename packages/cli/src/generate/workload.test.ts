import { describe, expect, test } from 'vitest';
import { RecordSource } from './workload.ts';

const shape = { keys: 10, sizeBytes: 40, seed: 7 };

describe('generated records', () => {
  test('are the same for the same seed, and others for another', () => {
    const records = (seed: number) => {
      const source = new RecordSource({ ...shape, seed });
      return Array.from({ length: 100 }, (_, n) => [source.key(n), source.value(n)]);
    };
    expect(records(7)).toEqual(records(7));
    expect(records(8)).not.toEqual(records(7));
  });

  test.each([1, 8, 9, 10, 11, 40, 70_000])('have values of exactly %i bytes', sizeBytes => {
    const source = new RecordSource({ ...shape, sizeBytes });
    for (const n of [0, 5, 99_999]) {
      const value = source.value(n);
      expect(Buffer.byteLength(value)).toBe(sizeBytes);
      expect(`payload-${n}`.startsWith(value.split(' ')[0])).toBe(true);
    }
  });

  test('use every key about equally often', () => {
    const source = new RecordSource(shape);
    const counts = new Map<string, number>();
    for (let n = 0; n < 10_000; n++) {
      counts.set(source.key(n), (counts.get(source.key(n)) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
