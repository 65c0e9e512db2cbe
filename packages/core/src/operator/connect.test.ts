import { expect, test } from 'vitest';
import type { ListState, ValueState } from '../state/spec.ts';
import type { HarnessParts } from '../testing/operator-harness.ts';
import { replayTwoInput, type TwoInputEvent } from '../testing/two-input-harness.ts';
import { ConnectOperator } from './connect.ts';
import type { RecordCall, TimerCall } from './keyed-calls.ts';
import type { ResolvedState } from './keyed-states.ts';

interface States {
  readonly rate: ValueState<number>;
  readonly waiting: ListState<number>;
}

const states: ResolvedState[] = [
  { name: 'rate', kind: 'value', initial: 0, ttl: undefined },
  { name: 'waiting', kind: 'list', initial: undefined, ttl: undefined },
];

const stateOf = (context: { readonly state: unknown }) => context.state as States;

/** Amounts wait for a rate, for ten milliseconds at most. */
const onLeft: RecordCall = (amount, context) => {
  const { rate, waiting } = stateOf(context);
  if (rate.get() > 0) return (amount as number) * rate.get();
  waiting.add(amount as number);
  context.timers.set(context.timestamp + 10);
  return undefined;
};

const onRight: RecordCall = (given, context) => {
  const { rate, waiting } = stateOf(context);
  rate.set(given as number);
  const amounts = waiting.get();
  waiting.clear();
  if (given === 13) throw new Error('unlucky');
  return amounts.map(amount => amount * (given as number));
};

const onTimer: TimerCall = (_timer, context) => {
  const amounts = stateOf(context).waiting.get();
  stateOf(context).waiting.clear();
  return amounts.map(amount => `${amount} without a rate`);
};

const make = ({ next, ...parts }: HarnessParts) =>
  new ConnectOperator(
    {
      step: 'c',
      states,
      ...parts,
      onLeft,
      onRight,
      onTimer,
      leftViews: false,
      rightViews: false,
    },
    next,
  );

test('two inputs share the state and timers of a key, however the operator is driven', () => {
  const events: TwoInputEvent[] = [
    ['left', 'a', 1, 10],
    ['left', 'a', 2, 20],
    ['left', 'b', 3, 30],
    ['right', 'a', 4, 13],
    ['right', 'a', 5, 2],
    ['left', 'a', 6, 40],
    ['watermark', 13],
    ['endLeft'],
    ['right', 'b', 20, 3],
    ['end'],
  ];
  const outputs = replayTwoInput(make, events);
  expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
    [],
    [],
    [],
    [undefined], // A dead letter.
    [20, 40],
    [80],
    ['30 without a rate'],
    [],
    [],
    [],
  ]);
});
