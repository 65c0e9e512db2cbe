import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { windowOperator } from '../pipeline/chain.ts';
import type { WindowStep } from '../pipeline/graph.ts';
import {
  type HarnessOptions,
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  type OperatorOutput,
  replayOperator,
} from '../testing/operator-harness.ts';
import { counting } from '../window/counting.ts';
import { type Early, every, everyCount, resolveEarly } from '../window/early.ts';
import { global } from '../window/global.ts';
import { hopping } from '../window/hopping.ts';
import { session } from '../window/session.ts';
import { resolveWindow, type WindowSpec } from '../window/spec.ts';
import { tumbling } from '../window/tumbling.ts';
import type { AnyTrigger, Trigger } from '../window/user-trigger.ts';
import type { Panes } from '../window/window.ts';

interface Setup {
  readonly spec: WindowSpec;
  readonly allowedLateness?: number;
  readonly panes?: Panes;
  readonly early?: Early | undefined;
  readonly trigger?: AnyTrigger;
  readonly onClose?: boolean;
  readonly time?: 'event' | 'processing';
  readonly logic?: WindowStep['logic'];
}

interface Pane {
  n: number;
  sum: number;
}

/** How many values, their sum, and the window: as a list, so that it is easily compared. */
const sums: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: {
    create: (): Pane => ({ n: 0, sum: 0 }),
    add: (a, v) => {
      const pane = a as Pane;
      pane.n++;
      pane.sum += v as number;
      return pane;
    },
    merge: (left, right) => ({
      n: (left as Pane).n + (right as Pane).n,
      sum: (left as Pane).sum + (right as Pane).sum,
    }),
    result: (a, { window }) => [(a as Pane).n, (a as Pane).sum, window.start, window.end],
  },
};

/** The same in two steps, so that nothing is ever undone. */
const foldedSums: WindowStep['logic'] = {
  kind: 'aggregate',
  aggregate: {
    ...(sums.kind === 'aggregate' ? sums.aggregate : undefined),
    empty: undefined,
    read: (v: unknown) => v,
    fold: (a: unknown, v: unknown) => ({
      n: (a as Pane).n + 1,
      sum: (a as Pane).sum + (v as number),
    }),
  } as never,
};

const refuse = (what: string): never => {
  throw new Error(what);
};

function makerOf(setup: Setup) {
  const { time = 'event' } = setup;
  const step: WindowStep = {
    kind: 'window',
    name: 'window-1',
    window: resolveWindow(setup.spec, refuse),
    keyed: true,
    allowedLatenessMs: setup.allowedLateness ?? 0,
    lateTo: 'late',
    panes: setup.panes ?? 'accumulating',
    early: setup.early === undefined ? undefined : resolveEarly(setup.early, time, refuse),
    trigger: setup.trigger,
    onClose: setup.onClose,
    time,
    logic: setup.logic ?? sums,
  };
  return (parts: HarnessParts) => windowOperator(step, false, parts.next, parts);
}

function harnessOf(setup: Setup, options?: HarnessOptions): OperatorHarness {
  return new OperatorHarness(makerOf(setup), options);
}

type Row = [key: unknown, timestamp: number, ...rest: unknown[]];
const row = ({ key, value, timestamp }: OperatorOutput): Row => [
  key,
  timestamp,
  ...(value as unknown[]),
];

interface Accepted {
  readonly key: unknown;
  readonly timestamp: number;
  readonly value: number;
  /** Of windows with edges of their own. */
  readonly start: number;
  /** When it makes an early result due. */
  dueAt: number;
  /** Whether its window has fired since it came. */
  given: boolean;
}

interface NaiveWindow {
  readonly start: number;
  readonly end: number;
  readonly values: readonly Accepted[];
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Every kind of window as a filter over the values that it has been given: which windows there are is
 * found anew at each event, from nothing but the values. Slow, and plainly right.
 */
class Naive {
  private readonly setup: Setup;
  private readonly lateness: number;
  private now = Number.NEGATIVE_INFINITY;
  private values: Accepted[] = [];

