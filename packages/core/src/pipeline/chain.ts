import type { ContextCell } from '../operator/context.ts';
import { CountWindowOperator } from '../operator/count-window.ts';
import type { RecordCounts } from '../operator/counters.ts';
import { DedupeOperator } from '../operator/dedupe.ts';
import type { Faults } from '../operator/faults.ts';
import { FilterOperator } from '../operator/filter.ts';
import { FlatMapOperator } from '../operator/flat-map.ts';
import { LateOutput } from '../operator/late-output.ts';
import { MapOperator } from '../operator/map.ts';
import { type Clocked, isClocked, type Operator, Transparent } from '../operator/operator.ts';
import type { Outlet } from '../operator/outlet.ts';
import { ProcessOperator } from '../operator/process.ts';
import { TapOperator } from '../operator/tap.ts';
import { TimeWindowOperator } from '../operator/time-window.ts';
import { WindowOutput } from '../operator/window-output.ts';
import type { StateBackend } from '../state/backend.ts';
import type { Clock } from '../time/clock.ts';
import { aggregateLogic, type PaneLogic, WholeWindowLogic } from '../window/pane.ts';

import { EventTimeTrigger } from '../window/trigger.ts';
import type { FunctionStep, MiddleStep, RecordKeyStep, WindowStep } from './graph.ts';
import { keepsValues } from './plan.ts';

/** What the operators of one task share. */
export interface ChainParts {
  readonly faults: Faults;
  readonly counts: RecordCounts;
  /** The outlet to a late topic. */
  readonly lateOutlet: (topic: string) => Outlet;
  readonly clock: Clock;
  /** Where the keyed state of a step lies. */
  readonly backend: (step: string) => StateBackend;
}

/** A row of operators; `head` takes the values, `timeHead` is the first that time is of interest to. */
export interface Chain {
  readonly head: Operator;
  readonly timeHead: Operator;
  /** In the order of the steps; those that hold state have something to snapshot. */
  readonly operators: readonly { readonly step: string; readonly operator: Operator }[];
  /** Those that have to be told the clock. */
  readonly clocked: readonly Clocked[];
}

/** Builds the operators of a stage from the last to the first, in front of `exit`. */
export function buildChain(
  steps: readonly MiddleStep[],
  valuesAreViews: boolean,
  exit: Operator,
  parts: ChainParts,
): Chain {
  const operators: { step: string; operator: Operator }[] = [];
  let next = exit;
  for (const [at, step] of [...steps.entries()].reverse()) {
    // A key in the record is what the context says anyway.
    if (step.kind === 'keyByRecord') continue;
    const views = valuesAreViews && steps.slice(0, at).every(keepsValues);
    next = operatorOf(step, views, next, parts);
    operators.unshift({ step: step.name, operator: next });
  }
  const timeHead = operators.find(({ operator }) => !(operator instanceof Transparent));
  const clocked = operators.map(({ operator }) => operator).filter(isClocked);
  return { head: next, timeHead: timeHead?.operator ?? exit, operators, clocked };
}

function operatorOf(
  step: Exclude<MiddleStep, RecordKeyStep>,
  views: boolean,
  next: Operator,
  parts: ChainParts,
): Operator {
  const { faults, counts, clock } = parts;
  const shared = { step: step.name, faults, counts, clock };
  switch (step.kind) {
    case 'window':
      return windowOperator(step, views, next, parts);
    case 'process':
      return new ProcessOperator(
        { ...step, ...shared, backend: parts.backend(step.name), valuesAreViews: views },
        next,
      );
    case 'dedupe':
      return new DedupeOperator({ ...step, ...shared, backend: parts.backend(step.name) }, next);
    default:
      return plain(step, next, parts);
  }
}

type Call = (value: unknown, context: ContextCell) => unknown;

function plain(step: FunctionStep, next: Operator, { faults, counts }: ChainParts): Operator {
  const call = step.call as Call;
  switch (step.kind) {
    case 'map':
      return new MapOperator(step.name, call, faults, next);
    case 'filter':
      return new FilterOperator(step.name, call, faults, counts, next);
    case 'flatMap':
      return new FlatMapOperator(step.name, call, faults, counts, next);
    default:
      // A stage ends before `keyBy`: it is `tap`.
      return new TapOperator(step.name, call, faults, next);
  }
}

/** The operator of a window step, also for tests of operators by themselves. */
export function windowOperator(
  step: WindowStep,
  valuesAreViews: boolean,
  next: Operator,
  parts: Pick<ChainParts, 'faults' | 'counts' | 'lateOutlet'>,
): Operator {
  const { faults, counts } = parts;
  const logic: PaneLogic =
    step.logic.kind === 'aggregate'
      ? aggregateLogic(step.logic.aggregate, valuesAreViews)
      : new WholeWindowLogic(step.logic.process);
  const output = new WindowOutput(step.name, logic, faults, counts, next);
  const { window } = step;
  if (window.kind === 'count') {
    const { size } = window;
    return new CountWindowOperator({ size, logic, output, faults, counts, step: step.name }, next);
  }
  const lateOutlet = step.lateTo === undefined ? undefined : parts.lateOutlet(step.lateTo);
  return new TimeWindowOperator(
    {
      assigner: window.assigner,
      trigger: new EventTimeTrigger(step.allowedLatenessMs),
      panes: step.panes,
      logic,
      output,
      late: new LateOutput(step.name, lateOutlet, counts),
      faults,
      counts,
      step: step.name,
    },
    next,
  );
}
