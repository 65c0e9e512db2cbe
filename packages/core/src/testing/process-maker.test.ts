import { expect, test } from 'vitest';
import { pipeline } from '../pipeline/builder.ts';
import { json } from '../serde/json.ts';
import { listState, mapState, valueState } from '../state/spec.ts';
import { replayOperator } from './operator-harness.ts';
import { processOperator } from './process-maker.ts';
import { testPipeline } from './test-pipeline.ts';

test('functions of a user are replayed however an operator can be driven', () => {
  const lastOf = processOperator({
    state: { last: valueState('nothing', { ttl: 10 }) },
    onRecord(value: string, { state, timers, timestamp }) {
      const before = state.last.get();
      state.last.set(value);
      timers.set(timestamp + 5);
      return `${value} after ${before}`;
    },
    onTimer: ({ timestamp }) => timestamp,
  });
  const outputs = replayOperator(lastOf, [
    ['record', 'k', 1, 'a'],
    ['record', 'k', 2, 'b'],
    ['watermark', 6],
    ['record', 'k', 20, 'c'],
    ['end'],
  ]);
  expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
    ['a after nothing'],
    ['b after a'],
    [6],
    ['c after nothing'],
    [7, 25],
  ]);
});

test('what cannot be is refused', () => {
  expect(() => processOperator({} as never)).toThrow('needs a function as its onRecord');
  const state = { n: valueState(0, { ttl: 0 }) };
  expect(() => processOperator({ state, onRecord: () => 0 })).toThrow('with the ttl 0');
});

test('a test finds code that changes in place what a state gave', () => {
  const hasty = pipeline('hasty')
    .from('in', json<string>())
    .keyBy(word => word)
    .process({
      state: {
        one: valueState<{ n: number }>(),
        many: mapState<string, number[]>(),
        all: listState<{ n: number }>(),
      },
      onRecord(word, { state }) {
        const { one, many, all } = state;
        if (one.get() === undefined) {
          one.set({ n: 0 });
          many.set('x', [1]);
          all.add({ n: 1 });
          all.set([...all.get(), { n: 2 }]);
          return;
        }
        if (word === 'value') (one.get() as { n: number }).n++;
        if (word === 'map') many.get('x')?.push(2);
        if (word === 'list') all.get()[0].n++;
      },
    })
    .to('out', json<never>());
  using run = testPipeline(hasty);
  for (const word of ['value', 'map', 'list']) {
    run.push(word);
    run.push(word);
  }
  expect(run.deadLetters()).toHaveLength(3);
});
