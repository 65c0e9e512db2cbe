import { expect, test } from 'vitest';
import type { ContextCell } from '../operator/context.ts';
import type { TwoInputOperator } from '../operator/two-input.ts';
import { TASK_STATE } from '../state/snapshot.ts';
import type { HarnessParts } from './operator-harness.ts';
import { replayTwoInput, type TwoInputEvent, TwoInputHarness } from './two-input-harness.ts';

type Fault =
  | 'none'
  | 'ignores suspension'
  | 'forgets the rest'
  | 'stays suspended'
  | 'forgets state'
  | 'counts watermarks';

/** Gives each left value with the sum of the right ones before it, twice; wrong in one way or another. */
function sums(fault: Fault) {
  return ({ next }: HarnessParts): TwoInputOperator => {
    let sum = 0;
    let told = 0;
    let left: unknown[] = [];
    let last: ContextCell;
    const drain = (): boolean => {
      while (left.length > 0) {
        if (!next.push(left.shift(), last) && fault !== 'ignores suspension') return false;
      }
      return true;
    };
    return {
      pushLeft(value, context) {
        last = context;
        const right = fault === 'counts watermarks' ? told : sum;
        left = [`${value} ${right}`, `${value} ${right} again`];
        return drain();
      },
      pushRight(value) {
        sum += value as number;
        return true;
      },
      watermark(watermark) {
        told++;
        return next.watermark(watermark);
      },
      endLeft: () => true,
      endRight: () => true,
      end: () => next.end(),
      resume() {
        if (!next.resume() || fault === 'stays suspended') return false;
        return fault === 'forgets the rest' || drain();
      },
      snapshot(writer) {
        writer.group(TASK_STATE);
        writer.put([sum, told]);
      },
      restore(reader) {
        reader.nextGroup();
        if (fault !== 'forgets state') [sum, told] = reader.take() as [number, number];
      },
    };
  };
}

const events: TwoInputEvent[] = [
  ['right', 'k', 1, 3],
  ['left', 'k', 2, 'a'],
  ['right', 'k', 3, 4],
  ['watermark', 2],
  ['watermark', 4],
  ['left', 'k', 5, 'b'],
  ['endRight'],
  ['end'],
];

test('an operator that keeps the contract gives the same however it is driven', () => {
  const outputs = replayTwoInput(sums('none'), events);
  expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
    [],
    ['a 3', 'a 3 again'],
    [],
    [],
    [],
    ['b 7', 'b 7 again'],
    [],
    [],
  ]);
});

test.each([
  ['ignores suspension', /went on while it was suspended/],
  ['forgets the rest', /With every other output refused, event 1 \(\["left","k",2,"a"\]\) gives/],
  ['stays suspended', /stays suspended/],
  ['forgets state', /With restored every time, event 1/],
  ['counts watermarks', /With everything in bulk, the whole gives/],
] as const)('one that %s is found', (fault, message) => {
  expect(() => replayTwoInput(sums(fault), events)).toThrow(message);
});

test('a harness shows outputs, time and end', () => {
  const harness = new TwoInputHarness(sums('none'));
  for (const event of events.slice(0, 4)) harness.apply(event);
  expect(harness.take()).toMatchObject([{ key: 'k', timestamp: 2 }, { timestamp: 2 }]);
  expect(harness.watermarks).toEqual([2]);
  expect(harness.ended).toBe(false);
  harness.end();
  expect(harness.watermarks).toEqual([2, Number.POSITIVE_INFINITY]);
  expect(harness.ended).toBe(true);
});
