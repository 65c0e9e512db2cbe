import { describe, expect, test } from 'vitest';
import type { ResolvedState } from '../operator/keyed-states.ts';
import type { ListState, MapState, ValueState } from '../state/spec.ts';
import {
  type HarnessOptions,
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  type OperatorOutput,
  replayOperator,
} from '../testing/operator-harness.ts';
import type { RecordCall, TimerCall } from './keyed-calls.ts';
import { ProcessOperator } from './process.ts';

interface States {
  readonly n: ValueState<number>;
  readonly seen: MapState<string, number>;
  readonly log: ListState<unknown>;
}

const states: ResolvedState[] = [
  { name: 'n', kind: 'value', initial: 0, ttl: undefined },
  { name: 'seen', kind: 'map', initial: undefined, ttl: undefined },
  { name: 'log', kind: 'list', initial: undefined, ttl: undefined },
];

function lived(ms: number, time: 'event' | 'processing', refreshOnRead = false): ResolvedState[] {
  return states.map(state => ({ ...state, ttl: { ms, time, refreshOnRead } }));
}

function makerOf(onRecord: RecordCall, onTimer?: TimerCall, declared = states) {
  return ({ next, ...parts }: HarnessParts) =>
    new ProcessOperator({ step: 'p', states: declared, ...parts, onRecord, onTimer }, next);
}

function harnessOf(
  onRecord: RecordCall,
  onTimer?: TimerCall,
  declared = states,
  options?: HarnessOptions,
): OperatorHarness {
  return new OperatorHarness(makerOf(onRecord, onTimer, declared), options);
}

const stateOf = (context: { state: unknown }) => context.state as States;
const row = ({ key, value, timestamp }: OperatorOutput) => [key, value, timestamp];

/** Records are programs: what they do to the state, and what they emit. */
const program: RecordCall = (value, context) => {
  const { n, seen, log } = stateOf(context);
  const [what, ...given] = value as [string, ...unknown[]];
  const { timers } = context;
  switch (what) {
    case 'count':
      n.set(n.get() + 1);
      return n.get();
    case 'see':
      seen.set(given[0] as string, (seen.get(given[0] as string) ?? 0) + 1);
      return seen.entries().flat();
    case 'log':
      log.add(given[0]);
      return [log.length, ...log.get()];
    case 'timer':
      return [timers.set(given[0] as number, given[1] as 'event')];
    case 'untimer':
      return [timers.delete(given[0] as number, given[1] as 'event')];
    case 'clear':
      n.clear();
      seen.clear();
      log.clear();
      return undefined;
    default:
      return [n.get(), ...seen.keys(), ...log.get()];
  }
};

const told: TimerCall = (timer, context) => {
  const { n, log } = stateOf(context);
  n.set(n.get() + 100);
  log.add(timer.timestamp);
  return [`${timer.kind} ${timer.timestamp} at ${context.watermark}`, n.get()];
};

const script: OperatorEvent[] = [
  ['record', 'a', 1, ['count']],
  ['record', 'b', 2, ['count']],
  ['record', 'a', 3, ['see', 'x']],
  ['record', 'a', 3, ['see', 'y']],
  ['record', 'a', 4, ['log', 'first']],
  ['record', 'a', 5, ['log', { second: 2 }]],
  ['record', 'a', 5, ['timer', 20]],
  ['record', 'a', 5, ['timer', 10]],
  ['record', 'b', 5, ['timer', 10]],
  ['record', 'b', 5, ['timer', 11]],
  ['record', 'b', 5, ['untimer', 11]],
  ['record', 'b', 5, ['untimer', 12]],
  ['record', 7, 6, ['timer', 50, 'processing']],
  ['record', 7, 6, ['timer', 60, 'processing']],
  ['watermark', 10],
  ['record', 'a', 12, ['timer', 9]],
  ['clock', 49],
  ['clock', 55],
  ['record', 'b', 13, ['timer', 54, 'processing']],
  ['record', 'a', 13, ['look']],
  ['record', 'a', 13, ['clear']],
  ['record', 'a', 14, ['look']],
  ['end'],
];

