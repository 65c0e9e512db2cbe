import type { ResolvedCheckpoint } from '../epoch/options.ts';
import { fail, shown } from '../errors.ts';
import type { Serde } from '../serde/serde.ts';
import { DURATION_FORM, durationMs } from '../time/duration.ts';
import { monotonic } from '../time/watermark.ts';
import {
  type EndStep,
  type Graph,
  type GraphNode,
  isEnd,
  keepsValues,
  type MiddleStep,
  type Output,
  portsOf,
  type SinkStep,
  type SourceStep,
  type Step,
} from './graph.ts';
import { neverFit } from './serde-match.ts';
import { cutStages } from './stages.ts';
import { wrongOptions } from './step-options.ts';
import type { SourceOptions, StepOptions } from './stream.ts';

/**
 * Which values are together in a task: those of one key, brought there by the node of this number;
 * no particular ones; or (`apart`) keyed ones that a merge took from several such places.
 */
type Place = number | undefined | 'apart';

/** The steps so far, each checked when it is added. */
export class Draft {
  readonly name: string;
  readonly deadLetters: string;
  readonly checkpoint: ResolvedCheckpoint | undefined;
  private readonly nodes: GraphNode[] = [];
  private readonly places: Place[] = [];
  private readonly names = new Set<string>();
  /** Outputs that a step goes on from, `node:port`, and that step. */
  private readonly taken = new Map<string, string>();
  /** Windows of which nobody has said yet what is done with them. */
  private readonly openWindows = new Set<string>();
  /** Topics that are held back until others have ended. */
  private waits: readonly { readonly topics: string[]; readonly needed: string[] }[] = [];
  private made: Graph | undefined;

  constructor(name: string, deadLetters: string, checkpoint: ResolvedCheckpoint | undefined) {
    this.name = name;
    this.deadLetters = deadLetters;
    this.checkpoint = checkpoint;
    this.topicName(deadLetters, 'deadLetters');
  }

  from(topic: string, serde: Serde<unknown>, options: SourceOptions<unknown>): Output {
    const name = this.claimName('from', options);
    this.topicName(topic, name);
    this.checkSerde(name, serde);
    const reader = this.sourceOn(topic);
    if (reader !== undefined) {
      this.wrong(name, `reads "${topic}", as "${reader}" does; .fork() gives a stream to several`);
    }
    for (const { step } of this.nodes) {
      if (step.kind === 'sink' && step.topic === topic) {
        this.wrong(name, `reads "${topic}", which "${step.name}" writes to: it would never end`);
      }
    }
    if (options.timestamp !== undefined) this.checkFunction(name, 'timestamp', options.timestamp);
    const watermark = options.watermark ?? monotonic();
    if (typeof watermark?.create !== 'function') {
      this.wrong(name, 'has no watermark strategy; boundedOutOfOrderness(bound) is one');
    }
    const idleTimeoutMs =
      options.idleTimeout === undefined
        ? undefined
        : this.duration(name, 'the idleTimeout', options.idleTimeout, 1);
    const { timestamp } = options;
    const step: SourceStep = {
      kind: 'source',
      name,
      topic,
      serde,
      timestamp,
      watermark,
      idleTimeoutMs,
    };
    return this.put(step, [], undefined, serde.views === true);
  }

  /**
   * Adds a step behind the outputs that it has taken with `take`, and returns its first output. What
   * comes out is keyed as what came in, unless `keyed` says that this step brings keys together.
   */
  add(step: MiddleStep, inputs: readonly Output[], keyed: 'as before' | 'here' | 'no'): Output {
    const place =
      keyed === 'here' ? this.nodes.length : keyed === 'no' ? undefined : this.meet(inputs);
    const views = keepsValues(step) && this.areViews(step.name, inputs);
    return this.put(step, inputs, place, views);
  }

  sink(step: SinkStep, input: Output): void {
    const reader = this.sourceOn(step.topic);
    if (reader !== undefined) {
      this.wrong(
        step.name,
        `writes to "${step.topic}", which the pipeline reads: it would never end`,
      );
    }
    this.end(step, input, `writes to "${step.topic}"`);
  }

  /** A stream ends in this step. `does`: what it does by its serde. */
  end(step: EndStep, input: Output, does: string): void {
    for (const serde of this.serdesOf(input)) {
      if (!neverFit(serde, step.serde)) continue;
      this.wrong(
        step.name,
        `${does} by the serde ${step.serde.name} what ${serde.name} has read; .map() comes between, or the ` +
          'serde fits',
      );
    }
    this.put(step, [input], undefined, false);
  }

