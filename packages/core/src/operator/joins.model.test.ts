import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JoinType } from '../join/join.ts';
import type { ResolvedJoin } from '../join/spec.ts';
import type { OperatorOutput } from '../testing/operator-harness.ts';
import {
  replayTwoInput,
  type TwoInputEvent,
  TwoInputHarness,
} from '../testing/two-input-harness.ts';
import { SlidingAssigner } from '../window/sliding.ts';
import { type JoinForm, joinOperator } from './join-operator.ts';

// A join is a nested loop over all rows: each model says for each event what must come out, from the
// list of rows alone. The operators must agree event by event, on late and early rows too.

const RUNS = 2_000;
const REPLAYS = 300;
const NEVER = Number.POSITIVE_INFINITY;

interface Row {
  readonly id: number;
  readonly side: 'left' | 'right';
  readonly key: string;
  readonly time: number;
  /** Which event brought it, and the watermark then. */
  readonly at: number;
  readonly watermark: number;
}

interface Told {
  readonly at: number;
  readonly watermark: number;
}

interface Case {
  readonly join: ResolvedJoin;
  readonly type: JoinType;
  readonly allowedLateness: number;
  readonly events: readonly TwoInputEvent[];
  readonly rows: readonly Row[];
  readonly told: readonly Told[];
}

/** What comes out, as one text each: by event. */
type Outputs = string[][];

/** The first watermark after event `after` that is ≥ `due`, as the number of its event. */
function firstTold({ told }: Case, after: number, due: number): number {
  const found = told.find(({ at, watermark }) => at > after && watermark >= due);
  if (found === undefined) throw new Error('time runs to its end');
  return found.at;
}

function noOutputs({ events }: Case): Outputs {
  return events.map(() => []);
}

function textOf(left: Row | undefined, right: Row | undefined, time: number): string {
  const key = (left ?? right)?.key;
  return `${key} ${left?.id ?? '-'}+${right?.id ?? '-'} @${time}`;
}

const late = (row: Row): string => `late ${row.side} ${row.id}`;

const isOuter = (type: JoinType, side: Row['side']): boolean => type === 'full' || type === side;

function alone(row: Row): string {
  return row.side === 'left' ? textOf(row, undefined, row.time) : textOf(undefined, row, row.time);
}

function sidesOf(rows: readonly Row[]): [left: Row[], right: Row[]] {
  return [rows.filter(({ side }) => side === 'left'), rows.filter(({ side }) => side === 'right')];
}

function intervalModel(one: Case): Outputs {
  const { join, type, rows } = one;
  if (join.kind !== 'interval') throw new Error('no interval');
  const out = noOutputs(one);
  const taken = rows.filter(row => {
    if (row.time >= row.watermark - join.lateBy) return true;
    out[row.at].push(late(row));
    return false;
  });
  const kept = ({ side, time }: Row): number =>
    time + (side === 'left' ? Math.max(join.upper, 0) : Math.max(-join.lower, 0));
  const joined = new Set<Row>();
  const [lefts, rights] = sidesOf(taken);
  for (const left of lefts) {
    for (const right of rights) {
      if (left.key !== right.key) continue;
      if (right.time < left.time + join.lower || right.time > left.time + join.upper) continue;
      const [first, second] = left.at < right.at ? [left, right] : [right, left];
      // Gone before the second came: by a watermark that was told between them.
      if (second.watermark > first.watermark && second.watermark >= kept(first)) continue;
      joined.add(left).add(right);
      out[second.at].push(textOf(left, right, Math.max(left.time, right.time)));
    }
  }
  for (const row of taken) {
    if (joined.has(row) || !isOuter(type, row.side)) continue;
    out[firstTold(one, row.at, kept(row))].push(alone(row));
  }
  return out;
}

function windowModel(one: Case): Outputs {
  const { join, type, rows, allowedLateness } = one;
  if (join.kind !== 'window') throw new Error('no window');
  const { size, slide, offset } = join.assigner;
  const out = noOutputs(one);
  const inWindow = new Map<number, Row[]>();
  for (const row of rows) {
    let assigned = 0;
    let open = 0;
    for (let n = -200; n < 400; n++) {
      const start = offset + n * slide;
      if (row.time < start || row.time >= start + size) continue;
      assigned++;
      if (start + size - 1 + allowedLateness <= row.watermark) continue;
      open++;
      inWindow.set(start, [...(inWindow.get(start) ?? []), row]);
    }
    if (assigned > 0 && open === 0) out[row.at].push(late(row));
  }
  for (const [start, members] of inWindow) {
    const last = start + size - 1;
    const [lefts, rights] = sidesOf(members);
    for (const row of members) {
      if (!isOuter(type, row.side)) continue;
      const others = row.side === 'left' ? rights : lefts;
      if (others.some(({ key }) => key === row.key)) continue;
      out[firstTold(one, row.at, last + allowedLateness)].push(alone(row));
    }
    for (const left of lefts) {
      for (const right of rights) {
        if (left.key !== right.key) continue;
        const second = left.at < right.at ? right : left;
        const at = second.watermark >= last ? second.at : firstTold(one, second.at, last);
        out[at].push(textOf(left, right, last));
      }
    }
  }
  return out;
}