test('state and timers per key, however the operator is driven', () => {
  const outputs = replayOperator(makerOf(program, told), script);
  expect(outputs.map(one => one.map(row))).toEqual([
    [['a', 1, 1]],
    [['b', 1, 2]],
    [
      ['a', 'x', 3],
      ['a', 1, 3],
    ],
    [
      ['a', 'x', 3],
      ['a', 1, 3],
      ['a', 'y', 3],
      ['a', 1, 3],
    ],
    [
      ['a', 1, 4],
      ['a', 'first', 4],
    ],
    [
      ['a', 2, 5],
      ['a', 'first', 5],
      ['a', { second: 2 }, 5],
    ],
    [['a', true, 5]],
    [['a', true, 5]],
    [['b', true, 5]],
    [['b', true, 5]],
    [['b', true, 5]],
    [['b', false, 5]],
    [[7, true, 6]],
    [[7, true, 6]],
    [
      ['a', 'event 10 at 10', 10],
      ['a', 101, 10],
      ['b', 'event 10 at 10', 10],
      ['b', 101, 10],
    ],
    // Behind the watermark: at once.
    [
      ['a', true, 12],
      ['a', 'event 9 at 10', 9],
      ['a', 201, 9],
    ],
    [],
    [
      [7, 'processing 50 at 10', 50],
      [7, 100, 50],
    ],
    [
      ['b', true, 13],
      ['b', 'processing 54 at 10', 54],
      ['b', 201, 54],
    ],
    [
      ['a', 201, 13],
      ['a', 'x', 13],
      ['a', 'y', 13],
      ['a', 'first', 13],
      ['a', { second: 2 }, 13],
      ['a', 10, 13],
      ['a', 9, 13],
    ],
    [],
    [['a', 0, 14]],
    [
      ['a', 'event 20 at Infinity', 20],
      ['a', 100, 20],
      [7, 'processing 60 at Infinity', 60],
      [7, 200, 60],
    ],
  ]);
});

test('counts what it takes and what it makes', () => {
  const harness = harnessOf(program, told);
  for (const event of script) harness.apply(event);
  const processed = script.filter(([what]) => what === 'record').length;
  expect(harness.counts).toMatchObject({ processed, fired: harness.take().length });
  expect(harness.watermarks).toEqual([10, Number.POSITIVE_INFINITY]);
  expect(harness.ended).toBe(true);
});

describe('timers', () => {
  test('fire in the order of time before the watermark passes on', () => {
    const harness = harnessOf(
      (_value, { timers, timestamp }) => {
        for (const ahead of [30, 10, 20, 10]) timers.set(timestamp + ahead);
      },
      ({ timestamp }) => timestamp,
    );
    harness.push('a', 0, '');
    harness.push('b', 5, '');
    harness.watermark(19);
    expect(harness.take().map(({ value }) => value)).toEqual([10, 15]);
    harness.watermark(30);
    expect(harness.take().map(({ value }) => value)).toEqual([20, 25, 30]);
    harness.end();
    expect(harness.take().map(({ value }) => value)).toEqual([35]);
  });

  test('that are set again and again end with the input', () => {
    const answers: boolean[] = [];
    const again: TimerCall = ({ timestamp, kind }, { timers }) => {
      answers.push(timers.set(timestamp + 10, kind));
      return `${kind} ${timestamp}`;
    };
    const harness = harnessOf((_value, { timers }) => {
      timers.set(10);
      timers.set(10, 'processing');
    }, again);
    harness.push('a', 1, '');
    harness.watermark(30);
    harness.tick(25);
    harness.end();
    expect(harness.take().map(({ value }) => value)).toEqual([
      'event 10',
      'event 20',
      'event 30',
      'processing 10',
      'processing 20',
      'event 40',
      'processing 30',
    ]);
    expect(answers.slice(-2)).toEqual([false, false]);
  });

  test('of a time that is none are an error of the record', () => {
    const harness = harnessOf((_value, { timers }) => timers.set(0.5));
    harness.push('a', 1, 'v');
    expect(harness.deadLetters.records).toMatchObject([
      { headers: { 'error.code': 'INVALID_TIMESTAMP' } },
    ]);
  });
});