  /** The serdes by which the values of an output were read, where they still are what these gave. */
  private serdesOf({ node }: Output): Serde<unknown>[] {
    const { step, inputs } = this.nodes[node];
    if (step.kind === 'source') return [step.serde];
    if (isEnd(step) || !keepsValues(step)) return [];
    return inputs.flatMap(input => this.serdesOf(input));
  }

  /** A step goes on from this output. Throws when another one does already. */
  take(output: Output, kind: string, options: StepOptions | undefined): void {
    const at = `${output.node}:${output.port}`;
    const step = options?.name ?? kind;
    const other = this.taken.get(at);
    if (other !== undefined) {
      this.wrong(
        step,
        `goes on from a stream that another step, "${other}", goes on from already; .fork() gives ` +
          'a stream to several',
      );
    }
    this.taken.set(at, step);
  }

  /** Whether values of one key are together there. Throws where some are and some are not. */
  isKeyed(output: Output, step: string): boolean {
    const place = this.places[output.node];
    if (place === 'apart') {
      this.wrong(
        step,
        'comes after a merge of streams that are keyed apart, so that the values of a key are in ' +
          'several tasks; .keyBy() after the merge brings them together',
      );
    }
    return place !== undefined;
  }

  hasKey(output: Output): boolean {
    return this.places[output.node] !== undefined;
  }

  /** Throws when a side of a two-input step has no key to meet the other by. */
  checkKey(step: string, side: 'left' | 'right', output: Output): void {
    if (this.hasKey(output)) return;
    this.wrong(step, `takes a stream without a key as its ${side} side; .keyBy() gives it one`);
  }

  /**
   * The left of a step waits for the end of its right, and holds back all that is read from its
   * topics. Throws when the right can then not end: when it is of the same topic, or of one that
   * another step holds back until then.
   */
  waitForRight(step: string, left: Output, right: Output): void {
    const topics = topicsOf(this.behind(left, heldInputs));
    const needed = new Set(topicsOf(this.before(right)));
    const waits = [...this.waits, { topics, needed: [...needed] }];
    // What is added on the way is visited too.
    for (const topic of needed) {
      for (const wait of waits) {
        if (wait.topics.includes(topic)) for (const other of wait.needed) needed.add(other);
      }
    }
    const both = topics.find(topic => needed.has(topic));
    if (both !== undefined) {
      this.wrong(
        step,
        `waits for the end of its right side, which does not come before that of "${both}", of which ` +
          'its left is: it would never begin; the right side needs a topic of its own',
      );
    }
    this.waits = waits;
  }

  /** The steps before an output, the nearest first. */
  before(output: Output): GraphNode[] {
    return this.behind(output, ({ inputs }) => inputs);
  }

  private behind(from: Output, of: (node: GraphNode) => readonly Output[]): GraphNode[] {
    const found = new Set<GraphNode>();
    const visit = (output: Output): void => {
      const node = this.nodes[output.node];
      if (found.has(node)) return;
      found.add(node);
      of(node).forEach(visit);
    };
    visit(from);
    return [...found];
  }

  openWindow(step: string): void {
    this.openWindows.add(step);
  }

  /** `false` when it has been closed before. */
  closeWindow(step: string): boolean {
    return this.openWindows.delete(step);
  }

  /** The last step that ends a stream, as it is written, if there is any yet. */
  get lastEnd(): string | undefined {
    const end = this.nodes.map(({ step }) => step).findLast(isEnd);
    if (end === undefined) return undefined;
    return end.kind === 'sink' ? `.to("${end.topic}")` : `.deliver("${end.name}")`;
  }

  /** The steps, checked as a whole and frozen: nothing can be added any more. */
  graph(): Graph {
    if (this.made !== undefined) return this.made;
    if (this.nodes.length === 0) {
      this.incomplete('has no steps; .from(topic, serde) begins one');
    }
    if (this.lastEnd === undefined) {
      this.incomplete('has no end; .to(topic, serde) gives it one');
    }
    for (const window of this.openWindows) {
      this.wrong(window, 'leads nowhere; .aggregate() or .process() comes next');
    }
    for (const [node, { step }] of this.nodes.entries()) {
      for (let port = 0; port < portsOf(step); port++) {
        if (!this.taken.has(`${node}:${port}`)) this.dangling(step, port);
      }
    }
    const { name, deadLetters, checkpoint } = this;
    const nodes = Object.freeze([...this.nodes]);
    const graph = Object.freeze({ name, nodes, deadLetters, checkpoint });
    this.checkSideOutputs(graph);
    this.checkCheckpoints(graph);
    cutStages(graph);
    this.made = graph;
    return graph;
  }

