import { together } from '../aggregate/together.ts';
import { shown } from '../errors.ts';
import type { TimeKind } from '../time/clock.ts';
import type { Aggregate } from '../window/aggregate.ts';
import { type ResolvedEarly, resolveEarly } from '../window/early.ts';
import { guardFor } from '../window/guard.ts';
import { plainCopy } from '../window/plain-copy.ts';
import { type ResolvedWindow, resolveWindow, type WindowSpec } from '../window/spec.ts';
import type { AnyTrigger } from '../window/user-trigger.ts';
import type { Draft } from './draft.ts';
import type { WindowStep } from './graph.ts';
import type { AnyWindowOptions } from './stream.ts';

/** A window step of which it is not known yet what is done with the values. */
export type OpenWindow = Omit<WindowStep, 'logic'>;

type AnyAggregate = Aggregate<unknown, unknown, unknown>;
type Wrong = (what: string) => never;
type Option = Exclude<keyof AnyWindowOptions, 'name'>;

/** Options that say nothing to a window of this kind, and why. */
const MEANINGLESS: Readonly<
  Record<ResolvedWindow['kind'], { readonly options: readonly Option[]; readonly why: string }>
> = {
  time: { options: [], why: '' },
  session: { options: [], why: '' },
  count: {
    options: ['allowedLateness', 'lateTo', 'trigger', 'emit', 'time'],
    why: 'is a count window, which knows no end in time and no late records',
  },
  global: {
    options: ['allowedLateness', 'lateTo', 'emit', 'time'],
    why: 'is a global window, which knows no end in time and no late records',
  },
};

/** Options that do not go together, and why. */
const APART: readonly (readonly [Option, Option, string])[] = [
  ['trigger', 'early', 'its trigger alone decides when it fires'],
  ['trigger', 'emit', 'its trigger alone decides when it fires'],
  ['emit', 'early', 'it gives one result, on closing'],
];

/** Checks what `.window()` was given. Throws `INVALID_PIPELINE`, naming the step. */
export function openWindow(
  draft: Draft,
  name: string,
  spec: WindowSpec,
  options: AnyWindowOptions,
  keyed: boolean,
): OpenWindow {
  const wrong: Wrong = what => draft.wrong(name, what);
  const window = resolveWindow(spec, what => wrong(`has ${what}`));
  refuseMeaningless(window, options, wrong);
  const { allowedLateness, lateTo, panes = 'accumulating', emit, trigger } = options;
  const { time = 'event' } = options;
  if (lateTo !== undefined) draft.topicName(lateTo, name);
  if (panes !== 'accumulating' && panes !== 'discarding') {
    wrong(`has panes ${shown(panes)}; they are accumulating or discarding`);
  }
  if (emit !== undefined && emit !== 'on-close') {
    wrong(`has emit ${shown(emit)}; it takes on-close`);
  }
  return {
    kind: 'window',
    name,
    window,
    keyed,
    allowedLatenessMs:
      allowedLateness === undefined
        ? 0
        : draft.duration(name, 'the allowedLateness', allowedLateness, 0),
    lateTo,
    panes,
    time: timeOf(options, time, wrong),
    early: earlyOf(window, options, time, wrong),
    trigger: trigger === undefined ? undefined : checkedTrigger(draft, name, window, trigger),
    onClose: emit === 'on-close',
  };
}

/** The one aggregate that was given, or that which several make together; checked. */
export function aggregateOf(
  draft: Draft,
  window: OpenWindow,
  given: AnyAggregate | Record<string, AnyAggregate>,
): AnyAggregate {
  const aggregate = oneOf(draft, window, given);
  try {
    guardFor(aggregate, false);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    draft.wrong(window.name, `has an aggregate whose create() does not work: ${why}`);
  }
  if (window.window.kind === 'session' && aggregate.merge === undefined) {
    draft.wrong(
      window.name,
      'is a session window with an aggregate without merge: two sessions may become one',
    );
  }
  return aggregate;
}

function oneOf(
  draft: Draft,
  { name }: OpenWindow,
  given: AnyAggregate | Record<string, AnyAggregate>,
): AnyAggregate {
  const fields = Object.entries(given ?? {});
  const isOne = typeof given?.create === 'function' || typeof given?.add === 'function';
  if (isOne || fields.length === 0) {
    return checked(draft, name, given as AnyAggregate, 'the aggregate');
  }
  for (const [field, one] of fields) {
    checked(draft, name, one, `the aggregate ${JSON.stringify(field)}`);
  }
  return together(given as Record<string, AnyAggregate>);
}

function checked(
  draft: Draft,
  step: string,
  aggregate: AnyAggregate,
  called: string,
): AnyAggregate {
  for (const method of ['create', 'add'] as const) {
    draft.checkFunction(step, `${called}'s ${method}`, aggregate?.[method]);
  }
  for (const method of ['merge', 'result', 'copy'] as const) {
    if (aggregate[method] === undefined) continue;
    draft.checkFunction(step, `${called}'s ${method}`, aggregate[method]);
  }
  return aggregate;
}

function refuseMeaningless(window: ResolvedWindow, options: AnyWindowOptions, wrong: Wrong): void {
  const { options: meaningless, why } = MEANINGLESS[window.kind];
  for (const option of meaningless) {
    if (options[option] !== undefined) wrong(`${why}: it takes no ${option}`);
  }
  for (const [one, other, reason] of APART) {
    if (options[one] === undefined || options[other] === undefined) continue;
    wrong(`has both ${one} and ${other}, which do not go together: ${reason}`);
  }
}

function timeOf(options: AnyWindowOptions, time: unknown, wrong: Wrong): TimeKind {
  if (time === 'event') return time;
  if (time !== 'processing') {
    return wrong(`has the time ${shown(time)}; it is event or processing`);
  }
  for (const option of ['allowedLateness', 'lateTo', 'emit'] as const) {
    if (options[option] === undefined) continue;
    wrong(`is a window of processing time, in which nothing is late: it takes no ${option}`);
  }
  return time;
}

function earlyOf(
  window: ResolvedWindow,
  { early: given }: AnyWindowOptions,
  time: TimeKind,
  wrong: Wrong,
): ResolvedEarly | undefined {
  if (given === undefined) return undefined;
  const early = resolveEarly(given, time, what => wrong(`has ${what}`));
  if (window.kind === 'time' && early.time === time && early.periodMs >= window.assigner.size) {
    wrong(`has early results every ${early.periodMs} ms, which is no earlier than its end`);
  }
  if (window.kind === 'count' && early.count >= window.size && early.periodMs === 0) {
    wrong(`has early results every ${early.count} values, which is no earlier than its end`);
  }
  return early;
}

function checkedTrigger(
  draft: Draft,
  name: string,
  window: ResolvedWindow,
  trigger: AnyTrigger,
): AnyTrigger {
  draft.checkFunction(name, "the trigger's onRecord", trigger?.onRecord);
  for (const method of ['create', 'onTime', 'merge'] as const) {
    if (trigger[method] === undefined) continue;
    draft.checkFunction(name, `the trigger's ${method}`, trigger[method]);
  }
  try {
    plainCopy(trigger.create?.());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    draft.wrong(name, `has a trigger whose create() does not work: ${why}`);
  }
  const mergeable = trigger.create === undefined || trigger.merge !== undefined;
  if (window.kind === 'session' && !mergeable) {
    draft.wrong(
      name,
      'is a session window whose trigger has a create and no merge: two sessions may become one',
    );
  }
  return trigger;
}