describe('a call that throws', () => {
  const change: RecordCall = (value, context) => {
    const { n, seen, log } = stateOf(context);
    if (value === 'look') return [n.get(), seen.entries(), log.get(), context.timers.delete(77)];
    if (value === 'begin') {
      n.set(1);
      seen.set('kept', 1);
      log.set(['kept']);
      context.timers.set(77);
      return undefined;
    }
    n.set(n.get() + 1);
    n.clear();
    seen.set('new', 1);
    seen.set('kept', 2);
    seen.clear();
    seen.set('other', 1);
    log.add('more');
    log.set(['others']);
    log.add('even more');
    context.timers.set(99);
    context.timers.delete(77);
    context.timers.set(77);
    context.timers.delete(77);
    throw new Error('no');
  };
  const nothing = [1, [['kept', 1]], ['kept'], true];

  test('leaves nothing of what it did, and its record is a dead letter', () => {
    for (const retries of [0, 3]) {
      const harness = harnessOf(change, () => 'fired', states, { retries });
      harness.push('a', 1, 'begin');
      harness.push('a', 2, 'fail');
      harness.push('a', 3, 'look');
      expect(harness.take().map(({ value }) => value)).toEqual(nothing);
      expect(harness.deadLetters.records).toMatchObject([
        { key: 'a', value: 'fail', headers: { 'error.step': 'p', 'error.message': 'Error: no' } },
      ]);
      expect(harness.counts).toMatchObject({ processed: 2, fired: 4, deadLetters: 1 });
    }
  });

  test('is made again, from what was there before', () => {
    let failures = 2;
    const harness = harnessOf(
      (_value, context) => {
        const { n } = stateOf(context);
        n.set(n.get() + 1);
        if (failures-- > 0) throw new Error('not yet');
        return n.get();
      },
      undefined,
      states,
      { retries: 3 },
    );
    harness.push('a', 1, '');
    expect(harness.take().map(({ value }) => value)).toEqual([1]);
  });

  test('in the middle of its outputs goes on behind those that were given', () => {
    const events: OperatorEvent[] = [
      ['record', 'a', 1, 3],
      ['record', 'a', 2, 2],
    ];
    const outputs = replayOperator(
      parts => {
        const failed = new Set<unknown>();
        return makerOf(function* (value, context) {
          const { n } = stateOf(context);
          for (let i = 0; i < (value as number); i++) {
            n.set(n.get() + 1);
            if (i === 1 && !failed.has(value)) {
              failed.add(value);
              throw new Error('once');
            }
            yield n.get();
          }
        })(parts);
      },
      events,
      { retries: 1 },
    );
    expect(outputs.map(one => one.map(({ value }) => value))).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test('of a timer is a dead letter with the state of its key', () => {
    const harness = harnessOf(
      (_value, context) => {
        const { n, seen } = stateOf(context);
        n.set(5);
        seen.set('x', 1);
        context.timers.set(10);
      },
      (_timer, context) => {
        stateOf(context).n.set(6);
        throw new Error('late');
      },
    );
    harness.push('a', 1, '');
    harness.watermark(10);
    expect(harness.deadLetters.records).toMatchObject([
      {
        key: 'a',
        timestamp: 10,
        headers: { 'timer.kind': 'event', 'timer.timestamp': '10', 'error.message': 'Error: late' },
      },
    ]);
    const [{ value }] = harness.deadLetters.records;
    expect(JSON.parse(value as string)).toEqual({
      key: 'a',
      timer: { kind: 'event', timestamp: 10 },
      state: { n: 5, seen: { x: 1 } },
    });
    expect(harness.counts).toMatchObject({ processed: 1, fired: 1, deadLetters: 1 });
  });

  test('returns a promise: the pipeline stops', () => {
    const harness = harnessOf(async () => 1);
    expect(() => harness.push('a', 1, '')).toThrow(
      expect.objectContaining({ code: 'ASYNC_OPERATOR' }),
    );
  });
});

describe('a time to live', () => {
  const use: RecordCall = (value, context) => {
    const { n, seen, log } = stateOf(context);
    if (value === 'write') {
      n.set(n.get() + 1);
      seen.set(`${context.timestamp}`, 1);
      log.add(context.timestamp);
    }
    return [[n.get(), seen.keys(), log.get()]];
  };
  const last = (harness: OperatorHarness) => harness.take().map(({ value }) => value);

  test('of event time ends by the timestamps of records', () => {
    const harness = harnessOf(use, undefined, lived(10, 'event'));
    harness.push('a', 100, 'write');
    harness.push('a', 105, 'write');
    harness.push('a', 112, 'read');
    harness.push('a', 115, 'read');
    expect(last(harness)).toEqual([
      [1, ['100'], [100]],
      [2, ['100', '105'], [100, 105]],
      [2, ['105'], [105]],
      [0, [], []],
    ]);
  });

  test('of processing time ends by the clock; reading may begin it anew', () => {
    for (const refreshOnRead of [false, true]) {
      const harness = harnessOf(use, undefined, lived(10, 'processing', refreshOnRead));
      harness.push('a', 1, 'write');
      harness.tick(9);
      harness.push('a', 1, 'read');
      harness.tick(18);
      harness.push('a', 1, 'read');
      harness.tick(28);
      harness.push('a', 1, 'read');
      const [, alive, refreshed, gone] = last(harness);
      expect(alive).toEqual([1, ['1'], [1]]);
      expect(refreshed).toEqual(refreshOnRead ? [1, ['1'], [1]] : [0, [], []]);
      expect(gone).toEqual([0, [], []]);
    }
  });

  test('lets go of what nobody can see any more', () => {
    const harness = harnessOf(use, undefined, lived(10, 'event'));
    for (let i = 0; i < 100; i++) harness.push(`k${i}`, i, 'write');
    harness.watermark(90);
    for (let i = 0; i < 200; i++) harness.push('other', 95, 'read');
    let rows = 0;
    const reader = harness.snapshot().reader();
    for (let group = reader.nextGroup(); group !== undefined; group = reader.nextGroup()) {
      while (reader.more()) {
        reader.take();
        if (group >= 0) rows++;
      }
    }
    // Of the last 19 keys a value, a map's entry and a list.
    expect(rows).toBe(3 * 19);
  });

  test('is the same however the operator is driven', () => {
    const events: OperatorEvent[] = [];
    for (let i = 0; i < 60; i++) {
      events.push(['record', `k${i % 7}`, i, i % 3 === 0 ? 'read' : 'write']);
      if (i % 10 === 9) events.push(['watermark', i - 3], ['clock', i * 2]);
    }
    for (const declared of [
      lived(12, 'event'),
      lived(9, 'processing', true),
      lived(20, 'event', true),
    ]) {
      replayOperator(makerOf(use, undefined, declared), [...events, ['end']]);
    }
  });
});

test('state moves by key groups between tasks', () => {
  const one = harnessOf(program, told);
  for (let i = 0; i < 50; i++) {
    one.push(`k${i}`, i, ['count']);
    one.push(`k${i}`, i, ['log', i]);
    one.push(`k${i}`, i, ['timer', 100 + i]);
  }
  const snapshot = one.snapshot();
  const fired: unknown[] = [];
  for (const [from, to] of [
    [0, 40],
    [40, 128],
  ]) {
    const part = harnessOf(program, told);
    part.restoreFrom([snapshot], from, to);
    part.end();
    fired.push(...part.take().map(({ key }) => key));
  }
  expect(fired.length).toBe(100);
  expect(new Set(fired).size).toBe(50);
});
