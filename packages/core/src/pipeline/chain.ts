import { type Branch, ForkOperator, SplitOperator } from '../operator/branches.ts';
import type { ContextCell } from '../operator/context.ts';
import { CountWindowOperator } from '../operator/count-window.ts';
import { DedupeOperator } from '../operator/dedupe.ts';
import { FilterOperator } from '../operator/filter.ts';
import { FlatMapOperator } from '../operator/flat-map.ts';
import { Junction } from '../operator/junction.ts';
import { KeyedWindowOperator, type KeyedWindowParts } from '../operator/keyed-window.ts';
import { LateOutput } from '../operator/late-output.ts';
import { MapOperator } from '../operator/map.ts';
import { MapAsyncOperator } from '../operator/map-async.ts';
import {
  type Asynchronous,
  type Clocked,
  isAsynchronous,
  isClocked,
  type Operator,
  Transparent,
} from '../operator/operator.ts';
import type { OperatorParts } from '../operator/operator-parts.ts';
import { ProcessOperator } from '../operator/process.ts';
import { SlicedWindowOperator } from '../operator/sliced-window.ts';
import { TapOperator } from '../operator/tap.ts';
import { TimeWindowOperator } from '../operator/time-window.ts';
import { TwoInputHead } from '../operator/two-input-head.ts';
import { WindowOutput } from '../operator/window-output.ts';
import { aggregateLogic, type PaneLogic, WholeWindowLogic } from '../window/pane.ts';
import {
  type PaneAssigner,
  SessionPanes,
  SinglePane,
  SlidingPanes,
} from '../window/pane-assigner.ts';
import type { SlidingAssigner } from '../window/sliding.ts';
import type { ResolvedWindow } from '../window/spec.ts';
import { EventTimeTrigger } from '../window/trigger.ts';
import { TriggerCalls } from '../window/user-trigger.ts';
import type {
  DedupeStep,
  ForkStep,
  FunctionStep,
  Graph,
  MapAsyncStep,
  Output,
  ProcessStep,
  SplitStep,
  TwoInputStep,
  WindowStep,
} from './graph.ts';
import { isEnd, portsOf } from './graph.ts';
import type { Stage } from './stages.ts';

/** The operators of a task: a row, or with branches a tree whose branches may meet again. */
export interface Chain {
  /** Takes the values; of a two-input step, whatever is not of one side. */
  readonly head: Operator;
  /** The first that time is of interest to. */
  readonly timeHead: Operator;
  /** Where the values of each side go in, where the head has two inputs. */
  readonly twoInputs: TwoInputHead | undefined;
  /** In the order of the steps; those that hold state have something to snapshot. */
  readonly operators: readonly { readonly step: string; readonly operator: Operator }[];
  /** Those that have to be told the clock. */
  readonly clocked: readonly Clocked[];
  /** Those that have inputs in flight, from the first on. */
  readonly asynchronous: readonly Asynchronous[];
}

/** Builds the operators of a stage from the last to the first, in front of its `exits`. */
export function buildChain(
  graph: Graph,
  stage: Stage,
  exits: readonly Operator[],
  parts: OperatorParts,
): Chain {
  return new ChainBuilder(graph, stage, exits, parts).build();
}

class ChainBuilder {
  private readonly graph: Graph;
  private readonly stage: Stage;
  private readonly parts: OperatorParts;
  /** What takes the values of an output of a node, by `node:port`. */
  private readonly behind = new Map<string, Branch>();
  private readonly operators: { step: string; operator: Operator }[] = [];
  private readonly clocked: Clocked[] = [];
  private readonly asynchronous: Asynchronous[] = [];
  private twoInputs: TwoInputHead | undefined;

  constructor(graph: Graph, stage: Stage, exits: readonly Operator[], parts: OperatorParts) {
    this.graph = graph;
    this.stage = stage;
    this.parts = parts;
    for (const [i, exit] of stage.exits.entries()) {
      const from = exit.kind === 'sink' ? graph.nodes[exit.node].inputs[0] : exit.from;
      this.behind.set(portOf(from), { head: exits[i], time: exits[i] });
    }
  }