  /** The step's name: given, or its kind and number. Throws when another step has it. */
  claimName(kind: string, options: StepOptions | undefined): string {
    if (this.made !== undefined) {
      this.wrong(options?.name ?? kind, 'is added after the pipeline has been run or exported');
    }
    const name = options?.name ?? `${kind}-${this.names.size}`;
    if (typeof name !== 'string' || name === '') {
      this.wrong(kind, `has the name ${shown(name)}; it must be text`);
    }
    const unknown = wrongOptions(kind, options);
    if (unknown !== undefined) this.wrong(name, unknown);
    if (this.names.has(name)) this.wrong(name, 'has the name of an earlier step');
    this.names.add(name);
    return name;
  }

  topicName(topic: unknown, step: string): void {
    if (typeof topic === 'string' && topic !== '') return;
    this.wrong(step, `names the topic ${shown(topic)}; it must be text`);
  }

  checkSerde(step: string, serde: Serde<unknown> | undefined): void {
    if (typeof serde?.decode === 'function' && typeof serde.encode === 'function') return;
    this.wrong(step, 'has no serde; text(), bytes(), json() and records() are some');
  }

  checkFunction(step: string, what: string, given: unknown): void {
    if (typeof given === 'function') return;
    this.wrong(step, `needs a function as ${what}, not ${given === null ? 'null' : typeof given}`);
  }

  duration(step: string, what: string, duration: unknown, leastMs: number): number {
    const ms = durationMs(duration);
    if (ms !== undefined && ms >= leastMs) return ms;
    return this.wrong(
      step,
      `has ${what} ${shown(duration)}; it must be ${leastMs} or more, as ${DURATION_FORM}`,
    );
  }

  wrong(step: string, what: string): never {
    return fail('INVALID_PIPELINE', `Pipeline "${this.name}", step "${step}" ${what}.`);
  }

  private put(step: Step, inputs: readonly Output[], place: Place, views: boolean): Output {
    this.nodes.push(Object.freeze({ step: Object.freeze(step), inputs, views }));
    this.places.push(place);
    return { node: this.nodes.length - 1, port: 0 };
  }

  private meet(inputs: readonly Output[]): Place {
    const places = new Set(inputs.map(({ node }) => this.places[node]));
    if (places.size === 1) return [...places][0];
    return 'apart';
  }

  /** Whether the values of outputs are views of records. Throws where some are and some are not. */
  areViews(step: string, inputs: readonly Output[]): boolean {
    const kinds = new Set(inputs.map(({ node }) => this.nodes[node].views));
    if (kinds.size > 1) {
      this.wrong(
        step,
        'merges views of records with values that are none; .map() the views to plain values first',
      );
    }
    return kinds.has(true);
  }

  /** What goes beside the outputs would come back as input, and again, for ever. */
  private checkSideOutputs(graph: Graph): void {
    const reader = this.sourceOn(graph.deadLetters);
    if (reader !== undefined) {
      this.wrong(reader, `reads "${graph.deadLetters}", the topic of the pipeline's dead letters`);
    }
    for (const { step } of graph.nodes) {
      if (!('lateTo' in step) || step.lateTo === undefined) continue;
      if (this.sourceOn(step.lateTo) === undefined) continue;
      this.wrong(step.name, `writes late values to "${step.lateTo}", which the pipeline reads`);
    }
  }

  /** A barrier on the left would wait behind values that are not read before the right has ended. */
  private checkCheckpoints({ checkpoint, nodes }: Graph): void {
    if (checkpoint === undefined) return;
    for (const { step } of nodes) {
      if (step.kind !== 'two-input' || !step.rightFirst) continue;
      this.wrong(
        step.name,
        'reads its right side to the end before its left, so that no epoch could end; it takes a ' +
          'pipeline without checkpoints',
      );
    }
  }

  private sourceOn(topic: string): string | undefined {
    const found = this.nodes.find(({ step }) => step.kind === 'source' && step.topic === topic);
    return found?.step.name;
  }

  private dangling(step: GraphNode['step'], port: number): never {
    const which =
      step.kind === 'split'
        ? `the route "${step.routes[port].name}" of which`
        : step.kind === 'fork'
          ? `stream ${port} of which`
          : 'which';
    return this.wrong(step.name, `gives a stream, ${which} leads nowhere; .to() ends a stream`);
  }

  private incomplete(what: string): never {
    return fail('INVALID_PIPELINE', `The pipeline "${this.name}" ${what}.`);
  }
}

function topicsOf(nodes: readonly GraphNode[]): string[] {
  return nodes.flatMap(({ step }) => (step.kind === 'source' ? [step.topic] : []));
}

/** The inputs of a node that are held back while nothing is taken from it. */
function heldInputs({ step, inputs }: GraphNode): readonly Output[] {
  return step.kind === 'two-input' && step.rightFirst ? inputs.slice(0, 1) : inputs;
}