  constructor(setup: Setup) {
    this.setup = setup;
    this.lateness = setup.allowedLateness ?? 0;
  }

  apply(event: OperatorEvent): Row[] {
    if (event[0] === 'record') return this.record(event[1], event[2], event[3] as number);
    return this.watermark(event[0] === 'watermark' ? event[1] : NEVER);
  }

  private record(key: unknown, timestamp: number, value: number): Row[] {
    const starts = this.startsOf(timestamp);
    const rows: Row[] = [];
    let late = 0;
    for (const start of starts) {
      const one = { key, timestamp, value, start, dueAt: NEVER, given: false };
      this.values.push(one);
      const window = this.windows().find(({ values }) => values.includes(one)) as NaiveWindow;
      if (window.end - 1 + this.lateness <= this.now) {
        late++;
        this.values.pop();
      } else rows.push(...this.afterValue(window, one));
    }
    if (starts.length > 0 && late === starts.length) rows.push([key, timestamp, 'late']);
    return rows;
  }

  private afterValue(window: NaiveWindow, one: Accepted): Row[] {
    const { spec, early, onClose } = this.setup;
    if (spec.kind === 'count' && window.values.length === spec.size) {
      this.drop(window);
      return this.fire(window);
    }
    if (window.end - 1 <= this.now) return onClose === true ? [] : this.fire(window);
    if (early?.kind === 'count' && this.fresh(window).length >= early.count) {
      return this.fire(window);
    }
    if (early?.kind === 'time') {
      const period = early.period as number;
      const at = (Math.floor(Math.max(one.timestamp, this.now + 1) / period) + 1) * period;
      if (at < window.end) one.dueAt = at;
    }
    return [];
  }

  private watermark(to: number): Row[] {
    const rows: Row[] = [];
    if (to <= this.now) return rows;
    const passes = (at: number): boolean => at > this.now && at <= to;
    for (const window of this.windows()) {
      const { end } = window;
      const early = Math.min(...this.fresh(window).map(({ dueAt }) => dueAt)) - 1;
      if (end - 1 > this.now && early <= to && early < NEVER) rows.push(...this.fire(window));
      const { onClose } = this.setup;
      if (onClose !== true && passes(end - 1)) rows.push(...this.fire(window));
      if (!passes(end - 1 + this.lateness)) continue;
      if (onClose === true) rows.push(...this.fire(window));
      this.drop(window);
    }
    this.now = to;
    return rows;
  }

  private fire({ start, end, values }: NaiveWindow): Row[] {
    const content =
      this.setup.panes === 'discarding' ? values.filter(({ given }) => !given) : values;
    for (const one of values) one.given = true;
    if (content.length === 0) return [];
    const sum = content.reduce((total, { value }) => total + value, 0);
    const times = content.map(({ timestamp }) => timestamp);
    const edges = end < NEVER ? [start, end] : [Math.min(...times), Math.max(...times) + 1];
    return [[content[0].key, edges[1] - 1, content.length, sum, ...edges]];
  }

  private fresh({ values }: NaiveWindow): Accepted[] {
    return values.filter(({ given }) => !given);
  }

  private drop(window: NaiveWindow): void {
    this.values = this.values.filter(one => !window.values.includes(one));
  }

  private startsOf(timestamp: number): number[] {
    const { spec } = this.setup;
    if (spec.kind !== 'tumbling' && spec.kind !== 'hopping') return [Number.NEGATIVE_INFINITY];
    const size = spec.size as number;
    const slide = (spec.kind === 'hopping' ? spec.slide : size) as number;
    const starts: number[] = [];
    for (let at = Math.floor((timestamp - size) / slide) * slide; at <= timestamp; at += slide) {
      if (timestamp < at + size) starts.push(at);
    }
    return starts;
  }