  build(): Chain {
    const { nodes } = this.stage;
    let first: Branch | undefined;
    for (const node of nodes.toReversed()) {
      const { step, inputs } = this.graph.nodes[node];
      if (isEnd(step)) continue;
      first = this.branchOf(node);
      const here = inputs.filter(input => nodes.includes(input.node));
      // A merge of branches of this very task needs to keep their times apart.
      const ways = here.length > 1 ? new Junction(here.length, first).inputs : undefined;
      for (const [i, input] of here.entries()) {
        const way = ways?.[i];
        this.behind.set(portOf(input), way === undefined ? first : { head: way, time: way });
      }
    }
    const { head, time } = first as Branch;
    const { twoInputs, operators, clocked, asynchronous } = this;
    return { head, timeHead: time, twoInputs, operators, clocked, asynchronous };
  }

  /** The operator of a node in front of what is behind it, or just that for steps without one. */
  private branchOf(node: number): Branch {
    const { step } = this.graph.nodes[node];
    if (step.kind === 'fork' || step.kind === 'split') return this.branching(step, node);
    const next = this.next(node, 0);
    switch (step.kind) {
      case 'source':
      case 'sink':
      case 'deliver':
      case 'merge':
      // The key function is called by the exchange before; a key in the record is what the context says.
      case 'keyBy':
      case 'keyByRecord':
        return next;
      case 'two-input':
        return this.keep(step.name, this.twoInput(step, node, next.head), next);
      default: {
        const operator = operatorOf(step, this.viewsInto(node, 0), next.head, this.parts);
        if (isClocked(operator)) this.clocked.unshift(operator);
        if (isAsynchronous(operator)) this.asynchronous.unshift(operator);
        return this.keep(step.name, operator, next);
      }
    }
  }

  private branching(step: ForkStep | SplitStep, node: number): Branch {
    const { counts, faults } = this.parts;
    const branches = Array.from({ length: portsOf(step) }, (_, port) => this.next(node, port));
    const operator =
      step.kind === 'fork'
        ? new ForkOperator(branches, counts)
        : new SplitOperator(
            step.name,
            step.routes.map(({ wants }) => wants as Call),
            branches,
            faults,
            counts,
          );
    this.operators.unshift({ step: step.name, operator });
    return { head: operator, time: operator };
  }

  private twoInput(step: TwoInputStep, node: number, next: Operator): Operator {
    const [leftViews, rightViews] = [this.viewsInto(node, 0), this.viewsInto(node, 1)];
    const operator = step.create({ ...this.parts, next, leftViews, rightViews });
    if (isClocked(operator)) this.clocked.unshift(operator);
    const sharesKeys = step.left === 'by-key' && step.right === 'by-key';
    this.twoInputs = new TwoInputHead(operator, sharesKeys ? step.name : undefined);
    return this.twoInputs;
  }

  private keep(step: string, operator: Operator, next: Branch): Branch {
    this.operators.unshift({ step, operator });
    return { head: operator, time: operator instanceof Transparent ? next.time : operator };
  }

  private next(node: number, port: number): Branch {
    return this.behind.get(portOf({ node, port })) as Branch;
  }

  private viewsInto(node: number, input: number): boolean {
    const { nodes } = this.graph;
    return nodes[nodes[node].inputs[input].node].views;
  }
}

function portOf({ node, port }: Output): string {
  return `${node}:${port}`;
}

type StepOfOne = FunctionStep | WindowStep | ProcessStep | DedupeStep | MapAsyncStep;

/** The operator of a step with one input and one output. */
function operatorOf(
  step: StepOfOne,
  views: boolean,
  next: Operator,
  parts: OperatorParts,
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
    case 'mapAsync':
      return new MapAsyncOperator(
        { ...step, ...shared, retries: step.retries ?? faults.retries, wake: parts.wake },
        next,
      );
    default:
      return plain(step, next, parts);
  }
}

