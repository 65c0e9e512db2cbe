import { SIDE } from '../operator/two-input-head.ts';
import { type Graph, type GraphNode, isStateful, type Step } from './graph.ts';
import { drawPlan } from './mermaid.ts';
import type { Plan, StagePlan } from './plan.ts';
import type { StageExit } from './stages.ts';
import { describeStates } from './state-steps.ts';

export interface ExplainOptions {
  /** Text, or a picture: a Mermaid flowchart. Default `text`. */
  readonly format?: 'text' | 'mermaid' | undefined;
}

/** A plan in every format. */
export type Explanation = Readonly<Record<NonNullable<ExplainOptions['format']>, string>>;

export function explanationOf(graph: Graph, plan: Plan): Explanation {
  return { text: explainPlan(graph, plan), mermaid: drawPlan(graph, plan) };
}

type ExchangeExit = Extract<StageExit, { kind: 'exchange' }>;

/**
 * A plan as text: each stage with its steps, where its values come from and go, which task runs on
 * which processor, and what is lost with one.
 */
export function explainPlan(graph: Graph, plan: Plan): string {
  const lines = [`pipeline "${plan.pipeline}", group "${plan.group}"`];
  for (const stage of plan.stages) {
    const many = stage.tasks.length === 1 ? '1 task' : `${stage.tasks.length} tasks`;
    const places = stage.tasks.map(id => `${id} on processor ${plan.tasks[id].processor}`);
    const state = stage.nodes.some(node => isStateful(graph.nodes[node].step)) ? ', state' : '';
    lines.push(`stage ${stage.index}: ${many} (${places.join(', ')})${state}`);
    for (const node of stage.nodes) {
      const line = describe(graph.nodes[node], graph);
      if (line !== undefined) lines.push(`  ${line}`);
    }
    for (const exit of stage.exits) {
      if (exit.kind === 'exchange') lines.push(`  ${describeExchange(graph, plan, stage, exit)}`);
    }
  }
  lines.push(`dead letters: topic "${plan.topics.deadLetters}"`);
  return lines.join('\n');
}

/** A step in a line; nothing for one that the exchange before its stage tells of. */
function describe({ step, inputs }: GraphNode, graph: Graph): string | undefined {
  const what = describeStep(step);
  if (what === undefined) return undefined;
  const named = step.name === what ? what : `${step.name}: ${what}`;
  const from = inputs.flatMap(({ node, port }) => {
    const before = graph.nodes[node].step;
    if (before.kind === 'split') return [`"${before.routes[port].name}" of ${before.name}`];
    return before.kind === 'fork' ? [`stream ${port} of ${before.name}`] : [];
  });
  return from.length === 0 ? named : `${named}, from ${from.join(' and ')}`;
}

function describeStep(step: Step): string | undefined {
  switch (step.kind) {
    case 'source':
      return `topic "${step.topic}", ${step.serde.name}, ${step.watermark.name}, one task per shard`;
    case 'sink':
      return `topic "${step.topic}", ${step.serde.name}`;
    case 'deliver':
      return `results of committed epochs to a system outside, ${step.maxBatch} at a time, ${step.serde.name}`;
    case 'keyBy':
      return undefined;
    case 'keyByRecord':
      return "the record's own key, no exchange";
    case 'fork':
      return `fork to ${step.count} streams`;
    case 'split':
      return `split to ${step.routes.map(({ name }) => `"${name}"`).join(', ')}`;
    case 'two-input':
      return late(step.described, step.lateTo);
    case 'process':
      return describeStates('process', step.states, step.onTimer !== undefined);
    case 'mapAsync': {
      const order = step.ordered ? 'in order' : 'in any order';
      return `mapAsync, ${step.concurrency} at a time, ${order}, timeout ${step.timeoutMs} ms`;
    }
    case 'dedupe': {
      const by = step.by === undefined ? '' : ', by a function';
      return `dedupe within ${step.withinMs} ms of ${step.time} time${by}`;
    }
    case 'window': {
      const { window, early, trigger } = step;
      const parts = [window.described, step.logic.kind];
      if (!step.keyed) parts.push('without a key');
      if (step.time === 'processing') parts.push('processing time');
      if (trigger !== undefined) parts.push(`trigger ${trigger.name ?? 'custom'}`);
      if (early !== undefined) parts.push(early.described);
      if (step.onClose === true) parts.push('on closing only');
      if (window.kind === 'global' || window.kind === 'count') {
        if (early !== undefined || trigger !== undefined) parts.push(`${step.panes} panes`);
        return parts.join(', ');
      }
      parts.push(`lateness ${step.allowedLatenessMs} ms`, `${step.panes} panes`);
      return late(parts.join(', '), step.lateTo);
    }
    default:
      return step.kind;
  }
}

function late(what: string, lateTo: string | undefined): string {
  return lateTo === undefined ? what : `${what}, late to "${lateTo}"`;
}

function describeExchange(graph: Graph, plan: Plan, stage: StagePlan, exit: ExchangeExit): string {
  const channels = plan.channels.filter(
    ({ from, exit: of }) => stage.tasks.includes(from) && stage.exits[of] === exit,
  );
  const shared = channels.filter(channel => channel.shared).length;
  const how = exit.carries === 'records' ? 'whole records' : 'values';
  const { step } = graph.nodes[exit.node];
  const isTwo = graph.nodes[plan.stages[exit.to].nodes[0]].step.kind === 'two-input';
  const where = isTwo ? `the ${exit.side === SIDE.left ? 'left' : 'right'} of stage` : 'stage';
  return (
    `${step.name}: ${routeOf(exit)} to ${where} ${exit.to} over ${channels.length} channels ` +
    `(${shared} between processors), ${how}`
  );
}

function routeOf({ route }: ExchangeExit): string {
  switch (route) {
    case 'by-key':
      return 'exchange by key';
    case 'by-current-key':
      return 'exchange by the key that values have';
    case 'to-one':
      return 'exchange to one task';
    case 'forward':
      return 'hand-over on the same processor';
    case 'broadcast':
      return 'broadcast';
  }
}
