import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MapState, TimeKind, ValueState } from '../state/spec.ts';
import {
  type HarnessParts,
  type OperatorEvent,
  replayOperator,
} from '../testing/operator-harness.ts';
import type { RecordCall, TimerCall } from './keyed-calls.ts';
import type { ResolvedState } from './keyed-states.ts';
import { ProcessOperator } from './process.ts';

/** What a record, and a timer whose time is even, does to the state and timers of its key. */
type Action =
  | readonly ['add', number]
  | readonly ['name', string, number]
  | readonly ['set', number, TimeKind]
  | readonly ['unset', number, TimeKind]
  | readonly ['fail']
  | readonly ['look'];

const TTL = 15;

const states: ResolvedState[] = [
  { name: 'sum', kind: 'value', initial: 0, ttl: { ms: TTL, time: 'event', refreshOnRead: false } },
  { name: 'names', kind: 'map', initial: undefined, ttl: undefined },
];

/** The state of a key as an action sees it: the operator's handles, or those of the model. */
interface View {
  readonly sum: Pick<ValueState<number>, 'get' | 'set'>;
  readonly names: Pick<MapState<string, number>, 'get' | 'set' | 'entries'>;
  setTimer(at: number, kind: TimeKind): boolean;
  unsetTimer(at: number, kind: TimeKind): boolean;
}

function act(actions: readonly Action[], at: number, view: View): unknown[] {
  const given: unknown[] = [];
  for (const [what, first, second] of actions) {
    if (what === 'add') view.sum.set(view.sum.get() + first);
    else if (what === 'name') view.names.set(first, (view.names.get(first) ?? 0) + second);
    else if (what === 'set') given.push(view.setTimer(at + first, second));
    else if (what === 'unset') given.push(view.unsetTimer(at + first, second));
    else if (what === 'fail') throw new Error('fails');
    else given.push([view.sum.get(), view.names.entries().sort()]);
  }
  return given;
}

/** A timer writes and looks; one of an even time sets another, one of a time that 7 divides fails. */
function actionsOfTimer(at: number): Action[] {
  const actions: Action[] = [['add', 1], ['look']];
  if (at % 2 === 0) actions.push(['set', 3, 'event']);
  if (at % 7 === 0) actions.push(['fail']);
  return actions;
}

const onRecord: RecordCall = (value, { state, timers, timestamp }) =>
  act(value as Action[], timestamp, {
    ...(state as unknown as View),
    setTimer: (at, kind) => timers.set(at, kind),
    unsetTimer: (at, kind) => timers.delete(at, kind),
  });

const onTimer: TimerCall = ({ kind, timestamp }, { state, timers }) => [
  kind,
  ...act(actionsOfTimer(timestamp), timestamp, {
    ...(state as unknown as View),
    setTimer: (at, what) => timers.set(at, what),
    unsetTimer: (at, what) => timers.delete(at, what),
  }),
];

interface KeyModel {
  sum: { value: number; at: number } | undefined;
  readonly names: Map<string, number>;
}

interface TimerModel {
  readonly key: string;
  readonly at: number;
  readonly kind: TimeKind;
}

/** The same by lists that are searched, and by copies of all state before each call. */
class Model {
  outputs: unknown[] = [];
  dead = 0;
  private keys = new Map<string, KeyModel>();
  private timers: TimerModel[] = [];
  private watermark = Number.NEGATIVE_INFINITY;
  private clockMs = Number.NEGATIVE_INFINITY;
  /** The largest timestamp of a record: event time as timers by the clock see it. */
  private latest = Number.NEGATIVE_INFINITY;
  private progress = Number.NEGATIVE_INFINITY;

  apply(event: OperatorEvent): unknown[] {
    this.outputs = [];
    this.dead = 0;
    if (event[0] === 'record') {
      const [, key, at, actions] = event as [string, string, number, Action[]];
      this.latest = Math.max(this.latest, at);
      this.call(key, at, () => act(actions, at, this.view(key, at)));
    } else if (event[0] === 'watermark') {
      this.watermark = event[1];
    } else if (event[0] === 'clock') {
      if (this.timers.some(({ kind, at }) => kind === 'processing' && at <= event[1])) {
        this.clockMs = event[1];
      }
    } else {
      this.watermark = Number.POSITIVE_INFINITY;
      this.fire();
      this.clockMs = Number.POSITIVE_INFINITY;
    }
    this.fire();
    return this.outputs;
  }