type Call = (value: unknown, context: ContextCell) => unknown;

function plain(step: FunctionStep, next: Operator, { faults, counts }: OperatorParts): Operator {
  const call = step.call as Call;
  switch (step.kind) {
    case 'map':
      return new MapOperator(step.name, call, faults, next);
    case 'filter':
      return new FilterOperator(step.name, call, faults, counts, next);
    case 'flatMap':
      return new FlatMapOperator(step.name, call, faults, counts, next);
    default:
      // A chain has no operator for `keyBy`: it is `tap`.
      return new TapOperator(step.name, call, faults, next);
  }
}

/** The operator of a window step, also for tests of operators by themselves. */
export function windowOperator(
  step: WindowStep,
  valuesAreViews: boolean,
  next: Operator,
  parts: Pick<OperatorParts, 'faults' | 'counts' | 'lateOutlet' | 'clock'>,
): Operator {
  const { faults, counts } = parts;
  const logic: PaneLogic =
    step.logic.kind === 'aggregate'
      ? aggregateLogic(step.logic.aggregate, valuesAreViews)
      : new WholeWindowLogic(step.logic.process);
  const output = new WindowOutput(step.name, logic, faults, counts, next);
  const { window } = step;
  if (window.kind === 'count' && step.early === undefined) {
    const { size } = window;
    return new CountWindowOperator({ size, logic, output, faults, counts, step: step.name }, next);
  }
  const lateOutlet = step.lateTo === undefined ? undefined : parts.lateOutlet(step.lateTo);
  const late = new LateOutput(step.name, lateOutlet, counts);
  if (window.kind !== 'time' || !isAligned(step)) {
    const own = { logic, output, late, faults, counts, clock: parts.clock };
    return keyedWindow(step, own, next);
  }
  const aligned = {
    assigner: window.assigner,
    trigger: new EventTimeTrigger(step.allowedLatenessMs),
    panes: step.panes,
    logic,
    output,
    late,
    faults,
    counts,
    step: step.name,
  };
  return sharesSlices(step, window.assigner, logic)
    ? new SlicedWindowOperator(aligned, next)
    : new TimeWindowOperator(aligned, next);
}

/**
 * Whether windows overlap and share what is added: then a value costs the same however many it is in.
 * (A whole-window function would not see its values in the order of their arrival.)
 */
function sharesSlices({ logic }: WindowStep, assigner: SlidingAssigner, pane: PaneLogic): boolean {
  return logic.kind === 'aggregate' && pane.mergeable && assigner.size > assigner.slide;
}

/** Whether all keys of a window fire at the same times, and at no others. */
function isAligned({ early, trigger, time, onClose, allowedLatenessMs }: WindowStep): boolean {
  const closesAtEnd = onClose !== true || allowedLatenessMs === 0;
  return early === undefined && trigger === undefined && time !== 'processing' && closesAtEnd;
}

type OwnParts = Pick<KeyedWindowParts, 'logic' | 'output' | 'late' | 'faults' | 'counts' | 'clock'>;

function keyedWindow(step: WindowStep, own: OwnParts, next: Operator): Operator {
  const { window, name, panes, time = 'event', early, trigger, onClose = false } = step;
  return new KeyedWindowOperator(
    {
      ...own,
      step: name,
      assigner: paneAssigner(window, step.allowedLatenessMs),
      lateness: new EventTimeTrigger(step.allowedLatenessMs),
      panes,
      time,
      capacity: window.kind === 'count' ? window.size : Number.POSITIVE_INFINITY,
      early,
      trigger: trigger === undefined ? undefined : new TriggerCalls(trigger, name, time),
      onClose,
    },
    next,
  );
}

function paneAssigner(window: ResolvedWindow, allowedLatenessMs: number): PaneAssigner {
  switch (window.kind) {
    case 'time':
      return new SlidingPanes(window.assigner, allowedLatenessMs);
    case 'session':
      return new SessionPanes(window.gapMs, allowedLatenessMs);
    default:
      return new SinglePane();
  }
}
