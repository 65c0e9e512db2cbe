import { shown } from '../errors.ts';
import { ConnectOperator } from '../operator/connect.ts';
import type { RecordCall, TimerCall } from '../operator/keyed-calls.ts';
import type { ResolvedState } from '../operator/keyed-states.ts';
import type {
  ConnectFunctions,
  ProcessFunctions,
  StateSpecs,
  Timer,
} from '../operator/process-context.ts';
import type { StateSpec } from '../state/spec.ts';
import type { TimeKind } from '../time/clock.ts';
import { isPrimitive, plainCopy } from '../window/plain-copy.ts';
import type { DedupeStep, ProcessStep, TwoInputStep } from './graph.ts';
import type { DedupeOptions } from './stream.ts';

/** What the builder checks steps with; each throws `INVALID_PIPELINE`, naming the step. */
export interface StepChecks {
  checkFunction(step: string, what: string, given: unknown): void;
  duration(step: string, what: string, duration: unknown, leastMs: number): number;
  wrong(step: string, what: string): never;
}

const STATE_KINDS: readonly unknown[] = ['value', 'map', 'list'];

/** The checked step of `.process()`. */
export function processStep(
  checks: StepChecks,
  name: string,
  functions: ProcessFunctions<unknown, unknown, StateSpecs, unknown, unknown>,
): ProcessStep {
  checks.checkFunction(name, 'its onRecord', functions?.onRecord);
  return {
    kind: 'process',
    name,
    states: resolveStates(checks, name, functions.state),
    onRecord: (value, context) => functions.onRecord(value, context as never),
    onTimer: timerCall(checks, name, functions),
  };
}

/** The checked step of `.connect().process()`, but for its name. */
export function connectStep(
  checks: StepChecks,
  name: string,
  functions: ConnectFunctions<unknown, unknown, unknown, StateSpecs, unknown, unknown, unknown>,
): Omit<TwoInputStep, 'kind' | 'name'> {
  checks.checkFunction(name, 'its onLeft', functions?.onLeft);
  checks.checkFunction(name, 'its onRight', functions?.onRight);
  const states = resolveStates(checks, name, functions.state);
  const onTimer = timerCall(checks, name, functions);
  const onLeft: RecordCall = (value, context) => functions.onLeft(value, context as never);
  const onRight: RecordCall = (value, context) => functions.onRight(value, context as never);
  return {
    described: describeStates('connect, process', states, onTimer !== undefined),
    left: 'by-key',
    right: 'by-key',
    rightFirst: false,
    stateful: true,
    lateTo: undefined,
    create: ({ next, backend, ...parts }) =>
      new ConnectOperator(
        { ...parts, step: name, states, onLeft, onRight, onTimer, backend: backend(name) },
        next,
      ),
  };
}

/** How `explain()` tells of a step with state and timers. */
export function describeStates(
  what: string,
  states: readonly ResolvedState[],
  hasTimers: boolean,
): string {
  const named = states.map(({ name, kind }) => `${kind} "${name}"`);
  return [what, ...named, hasTimers ? 'timers' : 'no timers'].join(', ');
}

function timerCall(
  checks: StepChecks,
  name: string,
  functions: { onTimer?: ((timer: Timer, context: never) => unknown) | undefined },
): TimerCall | undefined {
  const { onTimer } = functions;
  if (onTimer === undefined) return undefined;
  checks.checkFunction(name, 'its onTimer', onTimer);
  return (timer, context) => onTimer.call(functions, timer, context as never);
}

/** The checked step of `.dedupe()`. */
export function dedupeStep(
  checks: StepChecks,
  name: string,
  options: DedupeOptions<unknown, unknown>,
): DedupeStep {
  const { within, by, time } = options ?? {};
  if (by !== undefined) checks.checkFunction(name, 'its by', by);
  return {
    kind: 'dedupe',
    name,
    withinMs: checks.duration(name, 'the within', within, 1),
    time: timeKind(checks, name, time),
    by: by as DedupeStep['by'],
  };
}

/** The checked states of a step. */
export function resolveStates(
  checks: StepChecks,
  step: string,
  specs: StateSpecs | undefined,
): ResolvedState[] {
  if (specs === undefined) return [];
  if (typeof specs !== 'object' || specs === null) {
    checks.wrong(step, 'has a state that is no object of valueState(), mapState() and listState()');
  }
  return Object.entries(specs).map(([name, spec]) => resolveState(checks, step, name, spec));
}

function resolveState(
  checks: StepChecks,
  step: string,
  name: string,
  spec: StateSpec<unknown> | undefined,
): ResolvedState {
  if (!STATE_KINDS.includes(spec?.kind)) {
    checks.wrong(step, `has a state "${name}" that is no valueState(), mapState() or listState()`);
  }
  const { kind, initial, options } = spec as StateSpec<unknown>;
  try {
    if (!isPrimitive(initial)) plainCopy(initial);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    checks.wrong(step, `has a state "${name}" whose initial value cannot be copied: ${why}`);
  }
  const { ttl, time, refresh } = options;
  if (refresh !== undefined && refresh !== 'read' && refresh !== 'write') {
    checks.wrong(step, `has a state "${name}" with refresh ${shown(refresh)}; it is read or write`);
  }
  if (ttl === undefined && (time !== undefined || refresh !== undefined)) {
    checks.wrong(step, `has a state "${name}" with time or refresh and no ttl`);
  }
  return {
    name,
    kind,
    initial,
    ttl:
      ttl === undefined
        ? undefined
        : {
            ms: checks.duration(step, `a state "${name}" with the ttl`, ttl, 1),
            time: timeKind(checks, step, time),
            refreshOnRead: refresh === 'read',
          },
  };
}

function timeKind(checks: StepChecks, step: string, time: unknown): TimeKind {
  if (time === undefined) return 'event';
  if (time === 'event' || time === 'processing') return time;
  return checks.wrong(step, `has the time ${shown(time)}; it is event or processing`);
}
