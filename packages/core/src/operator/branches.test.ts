import { describe, expect, test } from 'vitest';
import { type HarnessParts, OperatorHarness, replayOperator } from '../testing/operator-harness.ts';
import { ForkOperator, SplitOperator } from './branches.ts';
import { FlatMapOperator } from './flat-map.ts';
import { Junction } from './junction.ts';
import type { Operator } from './operator.ts';

const events = [
  ['record', 'k', 1, 1],
  ['record', 'k', 2, 2],
  ['watermark', 5],
  ['record', 'k', 6, 3],
  ['end'],
] as const;

/** A fork whose branches, one of which makes several values of each, meet again. */
const diamond = ({ faults, counts, next }: HarnessParts): Operator => {
  const [plain, many] = new Junction(2, { head: next, time: next }).inputs;
  const more = new FlatMapOperator('more', n => [n, `${n} again`], faults, counts, many);
  return new ForkOperator(
    [
      { head: more, time: many },
      { head: plain, time: plain },
    ],
    counts,
  );
};

describe('branches', () => {
  test('are told one after the other, also where each output has to wait', () => {
    const outputs = replayOperator(diamond, events);
    expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
      [1, '1 again', 1],
      [2, '2 again', 2],
      [],
      [3, '3 again', 3],
      [],
    ]);
  });

  test('that meet again pass on a time once, and end once', () => {
    const harness = new OperatorHarness(diamond, { refusing: true });
    for (const event of events) harness.apply(event);
    expect(harness.watermarks).toEqual([5, Number.POSITIVE_INFINITY]);
    expect(harness.ended).toBe(true);
    expect(harness.counts.expanded).toBe(6);
  });

  test('time is that of the one that is furthest behind', () => {
    const harness = new OperatorHarness(({ next }) => {
      const junction = new Junction(2, { head: next, time: next });
      junction.inputs[1].watermark(3);
      return junction.inputs[0];
    });
    harness.watermark(7);
    expect(harness.watermarks).toEqual([3]);
  });

  test('a split gives to the first route that wants the value', () => {
    const outputs = replayOperator(({ faults, counts, next }) => {
      const [odd, rest] = new Junction(2, { head: next, time: next }).inputs;
      const small = new FlatMapOperator('small', n => [`small ${n}`], faults, counts, odd);
      const routes = [(n: unknown) => n === 1, (n: unknown) => (n as number) < 3];
      const branches = [
        { head: small, time: odd },
        { head: rest, time: rest },
      ];
      return new SplitOperator('split', routes, branches, faults, counts);
    }, events);
    expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
      ['small 1'],
      [2],
      [],
      [],
      [],
    ]);
  });

  test('a route that returns a promise stops the pipeline', () => {
    const harness = new OperatorHarness(({ faults, counts, next }) => {
      const branches = [{ head: next, time: next }];
      return new SplitOperator('split', [async () => true], branches, faults, counts);
    });
    expect(() => harness.push('k', 1, 1)).toThrow(
      expect.objectContaining({ code: 'ASYNC_OPERATOR' }),
    );
  });
});
