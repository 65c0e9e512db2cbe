import { KEY_GROUPS } from '../state/key-groups.ts';
import type { Graph, MiddleStep } from './graph.ts';
import { groupOf } from './graph.ts';
import type { Pipeline } from './pipeline.ts';

/** Steps that run together in one task, one after the other, without a queue between. */
export interface StagePlan {
  readonly index: number;
  /** Where its values come from: a topic's shards, or the exchange after the stage before. */
  readonly input: 'source' | 'exchange';
  /** The steps of the graph in this stage: `[from, to)`. */
  readonly from: number;
  readonly to: number;
  /**
   * Where its values go: the output topic, the tasks of the next stage by key (`keyBy` is step
   * `to`), or the one task of the next stage.
   */
  readonly exit: 'sink' | 'by-key' | 'to-one';
  /**
   * How values cross the exchange: decoded, or as whole records that the next stage decodes (values
   * that are views of a record).
   */
  readonly exchange: 'values' | 'records' | undefined;
  readonly tasks: readonly number[];
}

export interface TaskPlan {
  readonly id: number;
  readonly stage: number;
  /** Its number in the stage: of a source stage the shard, of a keyed stage the key group range. */
  readonly index: number;
  readonly processor: number;
}

/** A channel from one task to another of the next stage. */
export interface ChannelPlan {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  /** Whether its ends are on different processors. */
  readonly shared: boolean;
}

/** Which tasks a pipeline runs as, and where. Plain data: every processor gets the same. */
export interface Plan {
  readonly pipeline: string;
  readonly group: string;
  readonly processors: number;
  readonly stages: readonly StagePlan[];
  readonly tasks: readonly TaskPlan[];
  readonly channels: readonly ChannelPlan[];
  readonly topics: {
    readonly source: string;
    readonly sink: string;
    readonly late: readonly string[];
    readonly deadLetters: string;
  };
  /** Whether tasks hold state that is lost with their processor. */
  readonly stateful: boolean;
}

export interface PlanOptions {
  readonly shardsOf: (topic: string) => number;
  readonly processors: number;
}

/**
 * Source stages have a task per shard, spread over the processors; keyed stages one per processor;
 * a window without a key one in all.
 */
export function planPipeline(pipeline: Pipeline, options: PlanOptions): Plan {
  const { graph } = pipeline;
  const { processors } = options;
  const stages: StagePlan[] = [];
  const tasks: TaskPlan[] = [];
  for (const cut of stagesOf(graph)) {
    const index = stages.length;
    const before = stages[index - 1];
    const parallel =
      before === undefined
        ? options.shardsOf(graph.source.topic)
        : before.exit === 'to-one'
          ? 1
          : Math.min(processors, KEY_GROUPS);
    const ids: number[] = [];
    for (let i = 0; i < parallel; i++) {
      ids.push(tasks.length);
      tasks.push({ id: tasks.length, stage: index, index: i, processor: i % processors });
    }
    stages.push({ index, input: before === undefined ? 'source' : 'exchange', ...cut, tasks: ids });
  }
  const late = graph.steps.flatMap(step =>
    step.kind === 'window' && step.lateTo !== undefined ? [step.lateTo] : [],
  );
  return {
    pipeline: pipeline.name,
    group: groupOf(pipeline.name),
    processors,
    stages,
    tasks,
    channels: channelsOf(stages, tasks),
    topics: {
      source: graph.source.topic,
      sink: graph.sink.topic,
      late,
      deadLetters: graph.deadLetters,
    },
    stateful: graph.steps.some(({ kind }) => STATEFUL.has(kind)),
  };
}

const STATEFUL: ReadonlySet<MiddleStep['kind']> = new Set(['window', 'process', 'dedupe']);
const MAKES_VALUES: ReadonlySet<MiddleStep['kind']> = new Set([
  'map',
  'flatMap',
  'window',
  'process',
]);

type Cut = Pick<StagePlan, 'from' | 'to' | 'exit' | 'exchange'>;

/** Cuts the steps at every `keyBy`, and before a window without a key. */
function stagesOf(graph: Graph): Cut[] {
  const cuts: Cut[] = [];
  const { steps } = graph;
  let from = 0;
  let keyed = false;
  let views = graph.source.serde.views === true;
  for (const [at, step] of steps.entries()) {
    const exchange = views ? 'records' : 'values';
    if (step.kind === 'keyBy') {
      cuts.push({ from, to: at, exit: 'by-key', exchange });
      from = at + 1;
      keyed = true;
    } else if (step.kind === 'window' && !keyed && !step.keyed) {
      cuts.push({ from, to: at, exit: 'to-one', exchange });
      from = at;
      keyed = true;
    }
    if (!keepsValues(step)) views = false;
  }
  cuts.push({ from, to: steps.length, exit: 'sink', exchange: undefined });
  return cuts;
}

/** Whether what comes out of a step is what went in, a view included. */
export function keepsValues(step: MiddleStep): boolean {
  return !MAKES_VALUES.has(step.kind);
}

function channelsOf(stages: readonly StagePlan[], tasks: readonly TaskPlan[]): ChannelPlan[] {
  const channels: ChannelPlan[] = [];
  for (const [index, stage] of stages.entries()) {
    const next = stages[index + 1];
    if (next === undefined) continue;
    for (const from of stage.tasks) {
      for (const to of next.tasks) {
        const shared = tasks[from].processor !== tasks[to].processor;
        channels.push({ id: channels.length, from, to, shared });
      }
    }
  }
  return channels;
}
