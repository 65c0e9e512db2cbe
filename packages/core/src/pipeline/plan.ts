import type { ResolvedCheckpoint } from '../epoch/options.ts';
import { KEY_GROUPS } from '../state/key-groups.ts';
import type { Graph, SourceStep } from './graph.ts';
import { deliveriesOf, groupOf, isStateful, lateTopicsOf, sinksOf, sourcesOf } from './graph.ts';
import type { Pipeline } from './pipeline.ts';
import { cutStages, type Stage } from './stages.ts';

/** A stage and its tasks. */
export interface StagePlan extends Stage {
  readonly tasks: readonly number[];
}

export interface TaskPlan {
  readonly id: number;
  readonly stage: number;
  /** Its number in the stage: of a source stage the shard, of a keyed stage the key group range. */
  readonly index: number;
  readonly processor: number;
}

/** A channel from one task to another of a stage behind. */
export interface ChannelPlan {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  /** Which exit of its stage it belongs to. */
  readonly exit: number;
  /** Whether its ends are on different processors. */
  readonly shared: boolean;
}

/** What is known of a step without its user code. */
export interface StepPlan {
  readonly name: string;
  /** Whether something of it is lost with a task. */
  readonly stateful: boolean;
}

/** Which tasks a pipeline runs as, and where. Plain data: every processor gets the same. */
export interface Plan {
  readonly pipeline: string;
  readonly group: string;
  readonly processors: number;
  /** By the number of the node. */
  readonly steps: readonly StepPlan[];
  readonly stages: readonly StagePlan[];
  readonly tasks: readonly TaskPlan[];
  readonly channels: readonly ChannelPlan[];
  readonly topics: PlanTopics;
  /** The names of the sinks outside. */
  readonly deliveries: readonly string[];
  /** Whether tasks hold state that is lost with their processor. */
  readonly stateful: boolean;
  readonly checkpoint: ResolvedCheckpoint | undefined;
}

export interface PlanTopics {
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  /** Those of the sinks that end when the pipeline has drained. */
  readonly ending: readonly string[];
  readonly late: readonly string[];
  readonly deadLetters: string;
}

export interface PlanOptions {
  readonly shardsOf: (topic: string) => number;
  readonly processors: number;
}

/**
 * Source stages have a task per shard, spread over the processors; keyed stages one per processor;
 * a window without a key one in all.
 */
export function planPipeline({ name, graph }: Pipeline, options: PlanOptions): Plan {
  const { stages, tasks } = new Placement(graph, options);
  return {
    pipeline: name,
    group: groupOf(name),
    processors: options.processors,
    steps: graph.nodes.map(({ step }) => ({ name: step.name, stateful: isStateful(step) })),
    stages,
    tasks,
    channels: channelsOf(stages, tasks),
    topics: {
      sources: sourcesOf(graph).map(({ topic }) => topic),
      sinks: [...new Set(sinksOf(graph).map(({ topic }) => topic))],
      ending: sinksOf(graph).flatMap(({ topic, end }) => (end ? [topic] : [])),
      late: lateTopicsOf(graph),
      deadLetters: graph.deadLetters,
    },
    deliveries: deliveriesOf(graph).map(({ name: sink }) => sink),
    checkpoint: graph.checkpoint,
    stateful: graph.nodes.some(({ step }) => isStateful(step)),
  };
}

/** Whether what a pipeline gives leaves it only once its epoch is committed. */
export function givesByEpochs({ checkpoint, deliveries }: Plan): boolean {
  return checkpoint !== undefined && (checkpoint.mode === 'exactly-once' || deliveries.length > 0);
}

/** All topics that a pipeline appends to, each once: outputs, late values, dead letters. */
export function outputsOf({ sinks, late, deadLetters }: PlanTopics): string[] {
  return [...new Set([...sinks, ...late, deadLetters])];
}

/** Gives each stage its tasks, and each task a processor. */
class Placement {
  readonly stages: StagePlan[] = [];
  readonly tasks: TaskPlan[] = [];
  private readonly graph: Graph;
  private readonly options: PlanOptions;
  /** Tasks of source stages and single tasks so far: the next one goes to the next processor. */
  private placed = 0;
  private singles = 0;

  constructor(graph: Graph, options: PlanOptions) {
    this.graph = graph;
    this.options = options;
    for (const stage of cutStages(graph)) {
      const tasks = this.processorsOf(stage).map((processor, index) => {
        this.tasks.push({ id: this.tasks.length, stage: stage.index, index, processor });
        return this.tasks.length - 1;
      });
      this.stages.push({ ...stage, tasks });
    }
  }

  private processorsOf(stage: Stage): number[] {
    const { processors, shardsOf } = this.options;
    const spread = (count: number, from: number) =>
      Array.from({ length: count }, (_, i) => (from + i) % processors);
    switch (stage.parallel) {
      case 'shards': {
        const { topic } = this.graph.nodes[stage.nodes[0]].step as SourceStep;
        const from = this.placed;
        this.placed += shardsOf(topic);
        return spread(shardsOf(topic), from);
      }
      case 'one':
        return spread(1, this.singles++);
      case 'keyed':
        return spread(Math.min(processors, KEY_GROUPS), 0);
      case 'as-before': {
        const before = stage.inputs.filter(input => input.kind === 'exchange' && input.side === 0);
        const ids = before.flatMap(input =>
          input.kind === 'exchange' ? this.stages[input.stage].tasks : [],
        );
        const places = new Set(ids.map(id => this.tasks[id].processor));
        return [...places].sort((a, b) => a - b);
      }
    }
  }
}

function channelsOf(stages: readonly StagePlan[], tasks: readonly TaskPlan[]): ChannelPlan[] {
  const channels: ChannelPlan[] = [];
  for (const stage of stages) {
    for (const [exit, way] of stage.exits.entries()) {
      if (way.kind === 'sink') continue;
      for (const from of stage.tasks) {
        const { processor } = tasks[from];
        for (const to of stages[way.to].tasks) {
          const shared = processor !== tasks[to].processor;
          if (way.route === 'forward' && shared) continue;
          channels.push({ id: channels.length, from, to, exit, shared });
        }
      }
    }
  }
  return channels;
}
