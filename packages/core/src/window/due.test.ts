import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Due, DueQueue } from './due.ts';

test('gives out what is due first, whatever the order in which it came', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 })), times => {
      const queue = new DueQueue<Due>();
      expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY);
      for (const dueAt of times) queue.push({ dueAt });
      const out: number[] = [];
      while (queue.size > 0) {
        const { nextAt } = queue;
        out.push(queue.pop().dueAt);
        expect(out.at(-1)).toBe(nextAt);
      }
      expect(out).toEqual(times.toSorted((a, b) => a - b));
      expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});
