import type { ContextCell } from '../operator/context.ts';
import { CountWindowOperator } from '../operator/count-window.ts';
import type { RecordCounts } from '../operator/counters.ts';
import type { Faults } from '../operator/faults.ts';
import { FilterOperator } from '../operator/filter.ts';
import { FlatMapOperator } from '../operator/flat-map.ts';
import { LateOutput } from '../operator/late-output.ts';
import { MapOperator } from '../operator/map.ts';
import { type Operator, Transparent } from '../operator/operator.ts';
import type { Outlet } from '../operator/outlet.ts';
import { TapOperator } from '../operator/tap.ts';
import { TimeWindowOperator } from '../operator/time-window.ts';
import { WindowOutput } from '../operator/window-output.ts';
import { aggregateLogic, type PaneLogic, WholeWindowLogic } from '../window/pane.ts';
import { EventTimeTrigger } from '../window/trigger.ts';
import type { FunctionStep, MiddleStep, WindowStep } from './graph.ts';

/** What the operators of one task share. */
export interface ChainParts {
  readonly faults: Faults;
  readonly counts: RecordCounts;
  /** The outlet to a late topic. */
  readonly lateOutlet: (topic: string) => Outlet;
}

/** A row of operators; `head` takes the values, `timeHead` is the first that time is of interest to. */
export interface Chain {
  readonly head: Operator;
  readonly timeHead: Operator;
  /** In the order of the steps; those that hold state have something to snapshot. */
  readonly operators: readonly { readonly step: string; readonly operator: Operator }[];
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
    const views =
      valuesAreViews &&
      steps
        .slice(0, at)
        .every(({ kind }) => kind !== 'map' && kind !== 'flatMap' && kind !== 'window');
    next =
      step.kind === 'window' ? windowOperator(step, views, next, parts) : plain(step, next, parts);
    operators.unshift({ step: step.name, operator: next });
  }
  const timeHead = operators.find(({ operator }) => !(operator instanceof Transparent));
  return { head: next, timeHead: timeHead?.operator ?? exit, operators };
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
  parts: ChainParts,
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