  /** Those of event time first, and of these the earliest. */
  private fire(): void {
    for (;;) {
      const first = this.due('event', this.watermark) ?? this.due('processing', this.clockMs);
      if (first?.kind !== 'event' && this.watermark !== Number.POSITIVE_INFINITY) {
        this.progress = this.watermark;
      }
      if (first === undefined) return;
      const { key, at, kind } = first;
      this.timers = this.timers.filter(one => one !== first);
      if (kind === 'event') this.progress = Math.max(this.progress, at);
      const seenAt = kind === 'event' ? at : this.latest;
      const view = () => this.view(key, seenAt);
      this.call(key, at, () => [kind, ...act(actionsOfTimer(at), at, view())]);
    }
  }

  private due(kind: TimeKind, passed: number): TimerModel | undefined {
    const due = this.timers.filter(one => one.kind === kind && one.at <= passed);
    if (due.length === 0) return undefined;
    return due.reduce((best, one) => (one.at < best.at ? one : best));
  }

  private call(key: string, at: number, work: () => unknown[]): void {
    const before = { keys: structuredClone(this.keys), timers: [...this.timers] };
    try {
      for (const value of work()) this.outputs.push({ key, timestamp: at, value });
    } catch {
      this.keys = before.keys;
      this.timers = before.timers;
      this.dead++;
    }
  }

  private view(key: string, at: number): View {
    const mine: KeyModel = this.keys.get(key) ?? { sum: undefined, names: new Map() };
    this.keys.set(key, mine);
    const isAlive = () => mine.sum !== undefined && mine.sum.at + TTL > Math.max(at, this.progress);
    const same = (when: number, kind: TimeKind) => (one: TimerModel) =>
      one.key === key && one.at === when && one.kind === kind;
    return {
      sum: {
        get: () => (isAlive() ? (mine.sum?.value ?? 0) : 0),
        set: value => {
          mine.sum = { value, at: Math.max(at, mine.sum?.at ?? at) };
        },
      },
      names: {
        get: name => mine.names.get(name),
        set: (name, value) => void mine.names.set(name, value),
        entries: () => [...mine.names],
      },
      setTimer: (when, kind) => {
        const passed = kind === 'event' ? this.watermark : this.clockMs;
        if (passed === Number.POSITIVE_INFINITY) return false;
        if (!this.timers.some(same(when, kind))) this.timers.push({ key, at: when, kind });
        return true;
      },
      unsetTimer: (when, kind) => {
        const found = this.timers.some(same(when, kind));
        this.timers = this.timers.filter(one => !same(when, kind)(one));
        return found;
      },
    };
  }
}

const kind = fc.constantFrom<TimeKind>('event', 'processing');
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(fc.constant('add' as const), fc.nat(9)),
  fc.tuple(fc.constant('name' as const), fc.constantFrom('x', 'y'), fc.nat(9)),
  fc.tuple(fc.constant('set' as const), fc.integer({ min: -5, max: 30 }), kind),
  fc.tuple(fc.constant('unset' as const), fc.integer({ min: -5, max: 30 }), kind),
  fc.constant(['look'] as const),
  { weight: 1, arbitrary: fc.constant(['fail'] as const) },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.nat(12),
      fc.array(action, { maxLength: 4 }),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('watermark' as const), fc.nat(12)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('clock' as const), fc.nat(12)) },
);

test('process is what lists and copies make of it, however it is driven', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.boolean(), (steps, ends) => {
      const events: OperatorEvent[] = [];
      let watermark = -1;
      let nowMs = 0;
      for (const one of steps) {
        const [what, ahead] = one;
        if (what === 'watermark') {
          watermark += ahead;
          events.push(['watermark', watermark]);
        } else if (what === 'clock') {
          nowMs += ahead;
          events.push(['clock', nowMs]);
        } else {
          // Records come out of order, and some behind the watermark.
          events.push(['record', what, watermark - 3 + ahead, one[2]]);
        }
      }
      if (ends) events.push(['end']);
      const model = new Model();
      const expected = events.map(event => {
        const outputs = model.apply(event);
        return { outputs: outputs.map(asText).sort(), dead: model.dead };
      });
      const make = ({ next, ...parts }: HarnessParts) =>
        new ProcessOperator({ step: 'p', states, ...parts, onRecord, onTimer }, next);
      const found = replayOperator(make, events).map(outputs => ({
        outputs: outputs
          .filter(one => !('dead' in one))
          .map(asText)
          .sort(),
        dead: outputs.filter(one => 'dead' in one).length,
      }));
      expect(found).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

function asText(value: unknown): string {
  return JSON.stringify(value);
}
