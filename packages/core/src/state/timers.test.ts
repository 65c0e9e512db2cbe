import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerQueue } from './timers.ts';

test('timers come by time, then as they were set; one per key and time; deletable', () => {
  const key = fc.constantFrom<string | number>('a', 'b', 1, 2, 3, 4, 5);
  const step = fc.oneof(
    fc.tuple(fc.constant('add' as const), key, fc.nat(12)),
    fc.tuple(fc.constant('delete' as const), key, fc.nat(12)),
    fc.tuple(fc.constant('pop' as const)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const queue = new TimerQueue();
      const model: { key: unknown; time: number; order: number }[] = [];
      for (const [order, [what, name, time]] of steps.entries()) {
        const at = model.findIndex(timer => timer.key === name && timer.time === time);
        if (what === 'add') {
          expect(queue.add(name as string, time as number)).toBe(at < 0);
          if (at < 0) model.push({ key: name, time: time as number, order });
        } else if (what === 'delete') {
          expect(queue.delete(name as string, time as number)).toBe(at >= 0);
          if (at >= 0) model.splice(at, 1);
        } else if (model.length > 0) {
          const { key: popped, time: due } = queue.pop();
          expect({ key: popped, time: due }).toMatchObject(
            (({ key: first, time: when }) => ({ key: first, time: when }))(model.shift() as never),
          );
        }
        model.sort((left, right) => left.time - right.time || left.order - right.order);
        expect(queue.size).toBe(model.length);
        expect(queue.nextAt).toBe(model[0]?.time ?? Number.POSITIVE_INFINITY);
        const times = Array.from(queue, timer => timer.time);
        expect(times.sort((left, right) => left - right)).toEqual(model.map(timer => timer.time));
      }
    }),
  );
});