  private windows(): NaiveWindow[] {
    const { spec } = this.setup;
    const windows: NaiveWindow[] = [];
    const groups = Map.groupBy(this.values, ({ key, start }) => `${String(key)} ${start}`);
    for (const values of groups.values()) {
      const [{ start }] = values;
      if (spec.kind === 'session') windows.push(...sessionsOf(values, spec.gap as number));
      else {
        const end =
          spec.kind === 'tumbling' || spec.kind === 'hopping' ? start + Number(spec.size) : NEVER;
        windows.push({ start, end, values });
      }
    }
    return windows;
  }
}

/** Runs of values with no more than `gap` between neighbours. */
function sessionsOf(values: readonly Accepted[], gap: number): NaiveWindow[] {
  const sessions: { start: number; end: number; values: Accepted[] }[] = [];
  for (const one of values.toSorted((left, right) => left.timestamp - right.timestamp)) {
    const last = sessions.at(-1);
    if (last !== undefined && one.timestamp <= last.end) {
      last.values.push(one);
      last.end = one.timestamp + gap;
    } else {
      sessions.push({ start: one.timestamp, end: one.timestamp + gap, values: [one] });
    }
  }
  return sessions;
}

const someEvents = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant('record' as const),
        fc.constantFrom('a', 'b', 'ç'),
        fc.integer({ min: -30, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constant('watermark' as const), fc.integer({ min: -40, max: 70 })),
    },
  ),
  { maxLength: 40 },
);

const panes = fc.constantFrom<Panes>('accumulating', 'discarding');
const logic = fc.constantFrom(sums, foldedSums);
const byCount = fc.integer({ min: 1, max: 4 }).map(everyCount);
const someEarly = (least: number) =>
  fc.option(
    fc.oneof(
      byCount,
      least < 2 ? byCount : fc.integer({ min: 1, max: least - 1 }).map(period => every(period)),
    ),
    { nil: undefined },
  );

const timeSpecs = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map(size => tumbling(size)),
  fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    .map(([size, slide]) => hopping(size, slide)),
  fc.integer({ min: 1, max: 12 }).map(gap => session(gap)),
);

const setups: Record<string, fc.Arbitrary<Setup>> = {
  sessions: fc.record({
    logic,
    spec: fc.integer({ min: 1, max: 12 }).map(gap => session(gap)),
    allowedLateness: fc.nat(10),
    panes,
    early: someEarly(20),
  }),
  'windows of time with early results': timeSpecs.chain(spec =>
    fc.record({
      spec: fc.constant(spec),
      logic,
      allowedLateness: fc.nat(10),
      panes,
      early: someEarly(spec.kind === 'session' ? 20 : (spec.size as number)).filter(
        early => early !== undefined,
      ),
    }),
  ),
  'results on closing only': fc.record({
    logic,
    spec: timeSpecs,
    allowedLateness: fc.integer({ min: 1, max: 10 }),
    panes,
    onClose: fc.constant(true),
  }),
  'global and count windows': fc.record({
    logic,
    spec: fc.oneof(
      fc.constant(global()),
      fc.integer({ min: 1, max: 8 }).map(size => counting(size)),
    ),
    panes,
    early: someEarly(20),
  }),
};

const normal = (rows: readonly unknown[][]): string[] =>
  rows.map(one => JSON.stringify(one)).sort();

describe('equal to a filter over all values, in every mode', () => {
  test.each(Object.entries(setups))('%s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, someEvents, (setup, script) => {
        const events: OperatorEvent[] = [...script, ['end']];
        const found = replayOperator(makerOf(setup), events).map(rowsOf);
        const naive = new Naive(setup);
        for (const [i, event] of events.entries()) {
          expect([i, normal(found[i])]).toEqual([i, normal(naive.apply(event))]);
        }
      }),
      { numRuns: 800 },
    );
  });
});

/** Outputs and late records as the naive model gives them. */
function rowsOf(outputs: readonly OperatorOutput[]): Row[] {
  return outputs.map(output => {
    const { late } = output as { late?: { key: unknown; timestamp: number } };
    return late === undefined ? row(output) : [late.key, late.timestamp, 'late'];
  });
}

/** The default of windows of time, as a trigger of a user's. */
const atEnd: Trigger<number> = {
  name: 'at end',
  onRecord: (_, { window, watermark, timer }) => {
    if (window.end - 1 <= watermark) return 'fire';
    timer(window.end - 1);
    return 'continue';
  },
  // A session's end may have moved on since the timer was set.
  onTime: (time, { window }) => (time === window.end - 1 ? 'fire' : 'continue'),
};

