import type {
  DeliverySnapshot,
  Epoch,
  OutputSnapshot,
  TaskSnapshot,
} from '../epoch/task-snapshot.ts';
import { fail, StreamError } from '../errors.ts';
import type { Operator } from '../operator/operator.ts';
import { firstKeyGroup } from '../state/key-groups.ts';
import { readSections } from '../state/memory-snapshot.ts';
import { type Section, TASK_STATE } from '../state/snapshot.ts';
import type { Graph, Step } from './graph.ts';
import type { Plan, TaskPlan } from './plan.ts';

/**
 * An epoch as the tasks of a plan take it up, which need not be as many as wrote it, nor of the very
 * same pipeline: stages and steps are found by their names, sources by topic and shard.
 */
export class RestorePoint {
  private readonly epoch: Epoch;
  private readonly graph: Graph;
  private readonly plan: Plan;

  /** Throws `STATE_MISFIT` when the epoch has state that no step of the pipeline can take up. */
  constructor(epoch: Epoch, graph: Graph, plan: Plan) {
    this.epoch = epoch;
    this.graph = graph;
    this.plan = plan;
    this.checkSteps();
  }

  /** What a task begins from; `undefined` when it begins from nothing. */
  of(task: TaskPlan): RestoredTask | undefined {
    const stage = stageName(this.graph, this.plan, task);
    const [first] = this.plan.stages[task.stage].inputs;
    if (first.kind === 'source') return this.ofSource(first.topic, task.index);
    const count = this.plan.stages[task.stage].tasks.length;
    const steps = new Set(
      this.plan.stages[task.stage].nodes.map(node => this.graph.nodes[node].step.name),
    );
    const before = this.epoch.tasks.filter(
      one => one.stage === stage || one.steps.some(({ step }) => steps.has(step)),
    );
    if (before.length === 0) return undefined;
    const same = before.every(({ tasks }) => tasks === count);
    if (same) return new RestoredTask(before.filter(({ index }) => index === task.index));
    const from = firstKeyGroup(task.index, count);
    return new RestoredTask(before, from, firstKeyGroup(task.index + 1, count));
  }

  /** What committed epochs gave that this task sees to: that of the tasks whose place it has. */
  outputsOf({ id, stage }: TaskPlan): OutputSnapshot[] {
    const { stages } = this.plan;
    const names = stages.map(one => this.graph.nodes[one.nodes[0]].step.name);
    return this.epoch.tasks.flatMap(task => {
      const at = names.indexOf(task.stage);
      const { tasks } = stages[Math.max(at, 0)];
      const heir = at < 0 ? tasks[0] : tasks[task.index % tasks.length];
      return heir === id && (at < 0 || at === stage) ? task.outputs : [];
    });
  }

  /**
   * What committed epochs gave to a sink outside and this task sees to. Of those that have the sink,
   * each takes over as many as any other.
   */
  deliveriesOf({ id }: TaskPlan, sink: string): DeliverySnapshot[] {
    const { graph, plan } = this;
    const node = graph.nodes.findIndex(({ step }) => step.name === sink);
    const having = plan.stages.filter(({ nodes }) => nodes.includes(node));
    const heirs = having.flatMap(({ tasks }) => tasks);
    return this.epoch.tasks.flatMap(({ deliveries }, at) =>
      heirs[at % heirs.length] === id
        ? deliveries.filter(({ origin }) => origin.sink === sink)
        : [],
    );
  }

  private ofSource(topic: string, shard: number): RestoredTask | undefined {
    const found = this.epoch.tasks.filter(
      ({ source }) => source?.topic === topic && source.shard === shard,
    );
    return found.length === 0 ? undefined : new RestoredTask(found);
  }

