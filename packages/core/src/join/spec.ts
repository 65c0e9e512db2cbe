import { shown } from '../errors.ts';
import { DURATION_FORM, durationMs } from '../time/duration.ts';
import type { HoppingWindows } from '../window/hopping.ts';
import type { SessionWindows } from '../window/session.ts';
import type { SlidingAssigner } from '../window/sliding.ts';
import { type ResolvedWindow, resolveWindow } from '../window/spec.ts';
import type { TumblingWindows } from '../window/tumbling.ts';
import type { AsOfSpec } from './as-of.ts';
import type { IntervalSpec } from './interval.ts';
import type { UnboundedSpec } from './unbounded.ts';

/** The windows that rows can be joined in. */
export type JoinWindows = TumblingWindows | HoppingWindows | SessionWindows;

/** What `.join()` takes. */
export type JoinSpec = IntervalSpec | UnboundedSpec | AsOfSpec | JoinWindows;

/** Pairs by the distance of their times. */
export interface ResolvedInterval {
  readonly kind: 'interval';
  readonly lower: number;
  readonly upper: number;
  /** How far behind the watermark a row may be and still is not late. */
  readonly lateBy: number;
  readonly described: string;
}

/** A spec with its durations in milliseconds, checked. */
export type ResolvedJoin =
  | ResolvedInterval
  | { readonly kind: 'window'; readonly assigner: SlidingAssigner; readonly described: string }
  | { readonly kind: 'session'; readonly gap: number; readonly described: string }
  | { readonly kind: 'asOf'; readonly ttl: number; readonly described: string };

type Wrong = (what: string) => never;

/** Throws whatever `wrong` throws, for a spec that cannot be. */
export function resolveJoin(spec: JoinSpec, wrong: Wrong): ResolvedJoin {
  switch (spec?.kind) {
    case 'interval':
      return resolveInterval(spec, wrong);
    case 'unbounded':
      return resolveUnbounded(spec, wrong);
    case 'asOf': {
      if (spec.ttl === undefined) return { kind: 'asOf', ttl: FOREVER, described: 'as-of join' };
      const ttl = timeToLive(spec.ttl, wrong);
      return { kind: 'asOf', ttl, described: `as-of join, versions live ${ttl} ms` };
    }
    case 'tumbling':
    case 'hopping':
    case 'session':
      return resolveWindowed(spec, wrong);
    default:
      return wrong(
        'no window; it takes interval(lower, upper), tumbling(size), hopping(size, slide), ' +
          'session(gap), unbounded({ ttl }) or asOf()',
      );
  }
}

const FOREVER = Number.POSITIVE_INFINITY;

function resolveInterval(spec: IntervalSpec, wrong: Wrong): ResolvedInterval {
  const lower = bound('lower', spec.lower, wrong) + (spec.lowerExclusive ? 1 : 0);
  const upper = bound('upper', spec.upper, wrong) - (spec.upperExclusive ? 1 : 0);
  if (lower > upper) {
    wrong(
      `the lower bound ${shown(spec.lower)} above the upper bound ` +
        `${shown(spec.upper)}: no two rows are so far apart` +
        (spec.lowerExclusive || spec.upperExclusive ? ' when the bounds are exclusive' : ''),
    );
  }
  const described = `interval join ${lower} to ${upper} ms`;
  return { kind: 'interval', lower, upper, lateBy: 0, described };
}

/** A row lives until its time + ttl; the rows of a pair are alive together. */
function resolveUnbounded(spec: UnboundedSpec, wrong: Wrong): ResolvedInterval {
  const ttl = timeToLive(spec.ttl, wrong);
  const described = ttl === FOREVER ? 'join of all rows' : `join of rows that live ${ttl} ms`;
  return { kind: 'interval', lower: 0 - ttl, upper: ttl, lateBy: ttl - 1, described };
}

function resolveWindowed(spec: JoinWindows, wrong: Wrong): ResolvedJoin {
  const window = resolveWindow(spec, wrong);
  const described = `join in ${window.described}`;
  if (window.kind === 'session') return { kind: 'session', gap: window.gapMs, described };
  // What is neither a session nor aligned in time is no `JoinWindows`.
  const { assigner } = window as Extract<ResolvedWindow, { kind: 'time' }>;
  return { kind: 'window', assigner, described };
}

function bound(which: string, duration: unknown, wrong: Wrong): number {
  const ms = durationMs(duration);
  if (ms !== undefined) return ms;
  return wrong(`the ${which} bound ${shown(duration)}; it must be ${DURATION_FORM}`);
}

function timeToLive(ttl: unknown, wrong: Wrong): number {
  if (ttl === FOREVER) return FOREVER;
  const ms = durationMs(ttl);
  if (ms !== undefined && ms >= 0) return ms;
  return wrong(`the ttl ${shown(ttl)}; it must be 0 or more, as ${DURATION_FORM}, or Infinity`);
}