/** A result after every `n` values, by a state of its own. */
const eachOf = (n: number): Trigger<number, { n: number }> => ({
  create: () => ({ n: 0 }),
  merge: (left, right) => ({ n: left.n + right.n }),
  onRecord(_, { state }) {
    state.n++;
    if (state.n < n) return 'continue';
    state.n = 0;
    return 'fire';
  },
});

const anyTrigger = (trigger: object): AnyTrigger => trigger as AnyTrigger;

describe('triggers', () => {
  const plain = fc.record({ spec: timeSpecs, allowedLateness: fc.nat(10), panes });

  test('one that does what windows do by default gives what they give', () => {
    fc.assert(
      fc.property(plain, someEvents, (setup, script) => {
        const events: OperatorEvent[] = [...script, ['end']];
        const found = replayOperator(makerOf({ ...setup, trigger: anyTrigger(atEnd) }), events);
        const naive = new Naive(setup);
        for (const [i, event] of events.entries()) {
          expect([i, normal(rowsOf(found[i]))]).toEqual([i, normal(naive.apply(event))]);
        }
      }),
      { numRuns: 800 },
    );
  });

  test('one that counts gives what early results by count give, on a global window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), panes, someEvents, (n, kind, script) => {
        const setup: Setup = { spec: global(), panes: kind };
        const trigger = anyTrigger(eachOf(n));
        const found = replayOperator(makerOf({ ...setup, trigger }), script).map(rowsOf);
        const naive = new Naive({ ...setup, early: everyCount(n) });
        expect(found.map(normal)).toEqual(script.map(event => normal(naive.apply(event))));
      }),
      { numRuns: 200 },
    );
  });

  test('states of sessions that become one are merged', () => {
    const setup: Setup = { spec: session(10), trigger: anyTrigger(eachOf(3)) };
    const events: OperatorEvent[] = [
      ['record', 'k', 0, 1],
      ['record', 'k', 20, 2],
      ['record', 'k', 10, 4],
      ['end'],
    ];
    expect(replayOperator(makerOf(setup), events).map(rowsOf)).toEqual([
      [],
      [],
      [['k', 29, 3, 7, 0, 30]],
      [],
    ]);
  });

  test('a state may be replaced, and a timer by the clock may come before one that is set', () => {
    const trigger: Trigger<number, number> = {
      create: () => 0,
      onRecord(value, context) {
        context.state += value;
        context.timer(context.state > 5 ? 200 : 500, 'processing');
        return 'continue';
      },
      onTime: (time, { state }) => (time === 200 && state === 9 ? 'fire' : 'continue'),
    };
    const events: OperatorEvent[] = [
      ['record', 'k', 1, 4],
      ['record', 'k', 2, 5],
      ['clock', 199],
      ['clock', 200],
      ['clock', 500],
    ];
    const setup: Setup = { spec: global(), trigger: anyTrigger(trigger) };
    expect(replayOperator(makerOf(setup), events).map(rowsOf)).toEqual([
      [],
      [],
      [],
      [['k', 2, 2, 9, 1, 3]],
      [],
    ]);
  });

  test('a timer that fails once is called again', () => {
    let fails = 1;
    const trigger: Trigger<number> = {
      onRecord: (_, { timer }) => {
        timer(5);
        return 'continue';
      },
      onTime: () => {
        if (fails-- > 0) throw new Error('not now');
        return 'fire';
      },
    };
    const setup: Setup = { spec: tumbling(10), trigger: anyTrigger(trigger) };
    const harness = harnessOf(setup, { retries: 1 });
    harness.push('k', 1, 7);
    harness.watermark(5);
    expect(harness.take().map(row)).toEqual([['k', 9, 1, 7, 0, 10]]);
  });

  test('purge lets values go; the end of input gives what a global window has not given', () => {
    const verdicts: Record<number, string> = { 1: 'continue', 2: 'purge', 3: 'fire-and-purge' };
    const trigger = anyTrigger({ onRecord: (value: number) => verdicts[value] });
    const events: OperatorEvent[] = [
      ['record', 'k', 5, 1],
      ['record', 'k', 6, 2],
      ['record', 'k', 7, 1],
      ['record', 'k', 8, 3],
      ['record', 'k', 9, 1],
      ['end'],
    ];
    expect(replayOperator(makerOf({ spec: global(), trigger }), events).map(rowsOf)).toEqual([
      [],
      [],
      [],
      [['k', 8, 2, 4, 7, 9]],
      [],
      [['k', 9, 1, 1, 9, 10]],
    ]);
  });

  test('timers of both times; one that is set again is still one; none after the end', () => {
    const calls: unknown[] = [];
    const trigger: Trigger<number> = {
      onRecord: (_, context) => {
        context.timer(context.timestamp + 5);
        context.timer(context.timestamp + 5);
        context.timer(500, 'processing');
        return 'continue';
      },
      onTime: (time, context) => {
        calls.push([time, context.timestamp, context.key]);
        context.timer(time + 1000);
        return 'continue';
      },
    };
    const harness = harnessOf({ spec: global(), trigger: anyTrigger(trigger) });
    harness.push('k', 10, 1);
    harness.push('k', 10, 1);
    harness.watermark(14);
    expect(calls).toEqual([]);
    harness.watermark(15);
    expect(calls).toEqual([[15, 15, 'k']]);
    harness.tick(499);
    harness.tick(700);
    expect(calls.splice(1)).toEqual([[500, 500, 'k']]);
    // Those that are still to come are called once more, and then there are no others.
    harness.end();
    expect(calls.splice(1)).toEqual([
      [1015, 1015, 'k'],
      [1500, 1500, 'k'],
    ]);
  });

  test('one that fails leaves value, state and timers out; its timer is a dead letter', () => {
    let fails = false;
    const trigger: Trigger<number, number[]> = {
      create: () => [],
      onRecord(value, context) {
        context.state.push(value);
        context.timer(50);
        if (fails) throw new Error('no');
        return 'continue';
      },
      onTime(_, context) {
        context.state.push(-1);
        throw new Error(`saw ${context.state.join()}`);
      },
    };
    const setup: Setup = { spec: tumbling(100), trigger: anyTrigger(trigger) };
    const harness = harnessOf(setup, { retries: 2 });
    harness.push('k', 1, 1);
    fails = true;
    harness.push('k', 2, 2);
    expect(harness.deadLetters.records.splice(0)).toHaveLength(1);
    fails = false;
    harness.push('k', 3, 3);
    harness.watermark(60);
    const [dead] = harness.deadLetters.records;
    expect(dead).toMatchObject({
      key: 'k',
      timestamp: 50,
      headers: { 'window.start': '0', 'window.end': '100', 'error.message': 'Error: saw 1,3,-1' },
    });
    expect(JSON.parse(String(dead.value)).accumulator).toEqual({ n: 2, sum: 4 });
    expect(harness.counts).toMatchObject({ windowed: 2, fired: 1, deadLetters: 2 });
  });

  test.each([
    ['nothing', undefined, /returned undefined/],
    ['a promise', Promise.resolve('fire'), /returned a promise/],
  ])('what is no verdict is refused: %s', (_, verdict, message) => {
    const trigger = anyTrigger({ onRecord: () => verdict });
    const harness = harnessOf({ spec: global(), trigger });
    const push = (): void => harness.push('k', 1, 1);
    if (verdict instanceof Promise) expect(push).toThrow(message);
    else {
      push();
      const [{ headers }] = harness.deadLetters.records;
      expect(headers['error.message']).toMatch(message);
    }
  });

  test.each([
    ['no time', { timer: Number.NaN }, 'event', /set a timer for/],
    ['event time of a window by the clock', { timer: 5 }, 'processing', /event-time timer/],
  ] as const)('a timer that cannot be is refused: %s', (_, { timer }, time, message) => {
    const trigger = anyTrigger({
      onRecord: (_value: unknown, context: { timer(at: number, time?: string): void }) => {
        context.timer(timer, time === 'processing' ? 'event' : undefined);
        return 'continue';
      },
    });
    const harness = harnessOf({ spec: tumbling(10), trigger, time });
    harness.push('k', 1, 1);
    expect(harness.deadLetters.records[0].headers['error.message']).toMatch(message);
  });
});

