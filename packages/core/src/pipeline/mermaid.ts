import { type Graph, isStateful, type Output, type Step } from './graph.ts';
import type { Plan, StagePlan } from './plan.ts';
import type { StageExit } from './stages.ts';

type ExchangeExit = Extract<StageExit, { kind: 'exchange' }>;

const ROUTES: Readonly<Record<ExchangeExit['route'], string>> = {
  'by-key': 'by key',
  'by-current-key': 'by the same key',
  'to-one': 'to one task',
  forward: 'same processor',
  broadcast: 'to every task',
};

/**
 * A plan as a Mermaid flowchart: a box for each stage, thick arrows where values cross to other
 * tasks. A step that several stages go through, behind a merge, is drawn in each.
 */
export function drawPlan(graph: Graph, plan: Plan): string {
  return new Drawing(graph, plan).lines.join('\n');
}

class Drawing {
  readonly lines = ['flowchart LR'];
  private readonly graph: Graph;
  private readonly plan: Plan;
  /** Topics, in the order in which they were first met. */
  private readonly topics: string[] = [];

  constructor(graph: Graph, plan: Plan) {
    this.graph = graph;
    this.plan = plan;
    for (const stage of plan.stages) this.box(stage);
    for (const stage of plan.stages) this.arrows(stage);
    for (const [at, topic] of this.topics.entries()) {
      this.lines.push(`  t${at}[(${quoted(topic)})]`);
    }
  }

  private box(stage: StagePlan): void {
    const { length } = stage.tasks;
    const title = `stage ${stage.index}: ${length === 1 ? '1 task' : `${length} tasks`}`;
    this.lines.push(`  subgraph s${stage.index}[${quoted(title)}]`);
    for (const node of stage.nodes) {
      const { step } = this.graph.nodes[node];
      const text = quoted(step.name);
      this.lines.push(`    ${idOf(stage, node)}${shaped(step, text)}`);
    }
    this.lines.push('  end');
  }

  private arrows(stage: StagePlan): void {
    for (const node of stage.nodes) {
      const { step, inputs } = this.graph.nodes[node];
      const id = idOf(stage, node);
      if (step.kind === 'source') this.lines.push(`  ${this.topic(step.topic)} --> ${id}`);
      for (const input of inputs) {
        if (!stage.nodes.includes(input.node)) continue;
        this.lines.push(`  ${idOf(stage, input.node)} -->${this.labelOf(input)} ${id}`);
      }
      if (step.kind === 'sink') this.lines.push(`  ${id} --> ${this.topic(step.topic)}`);
      const lateTo = 'lateTo' in step ? step.lateTo : undefined;
      if (lateTo !== undefined) this.lines.push(`  ${id} -. late .-> ${this.topic(lateTo)}`);
    }
    for (const exit of stage.exits) if (exit.kind === 'exchange') this.exchange(stage, exit);
  }

  private exchange(stage: StagePlan, exit: ExchangeExit): void {
    const to = this.plan.stages[exit.to];
    const { step } = this.graph.nodes[to.nodes[0]];
    const from = this.graph.nodes[exit.from.node].step;
    const parts: string[] = [];
    if (from.kind === 'split') parts.push(`${from.routes[exit.from.port].name},`);
    // The key function of a side of a join has no box of its own.
    if (exit.node !== to.nodes[0]) parts.push(`${this.graph.nodes[exit.node].step.name},`);
    parts.push(ROUTES[exit.route]);
    if (step.kind === 'two-input') parts.push(exit.side === 0 ? '(left)' : '(right)');
    this.lines.push(
      `  ${idOf(stage, exit.from.node)} ==>|${quoted(parts.join(' '))}| ${idOf(to, to.nodes[0])}`,
    );
  }

  /** What an output of a split is called. */
  private labelOf({ node, port }: Output): string {
    const { step } = this.graph.nodes[node];
    return step.kind === 'split' ? `|${quoted(step.routes[port].name)}|` : '';
  }

  private topic(name: string): string {
    let at = this.topics.indexOf(name);
    if (at < 0) at = this.topics.push(name) - 1;
    return `t${at}`;
  }
}

function idOf(stage: StagePlan, node: number): string {
  return `s${stage.index}n${node}`;
}

/** Double borders hold state; a hexagon is where results leave the engine. */
function shaped(step: Step, text: string): string {
  if (step.kind === 'deliver') return `{{${text}}}`;
  return isStateful(step) ? `[[${text}]]` : `[${text}]`;
}

/** Mermaid takes entities where text would end a label. */
function quoted(text: string): string {
  return `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('\n', ' ')}"`;
}