/** Sessions depend on what came before, so this model goes through the events, with lists of rows. */
function sessionModel(one: Case): Outputs {
  const { join, type, rows, told, allowedLateness } = one;
  if (join.kind !== 'session') throw new Error('no session');
  const { gap } = join;
  const out = noOutputs(one);
  let sessions: Row[][] = [];
  const made = new Set<string>();
  const startOf = (session: readonly Row[]): number => Math.min(...session.map(({ time }) => time));
  const endOf = (session: readonly Row[]): number =>
    Math.max(...session.map(({ time }) => time)) + gap;
  const fire = (session: readonly Row[], at: number): void => {
    const [lefts, rights] = sidesOf(session);
    for (const left of lefts) {
      for (const right of rights) {
        const pair = `${left.id} ${right.id}`;
        if (made.has(pair)) continue;
        made.add(pair);
        out[at].push(textOf(left, right, endOf(session) - 1));
      }
    }
  };
  for (let at = 0; at < out.length; at++) {
    const row = rows.find(other => other.at === at);
    if (row !== undefined) {
      const touching = sessions.filter(
        session =>
          session[0].key === row.key &&
          startOf(session) <= row.time + gap &&
          endOf(session) >= row.time,
      );
      const united = [row, ...touching.flat()];
      if (endOf(united) - 1 + allowedLateness <= row.watermark) {
        out[at].push(late(row));
        continue;
      }
      sessions = [...sessions.filter(session => !touching.includes(session)), united];
      if (endOf(united) - 1 <= row.watermark) fire(united, at);
    }
    const watermark = told.find(other => other.at === at)?.watermark;
    if (watermark === undefined) continue;
    for (const session of sessions) if (endOf(session) - 1 <= watermark) fire(session, at);
    sessions = sessions.filter(session => {
      if (endOf(session) - 1 + allowedLateness > watermark) return true;
      const [lefts, rights] = sidesOf(session);
      const whole = lefts.length > 0 && rights.length > 0;
      for (const member of session) {
        if (!whole && isOuter(type, member.side)) out[at].push(alone(member));
      }
      return false;
    });
  }
  return out;
}

function asOfModel(one: Case): Outputs {
  const { join, type, rows } = one;
  if (join.kind !== 'asOf') throw new Error('no as-of join');
  const { ttl } = join;
  const out = noOutputs(one);
  const [lefts, rights] = sidesOf(rows);
  for (const right of rights) {
    const { watermark } = right;
    const replaced = rights.some(
      ({ key, time, at }) =>
        key === right.key && at < right.at && time > right.time && time <= watermark,
    );
    if (right.time + ttl < watermark || (right.time < watermark && replaced)) {
      out[right.at].push(late(right));
    }
  }
  for (const left of lefts) {
    if (left.time < left.watermark) {
      out[left.at].push(late(left));
      continue;
    }
    const at = left.time <= left.watermark ? left.at : firstTold(one, left.at, left.time);
    let seen: Row | undefined;
    for (const right of rights) {
      if (right.key !== left.key || right.at > at || right.time > left.time) continue;
      if (seen === undefined || right.time >= seen.time) seen = right;
    }
    if (seen !== undefined && left.time - seen.time > ttl) seen = undefined;
    if (seen !== undefined) out[at].push(textOf(left, seen, left.time));
    else if (type === 'left') out[at].push(alone(left));
  }
  return out;
}

// --- the operators --------------------------------------------------------------------------------

function formOf({ join, type, allowedLateness }: Case): JoinForm {
  return {
    name: 'join-1',
    join,
    type,
    call: (left, right) => `${left ?? '-'}+${right ?? '-'}`,
    allowedLatenessMs: allowedLateness,
    lateTo: 'late',
  };
}

function outputsOf(one: Case): { outputs: Outputs; harness: TwoInputHarness } {
  const form = formOf(one);
  const harness = new TwoInputHarness(parts => joinOperator(form, parts));
  const outputs = one.events.map(event => {
    const passed = harness.watermarks.at(-1) ?? Number.NEGATIVE_INFINITY;
    harness.apply(event);
    const taken = harness.take();
    if (isInBound(one))
      for (const { timestamp } of taken) expect(timestamp).toBeGreaterThan(passed);
    const lateRows = harness.late.records
      .splice(0)
      .map(({ value, headers }) => `late ${headers['late.side']} ${value}`);
    return [...taken.map(output), ...lateRows];
  });
  return { outputs, harness };
}

const output = ({ key, value, timestamp }: OperatorOutput): string =>
  `${key} ${value} @${timestamp}`;

const isInBound = ({ rows }: Case): boolean =>
  rows.every(({ time, watermark }) => time > watermark);

type Step = readonly [kind: number, key: number, advance: number, behind: number];