describe('processing time', () => {
  const specs = fc.record({ spec: timeSpecs, panes, early: someEarly(1) });
  const clocked = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 9 })) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) },
    ),
    { maxLength: 40 },
  );

  test('is event time whose records carry the clock and whose watermark is the clock − 1', () => {
    fc.assert(
      fc.property(specs, clocked, (setup, script) => {
        let now = 0;
        const byClock: OperatorEvent[] = [];
        const byTime: OperatorEvent[] = [];
        for (const one of script) {
          if (typeof one === 'number') {
            now += one;
            byClock.push(['clock', now]);
            byTime.push(['watermark', now - 1]);
          } else {
            byClock.push(['record', one[0], 12345, one[1]]);
            byTime.push(['record', one[0], now, one[1]]);
          }
        }
        byClock.push(['end']);
        byTime.push(['end']);
        const found = replayOperator(makerOf({ ...setup, time: 'processing' }), byClock);
        const expected = replayOperator(makerOf(setup), byTime);
        expect(found.map(rowsOf).map(normal)).toEqual(expected.map(rowsOf).map(normal));
      }),
      { numRuns: 300 },
    );
  });

  test('event time passes through, and ends what is open', () => {
    const harness = harnessOf({ spec: tumbling(1000), time: 'processing' });
    harness.push('k', 5, 1);
    harness.watermark(50_000);
    expect(harness.watermarks).toEqual([50_000]);
    expect(harness.take()).toEqual([]);
    harness.end();
    expect(harness.take().map(row)).toEqual([['k', 999, 1, 1, 0, 1000]]);
  });

  test('early results by the clock of windows of event time', () => {
    const early = every(100, { time: 'processing' });
    const setup: Setup = { spec: tumbling(1000), early };
    const events: OperatorEvent[] = [
      ['clock', 30],
      ['record', 'k', 1, 1],
      ['record', 'k', 2, 2],
      ['clock', 99],
      ['clock', 100],
      ['clock', 300],
      ['record', 'k', 3, 4],
      ['clock', 399],
      ['clock', 450],
      ['watermark', 999],
      ['clock', 600],
    ];
    const found = replayOperator(makerOf(setup), events).map(rowsOf);
    expect(found.filter(rows => rows.length > 0)).toEqual([
      [['k', 999, 2, 3, 0, 1000]],
      [['k', 999, 3, 7, 0, 1000]],
      [['k', 999, 3, 7, 0, 1000]],
    ]);
  });
});