  private checkSteps(): void {
    const { graph } = this;
    const steps = new Map(graph.nodes.map(({ step }) => [step.name, step]));
    for (const snapshot of this.epoch.tasks) {
      for (const delivery of snapshot.deliveries) this.checkDelivery(steps, delivery);
      for (const { step: name, kind } of snapshot.steps) {
        if (name === '') continue;
        const step = steps.get(name);
        if (step === undefined) {
          misfit(graph.name, `has state of a step "${name}", which the pipeline has not`);
        }
        if (stateKind(step) !== kind) {
          misfit(graph.name, `has state of "${name}" as a ${kind}, and it is a ${stateKind(step)}`);
        }
      }
    }
  }

  private checkDelivery(
    steps: ReadonlyMap<string, Step>,
    { origin: { sink }, serde, records }: DeliverySnapshot,
  ): void {
    const { name } = this.graph;
    const step = steps.get(sink);
    if (step?.kind !== 'deliver') {
      misfit(
        name,
        `has ${records} results for a sink "${sink}", which the pipeline has not; let it come to rest ` +
          'first, so that an epoch has none',
      );
    }
    if (step.serde.name !== serde) {
      misfit(
        name,
        `has results for the sink "${sink}" by ${serde}, and it takes ${step.serde.name}`,
      );
    }
  }
}

/** What stage a task belongs to, in whatever plan: the first step, which no other stage begins with. */
export function stageName(graph: Graph, plan: Plan, { stage }: TaskPlan): string {
  return graph.nodes[plan.stages[stage].nodes[0]].step.name;
}

/** What the state of a step can be read by: its kind, and what the meaning of the state depends on. */
export function stateKind(step: Step): string {
  switch (step.kind) {
    case 'window':
      return `${step.window.described}, ${step.logic.kind}`;
    case 'two-input':
      return step.described;
    default:
      return step.kind;
  }
}

function misfit(pipeline: string, what: string, cause?: unknown): never {
  const message = `The snapshot to restore the pipeline "${pipeline}" from ${what}.`;
  if (cause === undefined) return fail('STATE_MISFIT', message);
  throw new StreamError('STATE_MISFIT', message, { cause });
}

/** What one task begins from: the snapshot of one task, or those of several that its keys lie in. */
export class RestoredTask {
  private readonly snapshots: readonly TaskSnapshot[];
  private readonly from: number;
  private readonly to: number;

  constructor(snapshots: readonly TaskSnapshot[], from = 0, to: number = Number.POSITIVE_INFINITY) {
    this.snapshots = snapshots;
    this.from = from;
    this.to = to;
  }

  /** Whether nothing is left to do: all that wrote it had ended. */
  get ended(): boolean {
    return this.snapshots.every(({ ended }) => ended);
  }

  /** Where to read on. */
  get position(): number | undefined {
    return this.snapshots[0].source?.position;
  }

  /** What each of the tasks kept itself. */
  own(): unknown[] {
    const states: unknown[] = [];
    for (const section of this.sectionsOf('').flat()) {
      const reader = readSections([section]);
      reader.nextGroup();
      states.push(reader.take());
    }
    return states;
  }

  /** Gives a step its state. Throws `STATE_MISFIT` when it cannot read it. */
  restore(pipeline: string, step: string, operator: Operator): void {
    const tasks = this.sectionsOf(step);
    if (tasks.every(({ length }) => length === 0)) return;
    try {
      operator.restore(readSections(...tasks));
    } catch (cause) {
      misfit(pipeline, `has state of "${step}" that the step cannot read: ${cause}`, cause);
    }
  }

  /** Task by task. */
  private sectionsOf(step: string): Section[][] {
    const { from, to } = this;
    return this.snapshots.map(({ steps }) => {
      const layers = steps.filter(one => one.step === step);
      const last = layers.at(-1);
      return layers
        .flatMap(layer => layer.sections.map(section => ({ section, layer })))
        .filter(({ section: { group }, layer }) =>
          group === TASK_STATE ? layer === last : group >= from && group < to,
        )
        .map(({ section }) => section);
    });
  }
}
