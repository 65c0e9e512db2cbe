import { fail } from '../errors.ts';
import { SIDE, type Side } from '../operator/two-input-head.ts';
import type { Serde } from '../serde/serde.ts';
import { type Graph, isEnd, type Output, type SourceStep, type TwoInputStep } from './graph.ts';

export type StageInput =
  | { readonly kind: 'source'; readonly node: number; readonly topic: string }
  | {
      readonly kind: 'exchange';
      /** The stage before, and which of its exits leads here. */
      readonly stage: number;
      readonly exit: number;
      readonly side: Side;
      /** Values cross as whole records: the source whose serde decodes them again. */
      readonly records: number | undefined;
    };

/** How an exchange picks the task of the next stage. */
export type Route =
  /** The task that has the group of the key that the `keyBy` gives. */
  | 'by-key'
  /** The same for the key that the value has. */
  | 'by-current-key'
  /** The only task. */
  | 'to-one'
  /** The task on the same processor. */
  | 'forward'
  /** All tasks. */
  | 'broadcast';

export type StageExit =
  | { readonly kind: 'sink'; readonly node: number }
  | {
      readonly kind: 'exchange';
      readonly route: Route;
      /** The step that asks for it: a `keyBy`, a window without a key, a two-input step. */
      readonly node: number;
      /** Whose values go there. */
      readonly from: Output;
      readonly to: number;
      readonly side: Side;
      /** How values cross: decoded, or (views of a record) as whole records. */
      readonly carries: 'values' | 'records';
    };

/** How many tasks a stage has. */
export type Parallel = 'shards' | 'keyed' | 'one' | 'as-before';

/** Steps that run together in one task, without a queue between. */
export interface Stage {
  readonly index: number;
  readonly parallel: Parallel;
  /** Nodes of the graph, rising. Where streams are merged, a node is in several stages. */
  readonly nodes: readonly number[];
  /** A source, or any number of exchanges. */
  readonly inputs: readonly StageInput[];
  readonly exits: readonly StageExit[];
}

/** A stage while it is cut. */
interface Open extends Stage {
  readonly nodes: number[];
  readonly inputs: StageInput[];
  readonly exits: StageExit[];
  /** Of whose records values are views here: of several sources' with different serdes, `mixed`. */
  viewsOf: number | 'mixed' | undefined;
}

/**
 * Cuts a graph into stages: at every `keyBy`, before a window without a key, and at the inputs of a
 * two-input step. Between these, a merge costs nothing: each stage that it takes from goes on with
 * the steps behind it. A stage comes after those that it takes from. Throws `INVALID_PIPELINE`.
 */
export function cutStages(graph: Graph): readonly Stage[] {
  return new Cutter(graph).cut();
}

class Cutter {
  private readonly graph: Graph;
  private readonly stages: Open[] = [];
  /** The stages that a node is in. */
  private readonly at: (readonly Open[])[] = [];
  private readonly consumers = new Map<number, number>();

  constructor(graph: Graph) {
    this.graph = graph;
    for (const [node, { inputs }] of graph.nodes.entries()) {
      for (const input of inputs) this.consumers.set(input.node, node);
    }
  }

  cut(): readonly Stage[] {
    for (const node of this.graph.nodes.keys()) this.at.push(this.place(node));
    return this.stages;
  }

  private place(node: number): readonly Open[] {
    const { step, inputs } = this.graph.nodes[node];
    switch (step.kind) {
      case 'source': {
        const stage = this.open('shards', node);
        stage.inputs.push({ kind: 'source', node, topic: step.topic });
        if (step.serde.views === true) stage.viewsOf = node;
        return [stage];
      }
      case 'two-input':
        return [this.twoInputs(step, node, inputs)];
      case 'keyBy':
        return this.keyBy(node, inputs[0]);
      case 'window':
        if (!step.keyed && !this.isOneTask(inputs[0])) {
          const stage = this.open('one', node);
          this.join(stage, 'to-one', node, inputs[0], SIDE.left);
          return [stage];
        }
        break;
      default:
    }
    const stages = new Set(inputs.flatMap(input => this.at[input.node]));
    for (const stage of stages) {
      stage.nodes.push(node);
      if (isEnd(step)) stage.exits.push({ kind: 'sink', node });
    }
    return [...stages];
  }

  /** The key function is called where values come from; a join behind it takes them directly. */
  private keyBy(node: number, input: Output): readonly Open[] {
    const behind = this.consumers.get(node);
    if (behind !== undefined && this.graph.nodes[behind].step.kind === 'two-input') return [];
    const stage = this.open('keyed', node);
    this.join(stage, 'by-key', node, input, SIDE.left);
    return [stage];
  }

  private twoInputs(step: TwoInputStep, node: number, [left, right]: readonly Output[]): Open {
    const stage = this.open(step.left === 'forward' ? 'as-before' : 'keyed', node);
    this.sideOf(stage, step.left, node, left, SIDE.left);
    this.sideOf(stage, step.right, node, right, SIDE.right);
    return stage;
  }

  private sideOf(
    stage: Open,
    how: 'by-key' | 'forward' | 'broadcast',
    node: number,
    input: Output,
    side: Side,
  ): void {
    if (how !== 'by-key') {
      this.join(stage, how, node, input, side);
      return;
    }
    const { step, inputs } = this.graph.nodes[input.node];
    if (step.kind === 'keyBy') this.join(stage, 'by-key', input.node, inputs[0], side);
    else this.join(stage, 'by-current-key', node, input, side);
  }

  /** An exchange from every stage that has `from`. */
  private join(stage: Open, route: Route, node: number, from: Output, side: Side): void {
    const views = this.graph.nodes[from.node].views;
    for (const before of this.at[from.node]) {
      const records = views ? this.sourceOfViews(before, node) : undefined;
      stage.inputs.push({
        kind: 'exchange',
        stage: before.index,
        exit: before.exits.length,
        side,
        records,
      });
      if (records !== undefined) this.addViews(stage, records);
      const carries = records === undefined ? 'values' : 'records';
      before.exits.push({ kind: 'exchange', route, node, from, to: stage.index, side, carries });
    }
  }

  private addViews(stage: Open, source: number): void {
    if (stage.viewsOf === undefined) stage.viewsOf = source;
    else if (stage.viewsOf !== 'mixed' && this.serdeOf(stage.viewsOf) !== this.serdeOf(source)) {
      stage.viewsOf = 'mixed';
    }
  }

  private sourceOfViews(stage: Open, node: number): number {
    const { viewsOf } = stage;
    if (typeof viewsOf === 'number') return viewsOf;
    const { name, nodes } = this.graph;
    return fail(
      'INVALID_PIPELINE',
      `Pipeline "${name}", step "${nodes[node].step.name}" sends on views of records of several ` +
        'sources with different serdes; .map() them to plain values first.',
    );
  }

  private serdeOf(source: number): Serde<unknown> {
    return (this.graph.nodes[source].step as SourceStep).serde;
  }

  private isOneTask({ node }: Output): boolean {
    const stages = this.at[node];
    return stages.length === 1 && stages[0].parallel === 'one';
  }

  private open(parallel: Parallel, node: number): Open {
    const index = this.stages.length;
    const stage: Open = {
      index,
      parallel,
      nodes: [node],
      inputs: [],
      exits: [],
      viewsOf: undefined,
    };
    this.stages.push(stage);
    return stage;
  }
}