test.each(Object.entries(setups))(
  '%s: every value is windowed, late or unassigned',
  (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, someEvents, (setup, events) => {
        const harness = harnessOf(setup);
        for (const event of events) harness.apply(event);
        harness.end();
        const { windowed, late, unassigned, fired } = harness.counts;
        const records = events.filter(([kind]) => kind === 'record');
        expect(windowed + late + unassigned).toBe(records.length);
        expect(harness.late.records).toHaveLength(late);
        expect(harness.take()).toHaveLength(fired);
        expect(harness.ended).toBe(true);
      }),
    );
  },
);

test('a timer that fails when all values have gone is a dead letter without an accumulator', () => {
  const trigger: Trigger<number> = {
    onRecord: (_, { timer }) => {
      timer(50);
      return 'fire-and-purge';
    },
    onTime: () => {
      throw new Error('nothing left');
    },
  };
  const harness = harnessOf({ spec: global(), trigger: anyTrigger(trigger) });
  harness.push('k', 1, 1);
  harness.watermark(50);
  expect(harness.deadLetters.records).toMatchObject([{ key: 'k', timestamp: 50 }]);
  expect(harness.counts).toMatchObject({ fired: 2, deadLetters: 1 });
});

test('results on closing hold time back by what they wait', () => {
  const harness = harnessOf({ spec: tumbling(10), allowedLateness: 5, onClose: true });
  harness.push('k', 5, 1);
  harness.watermark(9);
  harness.push('k', 6, 2);
  harness.watermark(13);
  expect(harness.take()).toEqual([]);
  harness.watermark(14);
  expect(harness.take().map(row)).toEqual([['k', 9, 2, 3, 0, 10]]);
  expect(harness.watermarks).toEqual([4, 8, 9]);
  harness.end();
  expect(harness.watermarks.at(-1)).toBe(Number.POSITIVE_INFINITY);
});

