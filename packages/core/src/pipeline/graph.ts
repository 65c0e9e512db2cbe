import type { Context } from '../operator/context.ts';
import type { RecordCall, TimerCall } from '../operator/keyed-calls.ts';
import type { ResolvedState } from '../operator/keyed-states.ts';
import type { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import type { TimeKind } from '../state/spec.ts';
import type { WatermarkStrategy } from '../time/watermark.ts';
import type { Aggregate, WindowFunction } from '../window/aggregate.ts';
import type { ResolvedWindow } from '../window/spec.ts';
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
}

export type MiddleStep = FunctionStep | RecordKeyStep | WindowStep | ProcessStep | DedupeStep;
export type Step = SourceStep | MiddleStep | SinkStep;

/** A pipeline as data and user code: checked, frozen. */
export interface Graph {
  readonly name: string;
  readonly source: SourceStep;
  readonly steps: readonly MiddleStep[];
  readonly sink: SinkStep;
  readonly deadLetters: string;
}

/** The group that a pipeline reads its source in, and alone commits. */
export function groupOf(pipeline: string): string {
  return `pipeline/${pipeline}`;
}
