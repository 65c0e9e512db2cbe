import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TimeToLive } from '../state/ttl.ts';
import {
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  replayOperator,
} from '../testing/operator-harness.ts';
import type { RecordCall, TimerCall } from './keyed-calls.ts';
import type { ResolvedState } from './keyed-states.ts';
import { ProcessOperator } from './process.ts';

type Action = readonly [what: string, name: number, n: number];

/** Changes what a key has, in every way that there is. */
const onRecord: RecordCall = (value, { state, timers, timestamp }) => {
  // biome-ignore lint/suspicious/noExplicitAny: handles of all kinds
  const { sum, names, items } = state as any;
  for (const [what, name, n] of value as Action[]) {
    if (what === 'set') sum.set(n);
    else if (what === 'clear') sum.clear();
    else if (what === 'name') names.set(name, n);
    else if (what === 'unname') names.delete(name);
    else if (what === 'forget') names.clear();
    else if (what === 'add') items.add(n);
    else if (what === 'replace') items.set([n, name]);
    else if (what === 'empty') items.clear();
    else if (what === 'timer') timers.set(timestamp + n, name === 0 ? 'processing' : 'event');
    else if (what === 'untimer') timers.delete(timestamp + n);
    else if (what === 'fail') throw new Error('fails');
  }
  return { sum: sum.get(), names: names.entries().sort(), items: items.get() };
};

const onTimer: TimerCall = ({ kind, timestamp }, { state }) => {
  // biome-ignore lint/suspicious/noExplicitAny: handles of all kinds
  const { sum, names } = state as any;
  sum.set((sum.get() ?? 0) + 1);
  if (timestamp % 3 === 0) names.clear();
  return { kind, timestamp, sum: sum.get(), names: names.entries().sort() };
};

function makerOf(ttl: TimeToLive | undefined) {
  const state = (name: string, kind: ResolvedState['kind']): ResolvedState => ({
    name,
    kind,
    initial: undefined,
    ttl,
  });
  const states = [state('sum', 'value'), state('names', 'map'), state('items', 'list')];
  return (parts: HarnessParts) =>
    new ProcessOperator({ ...parts, step: 'p', states, onRecord, onTimer }, parts.next);
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const what = fc.constantFrom(
  ...['set', 'set', 'clear', 'name', 'name', 'unname', 'forget', 'add', 'add', 'replace', 'empty'],
  ...['timer', 'timer', 'untimer', 'fail'],
);
const actions = fc.array(fc.tuple(what, fc.nat(2), fc.nat(9)), { minLength: 1, maxLength: 4 });
const moves = fc.oneof(
  { arbitrary: fc.record({ key, late: fc.nat(4), actions }), weight: 5 },
  { arbitrary: fc.record({ forward: fc.integer({ min: 1, max: 6 }) }), weight: 2 },
  { arbitrary: fc.record({ clock: fc.integer({ min: 1, max: 6 }) }), weight: 1 },
);

test('state of every kind comes back from snapshots of what has changed', () => {
  const ttls: (TimeToLive | undefined)[] = [
    undefined,
    { ms: 8, time: 'event', refreshOnRead: true },
    { ms: 8, time: 'processing', refreshOnRead: false },
  ];
  for (const ttl of ttls) {
    fc.assert(
      fc.property(fc.array(moves, { minLength: 10, maxLength: 50 }), all => {
        let time = 10;
        let clock = 0;
        const events = all.map((move): OperatorEvent => {
          if ('actions' in move) return ['record', move.key, time - move.late, move.actions];
          if ('clock' in move) {
            clock += move.clock;
            return ['clock', clock];
          }
          time += move.forward;
          return ['watermark', time - 5];
        });
        replayOperator(makerOf(ttl), [...events, ['end']]);
      }),
      { numRuns: 60 },
    );
  }
});

test('what is gone by then does not come back to memory', () => {
  const ttl: TimeToLive = { ms: 10, time: 'event', refreshOnRead: false };
  const harness = new OperatorHarness(makerOf(ttl), { restoring: 'increments' });
  for (let at = 0; at < 60; at++) {
    harness.apply(['record', `k${at}`, at, [['set', 0, 1]]]);
    harness.apply(['watermark', at]);
  }
  harness.restore();
  const reader = harness.snapshot().reader();
  let rows = 0;
  for (let group = reader.nextGroup(); group !== undefined; group = reader.nextGroup()) {
    for (; reader.more(); rows++) reader.take();
  }
  // Ten keys, and the times of the operator.
  expect(rows).toBe(11);
});
