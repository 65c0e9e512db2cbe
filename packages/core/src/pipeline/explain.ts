import type { Graph, MiddleStep } from './graph.ts';
import type { Plan, StagePlan } from './plan.ts';

/**
 * A plan as text: each stage with its steps, where its values come from and go, and which task runs
 * on which processor.
 */
export function explainPlan(graph: Graph, plan: Plan): string {
  const lines = [`pipeline "${plan.pipeline}", group "${plan.group}"`];
  for (const stage of plan.stages) {
    const many = stage.tasks.length === 1 ? '1 task' : `${stage.tasks.length} tasks`;
    const places = stage.tasks.map(id => `${id} on processor ${plan.tasks[id].processor}`);
    lines.push(`stage ${stage.index}: ${many} (${places.join(', ')})`);
    if (stage.input === 'source') {
      const { name, topic, serde, watermark } = graph.source;
      lines.push(
        `  ${name}: topic "${topic}", ${serde.name}, ${watermark.name}, one task per shard`,
      );
    }
    for (const step of graph.steps.slice(stage.from, stage.to)) lines.push(`  ${describe(step)}`);
    lines.push(`  ${exitOf(graph, plan, stage)}`);
  }
  lines.push(`dead letters: topic "${plan.topics.deadLetters}"`);
  return lines.join('\n');
}

function describe(step: MiddleStep): string {
  if (step.kind === 'keyByRecord') return `${step.name}: the record's own key, no exchange`;
  if (step.kind === 'process') {
    const states = step.states.map(({ name, kind }) => `${kind} "${name}"`);
    const timers = step.onTimer === undefined ? 'no timers' : 'timers';
    return `${step.name}: process, ${[...states, timers].join(', ')}`;
  }
  if (step.kind === 'dedupe') {
    const by = step.by === undefined ? '' : ', by a function';
    return `${step.name}: dedupe within ${step.withinMs} ms of ${step.time} time${by}`;
  }
  if (step.kind !== 'window')
    return step.name === step.kind ? step.kind : `${step.name}: ${step.kind}`;
  const parts = [step.window.described, step.logic.kind];
  if (!step.keyed) parts.push('without a key');
  if (step.window.kind === 'time') {
    parts.push(`lateness ${step.allowedLatenessMs} ms`, `${step.panes} panes`);
    if (step.lateTo !== undefined) parts.push(`late to "${step.lateTo}"`);
  }
  return `${step.name}: ${parts.join(', ')}`;
}

function exitOf(graph: Graph, plan: Plan, stage: StagePlan): string {
  if (stage.exit === 'sink') {
    const { name, topic, serde } = graph.sink;
    return `${name}: topic "${topic}", ${serde.name}`;
  }
  const channels = plan.channels.filter(({ from }) => stage.tasks.includes(from));
  const shared = channels.filter(channel => channel.shared).length;
  const how = stage.exchange === 'records' ? 'whole records' : 'values';
  const by =
    stage.exit === 'by-key'
      ? `${graph.steps[stage.to].name}: exchange by key`
      : 'exchange to one task';
  return `${by} over ${channels.length} channels (${shared} between processors), ${how}`;
}
