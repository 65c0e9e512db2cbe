import { expect, test } from 'vitest';
import { MapOperator } from '../operator/map.ts';
import type { Operator } from '../operator/operator.ts';
import { type HarnessParts, OperatorHarness, replayOperator } from './operator-harness.ts';

/** Gives each value twice; wrong on purpose in one way or another. */
function twice(
  fault: 'none' | 'ignores suspension' | 'forgets the rest' | 'stays suspended' | 'forgets state',
) {
  return ({ next }: HarnessParts): Operator => {
    let left: unknown[] = [];
    let seen = 0;
    const drain = (context: Parameters<Operator['push']>[1]): boolean => {
      while (left.length > 0) {
        if (!next.push(left.shift(), context) && fault !== 'ignores suspension') return false;
      }
      return true;
    };
    let last: Parameters<Operator['push']>[1];
    return {
      push(value, context) {
        seen++;
        last = context;
        left = [value, `${value} ${seen}`];
        return drain(context);
      },
      watermark: t => next.watermark(t),
      end: () => next.end(),
      resume() {
        if (!next.resume() || fault === 'stays suspended') return false;
        return fault === 'forgets the rest' || drain(last);
      },
      snapshot(writer) {
        writer.group(-1);
        writer.put(seen);
      },
      restore(reader) {
        reader.nextGroup();
        if (fault !== 'forgets state') seen = reader.take() as number;
      },
    };
  };
}

const events = [
  ['record', 'k', 1, 'a'],
  ['record', 'k', 2, 'b'],
  ['watermark', 5],
  ['end'],
] as const;

test('an operator that keeps the contract gives the same however it is driven', () => {
  const outputs = replayOperator(twice('none'), events);
  expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
    ['a', 'a 1'],
    ['b', 'b 2'],
    [],
    [],
  ]);
});

test.each([
  ['ignores suspension', /went on while it was suspended/],
  ['forgets the rest', /With every other output refused, event 0 \(\["record","k",1,"a"\]\) gives/],
  ['stays suspended', /stays suspended/],
  ['forgets state', /With restored every time, event 1/],
] as const)('one that %s is found', (fault, message) => {
  expect(() => replayOperator(twice(fault), events)).toThrow(message);
});

test('a harness shows outputs, time and end', () => {
  const harness = new OperatorHarness(
    ({ faults, next }) => new MapOperator('m', value => value, faults, next),
  );
  harness.apply(['record', 'k', 3, 'x']);
  harness.apply(['watermark', 2]);
  expect(harness.take()).toEqual([{ key: 'k', timestamp: 3, value: 'x' }]);
  expect(harness.take()).toEqual([]);
  expect(harness.watermarks).toEqual([2]);
  expect(harness.ended).toBe(false);
  harness.apply(['end']);
  expect(harness.ended).toBe(true);
});
