import type { AnyConnector, CallLimits } from '../delivery/connector.ts';
import type { ResolvedCheckpoint } from '../epoch/options.ts';
import type { Context } from '../operator/context.ts';
import type { RecordCall, TimerCall } from '../operator/keyed-calls.ts';
import type { ResolvedState } from '../operator/keyed-states.ts';
import type { AsyncContext } from '../operator/map-async.ts';
import type { TwoInputOperator } from '../operator/two-input.ts';
import type { TwoInputParts } from '../operator/two-input-head.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import type { TimeKind } from '../time/clock.ts';
import type { WatermarkStrategy } from '../time/watermark.ts';
import type { Aggregate, WindowFunction } from '../window/aggregate.ts';
import type { ResolvedEarly } from '../window/early.ts';
import type { ResolvedWindow } from '../window/spec.ts';
import type { AnyTrigger } from '../window/user-trigger.ts';
import type { Panes } from '../window/window.ts';

/** User code as the graph keeps it: the builder has checked its types. */
export type StepFunction = (value: unknown, context: Context) => unknown;

export interface SourceStep {
  readonly kind: 'source';
  readonly name: string;
  readonly topic: string;
  readonly serde: Serde<unknown>;
  readonly timestamp: ((value: unknown, record: RecordView) => number | Date) | undefined;
  readonly watermark: WatermarkStrategy;
  readonly idleTimeoutMs: number | undefined;
}

export interface FunctionStep {
  readonly kind: 'map' | 'filter' | 'flatMap' | 'tap' | 'keyBy';
  readonly name: string;
  readonly call: StepFunction;
}

/** Takes the record's own key, and so the topic's shards, instead of an exchange. */
export interface RecordKeyStep {
  readonly kind: 'keyByRecord';
  readonly name: string;
}

export interface WindowStep {
  readonly kind: 'window';
  readonly name: string;
  readonly window: ResolvedWindow;
  readonly keyed: boolean;
  readonly allowedLatenessMs: number;
  readonly lateTo: string | undefined;
  readonly panes: Panes;
  /** The time that it goes by. Default `event`. */
  readonly time?: TimeKind | undefined;
  readonly early?: ResolvedEarly | undefined;
  readonly trigger?: AnyTrigger | undefined;
  /** Whether its one result comes when nothing more can change it. Default: no. */
  readonly onClose?: boolean | undefined;
  readonly logic:
    | { readonly kind: 'aggregate'; readonly aggregate: Aggregate<unknown, unknown, unknown> }
    | { readonly kind: 'process'; readonly process: WindowFunction<unknown, unknown> };
}

export interface ProcessStep {
  readonly kind: 'process';
  readonly name: string;
  readonly states: readonly ResolvedState[];
  readonly onRecord: RecordCall;
  readonly onTimer: TimerCall | undefined;
}

export interface DedupeStep {
  readonly kind: 'dedupe';
  readonly name: string;
  readonly withinMs: number;
  readonly time: TimeKind;
  readonly by: StepFunction | undefined;
}

export interface MapAsyncStep {
  readonly kind: 'mapAsync';
  readonly name: string;
  readonly call: (value: unknown, context: AsyncContext) => unknown;
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly timeoutMs: number;
  /** `undefined`: as often as any user code. */
  readonly retries: number | undefined;
}

export interface SinkStep {
  readonly kind: 'sink';
  readonly name: string;
  readonly topic: string;
  readonly serde: Serde<unknown>;
  readonly key: StepFunction | undefined;
  readonly headers:
    | ((value: unknown, context: Context) => Readonly<Record<string, string | Uint8Array>>)
    | undefined;
  readonly timestamp: ((value: unknown, context: Context) => number) | undefined;
  /** Whether the topic ends with the pipeline. */
  readonly end: boolean;
}

/** The results of committed epochs to a system outside. */
export interface DeliverStep {
  readonly kind: 'deliver';
  /** That of the sink. */
  readonly name: string;
  readonly connector: AnyConnector;
  readonly serde: Serde<unknown>;
  readonly maxBatch: number;
  readonly limits: CallLimits;
}

/** Several streams as one. */
export interface MergeStep {
  readonly kind: 'merge';
  readonly name: string;
}