describe('user code that throws', () => {
  /** Refuses a value half way; merges by changing the left one. */
  const touchy = (bad: { value: number; inMerge: boolean }): WindowStep['logic'] => ({
    kind: 'aggregate',
    aggregate: {
      create: () => ({ list: [] as number[] }),
      add: (a, v) => {
        const { list } = a as { list: number[] };
        list.push(v as number);
        if (v === bad.value) throw new Error('bad value');
        return a;
      },
      merge: (left, right) => {
        const { list } = left as { list: number[] };
        list.push(...(right as { list: number[] }).list);
        if (bad.inMerge) throw new Error('bad merge');
        return left;
      },
      result: (a, { window }) => [(a as { list: number[] }).list.join(), window.start, window.end],
    },
  });

  test.each([
    ['in add', { value: 3, inMerge: false }],
    ['in merge', { value: 0, inMerge: true }],
  ])('%s: two sessions stay as they were', (_, bad) => {
    const harness = harnessOf({ spec: session(10), logic: touchy(bad) }, { retries: 1 });
    harness.push('k', 0, 1);
    harness.push('k', 20, 2);
    harness.push('k', 10, 3);
    expect(harness.deadLetters.records).toHaveLength(1);
    harness.end();
    expect(harness.take().map(row)).toEqual([
      ['k', 9, '1', 0, 10],
      ['k', 29, '2', 20, 30],
    ]);
    expect(harness.counts).toMatchObject({ windowed: 2, deadLetters: 1, fired: 2 });
  });

  test('in result: the pane is a dead letter', () => {
    const logic: WindowStep['logic'] = {
      kind: 'aggregate',
      aggregate: {
        create: () => 0,
        add: (n, v) => (n as number) + (v as number),
        merge: (left, right) => (left as number) + (right as number),
        result: () => {
          throw new Error('no result');
        },
      },
    };
    const harness = harnessOf({ spec: session(10), logic });
    harness.push('k', 0, 1);
    harness.push('k', 4, 2);
    harness.end();
    const [dead] = harness.deadLetters.records;
    expect(JSON.parse(String(dead.value))).toEqual({
      key: 'k',
      window: { start: 0, end: 14 },
      accumulator: 3,
    });
  });
});

test('whole-window functions see the values of merged sessions, the earlier session first', () => {
  const logic: WindowStep['logic'] = {
    kind: 'process',
    process: (key, values, { start, end }) => [[values.join(), start, end, key]],
  };
  const harness = harnessOf({ spec: session(10), logic });
  for (const [at, value] of [
    [20, 1],
    [0, 2],
    [22, 3],
    [10, 4],
  ]) {
    harness.push('k', at, value);
  }
  harness.end();
  expect(harness.take().map(row)).toEqual([['k', 31, '2,1,3,4', 0, 32, 'k']]);
});

test('a session restored among other tasks: the watermark furthest behind holds', () => {
  const setup: Setup = { spec: session(10), allowedLateness: 100 };
  const [one, other] = [harnessOf(setup), harnessOf(setup)];
  one.push('k', 0, 1);
  one.watermark(50);
  other.push('j', 0, 1);
  other.watermark(5);
  expect(one.take()).toHaveLength(1);
  const both = harnessOf(setup);
  both.restoreFrom([one.snapshot(), other.snapshot()], 0, 128);
  both.watermark(60);
  // What has fired does not fire again.
  expect(both.take().map(row)).toEqual([['j', 9, 1, 1, 0, 10]]);
});