/** Rows whose times wander on, and watermarks that follow them: closely, or rashly. */
function caseOf(
  join: ResolvedJoin,
  type: JoinType,
  allowedLateness: number,
  bound: number,
  steps: readonly Step[],
): Case {
  const events: TwoInputEvent[] = [];
  const rows: Row[] = [];
  const told: Told[] = [];
  let now = 0;
  let newest = 0;
  let watermark = Number.NEGATIVE_INFINITY;
  for (const [id, [kind, keyNumber, advance, behind]] of steps.entries()) {
    const at = events.length;
    if (kind < 4) {
      now += advance;
      const time = now - behind;
      newest = Math.max(newest, time);
      const side = kind < 2 ? 'left' : 'right';
      const key = 'ab'[keyNumber];
      rows.push({ id, side, key, time, at, watermark });
      events.push([side, key, time, String(id)]);
    } else {
      events.push(['watermark', Math.max(watermark, newest - bound - 1)]);
      // One that has been told before is no news.
      if (newest - bound - 1 <= watermark) continue;
      watermark = newest - bound - 1;
      told.push({ at, watermark });
    }
  }
  told.push({ at: events.length, watermark: NEVER });
  events.push(['end']);
  return { join, type, allowedLateness, events, rows, told };
}

const steps = fc.array(
  fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 1 }), fc.nat({ max: 6 }), fc.nat({ max: 9 })),
  { maxLength: 22 },
);
const types = fc.constantFrom<JoinType>('inner', 'left', 'right', 'full');
/** Rows are at most 9 behind: with this bound none is late. */
const bounds = fc.constantFrom(0, 2, 5, 9);

const intervals = fc
  .tuple(fc.integer({ min: -40, max: 8 }), fc.nat({ max: 60 }))
  .map(([lower, span]): ResolvedJoin => {
    const upper = lower + span;
    return { kind: 'interval', lower, upper, lateBy: 0, described: '' };
  });
const lives = fc.oneof(fc.nat({ max: 40 }), fc.constant(NEVER));
const unboundeds = lives.map((ttl): ResolvedJoin => {
  return { kind: 'interval', lower: 0 - ttl, upper: ttl, lateBy: ttl - 1, described: '' };
});
const windows = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 14 }), fc.nat({ max: 4 }))
  .map(([size, slide, offset]): ResolvedJoin => {
    const assigner = new SlidingAssigner(size, slide, offset % slide);
    return { kind: 'window', assigner, described: '' };
  });
const sessions = fc
  .integer({ min: 1, max: 8 })
  .map((gap): ResolvedJoin => ({ kind: 'session', gap, described: '' }));
const asOfs = lives.map((ttl): ResolvedJoin => ({ kind: 'asOf', ttl, described: '' }));

const none = fc.constant(0);
const inner = fc.constant<JoinType>('inner');
const kinds = [
  ['interval joins', intervals, types, none, intervalModel],
  ['joins of rows with a time to live', unboundeds, inner, none, intervalModel],
  ['window joins', windows, types, fc.nat({ max: 12 }), windowModel],
  ['session joins', sessions, types, fc.nat({ max: 20 }), sessionModel],
  ['as-of joins', asOfs, fc.constantFrom<JoinType>('inner', 'left'), none, asOfModel],
] as const;

describe.each(kinds)('%s', (_name, joins, joinTypes, lateness, model) => {
  const cases = fc.tuple(joins, joinTypes, lateness, bounds, steps).map(args => caseOf(...args));

  test('give what a nested loop over all rows gives, event by event', () => {
    fc.assert(
      fc.property(cases, one => {
        const { outputs, harness } = outputsOf(one);
        const sort = (all: Outputs): Outputs => all.map(texts => texts.sort());
        expect(sort(outputs)).toEqual(sort(model(one)));
        const { counts } = harness;
        expect(counts.joined + counts.late + counts.unassigned).toBe(one.rows.length);
        expect(counts.fired).toBe(outputs.flat().filter(text => !text.startsWith('late')).length);
        expect(harness.watermarks.at(-1)).toBe(NEVER);
        expect(harness.ended).toBe(true);
        // Nothing is kept beyond the end but versions and rows that live for good.
        if ('ttl' in one.join || ('lower' in one.join && one.join.upper === NEVER)) return;
        const state = harness.snapshot().reader();
        state.nextGroup();
        expect(state.nextGroup()).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  test('give the same in whatever order rows within their bound come', () => {
    fc.assert(
      fc.property(joins, joinTypes, lateness, steps, (join, type, allowed, given) => {
        const all = (one: Case): string[] => outputsOf(one).outputs.flat().sort();
        const quick = caseOf(join, type, allowed, 9, given);
        expect(quick.rows.length === 0 || isInBound(quick)).toBe(true);
        const slow = caseOf(join, type, allowed, NEVER, given);
        expect(all(quick)).toEqual(all(slow));
      }),
      { numRuns: 300 },
    );
  });

  test('give the same item by item and in bulk, refused and restored at every point', () => {
    fc.assert(
      fc.property(cases, one => {
        const form = formOf(one);
        replayTwoInput(parts => joinOperator(form, parts), one.events);
      }),
      { numRuns: REPLAYS },
    );
  });
});