/** The same values to several streams: port by port. */
export interface ForkStep {
  readonly kind: 'fork';
  readonly name: string;
  readonly count: number;
}

/** Each value to the first route that wants it: a route is a port. */
export interface SplitStep {
  readonly kind: 'split';
  readonly name: string;
  readonly routes: readonly { readonly name: string; readonly wants: StepFunction }[];
}

/** A step with a left and a right input: the first of its stage, both inputs arrive by exchange. */
export interface TwoInputStep {
  readonly kind: 'two-input';
  readonly name: string;
  /** For `explain()`, for example `interval join, inner`. */
  readonly described: string;
  /**
   * How values reach the task: by the key of the `keyBy` before, or else the key that they have; or
   * (`forward`) to the task on the same processor, their key kept.
   */
  readonly left: 'by-key' | 'forward';
  /** By key like the left, or each value to every task. */
  readonly right: 'by-key' | 'broadcast';
  /** Whether nothing of the left is read before the right has ended. */
  readonly rightFirst: boolean;
  /** Whether something is lost with a task of it. */
  readonly stateful: boolean;
  readonly lateTo: string | undefined;
  readonly create: (parts: TwoInputParts) => TwoInputOperator;
}

export type MiddleStep =
  | FunctionStep
  | RecordKeyStep
  | WindowStep
  | ProcessStep
  | DedupeStep
  | MapAsyncStep
  | MergeStep
  | ForkStep
  | SplitStep
  | TwoInputStep;
/** The end of a stream. */
export type EndStep = SinkStep | DeliverStep;
export type Step = SourceStep | MiddleStep | EndStep;

/** An output of a node: a fork and a split have several, everything else one. */
export interface Output {
  readonly node: number;
  readonly port: number;
}

export interface GraphNode {
  readonly step: Step;
  /** None for a source, left and right for a two-input step, any number for a merge, else one. */
  readonly inputs: readonly Output[];
  /** Whether what comes out are views of the source's records. */
  readonly views: boolean;
}

/**
 * A pipeline as data and user code: checked, frozen. A node stands after its inputs, so there is no
 * cycle; each output is the input of one node.
 */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly deadLetters: string;
  readonly checkpoint: ResolvedCheckpoint | undefined;
}

export function sourcesOf({ nodes }: Graph): SourceStep[] {
  return nodes.map(({ step }) => step).filter(step => step.kind === 'source');
}

export function sinksOf({ nodes }: Graph): SinkStep[] {
  return nodes.map(({ step }) => step).filter(step => step.kind === 'sink');
}

export function deliveriesOf({ nodes }: Graph): DeliverStep[] {
  return nodes.map(({ step }) => step).filter(step => step.kind === 'deliver');
}

export function isEnd(step: Step): step is EndStep {
  return step.kind === 'sink' || step.kind === 'deliver';
}

/** The topics for late values, each once. */
export function lateTopicsOf({ nodes }: Graph): string[] {
  const topics = nodes.map(({ step }) => ('lateTo' in step ? step.lateTo : undefined));
  return [...new Set(topics.filter(topic => topic !== undefined))];
}

const STATEFUL: ReadonlySet<Step['kind']> = new Set(['window', 'process', 'dedupe']);
const MAKES_VALUES: ReadonlySet<Step['kind']> = new Set([
  'map',
  'flatMap',
  'window',
  'process',
  'mapAsync',
  'two-input',
]);

/** Whether something is lost with a task of the step. */
export function isStateful(step: Step): boolean {
  return STATEFUL.has(step.kind) || (step.kind === 'two-input' && step.stateful);
}

/** Whether what comes out of a step is what went in, a view included. */
export function keepsValues({ kind }: MiddleStep): boolean {
  return !MAKES_VALUES.has(kind);
}

/** How many outputs a node has. */
export function portsOf(step: Step): number {
  if (isEnd(step)) return 0;
  if (step.kind === 'fork') return step.count;
  return step.kind === 'split' ? step.routes.length : 1;
}

/** The group that a pipeline reads its source in, and alone commits. */
export function groupOf(pipeline: string): string {
  return `pipeline/${pipeline}`;
}
