import { fail, StreamError } from '../errors.ts';
import type { Serde } from '../serde/serde.ts';
import { type ExplainOptions, explanationOf } from './explain.ts';
import type { Graph } from './graph.ts';
import { planPipeline } from './plan.ts';
import type { SourceOptions, Stream } from './stream.ts';

/** Marks pipelines also across two copies of this package. */
const BRAND = Symbol.for('lite-streams.pipeline');

/** What a pipeline is made from. */
interface PipelineParts {
  readonly name: string;
  /** Throws `INVALID_PIPELINE` for one that is not finished. */
  graph(): Graph;
  from<T>(topic: string, serde: Serde<T>, options?: SourceOptions<T>): Stream<T>;
  /** The last step that ends a stream, as it is written. */
  lastEnd(): string | undefined;
}

/**
 * A pipeline: what a pipeline module exports by default, once every stream that begins with `from`
 * leads to a `to`. It does nothing by itself; an engine imports the module on every thread that
 * takes part and runs it.
 */
export class Pipeline {
  readonly name: string;
  readonly [BRAND] = true;
  private readonly parts: PipelineParts;

  /** Made by `pipeline()`. */
  constructor(parts: PipelineParts) {
    this.name = parts.name;
    this.parts = parts;
    Object.freeze(this);
  }

  static is(value: unknown): value is Pipeline {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  /** The checked steps; none can be added from now on. Throws `INVALID_PIPELINE`, naming the step. */
  get graph(): Graph {
    return this.parts.graph();
  }

  /**
   * Reads a topic, from its earliest record on, as the group `pipeline/<name>`. A record whose value
   * `serde` cannot decode, or without a valid timestamp, is a dead letter. A pipeline may read several
   * topics, each once.
   */
  from<T>(topic: string, serde: Serde<T>, options?: SourceOptions<T>): Stream<T> {
    return this.parts.from(topic, serde, options);
  }

  /**
   * The plan, as text or as a Mermaid flowchart, for topics of `shards` shards (4 by default) on so
   * many `processors` (2).
   */
  explain(
    options: ExplainOptions & { readonly shards?: number; readonly processors?: number } = {},
  ) {
    const { shards = 4, processors = 2, format = 'text' } = options;
    const plan = planPipeline(this, { shardsOf: () => shards, processors });
    return explanationOf(this.graph, plan)[format];
  }

  /** The same pipeline under another name, which also names its group. */
  named(name: string): Pipeline {
    const { parts } = this;
    return new Pipeline({
      name,
      graph: () => ({ ...parts.graph(), name }),
      from: (topic, serde, options) => parts.from(topic, serde, options),
      lastEnd: () => parts.lastEnd(),
    });
  }
}

/** What a step on the pipeline, and not on a stream, is answered. */
function refuse(name: string, end: string | undefined, step: string): never {
  const why =
    end === undefined
      ? `.${step}() belongs to a stream; .from(topic, serde) gives one`
      : `.${step}() comes after ${end}, which is the last step of its stream`;
  return fail('INVALID_PIPELINE', `Pipeline "${name}": ${why}.`);
}

/** Steps of a stream. */
const STEPS = [
  'map',
  'filter',
  'flatMap',
  'tap',
  'keyBy',
  'keyByRecord',
  'merge',
  'fork',
  'split',
  'window',
  'process',
  'dedupe',
  'mapAsync',
  'connect',
  'join',
  'lookup',
  'to',
  'deliver',
] as const;

for (const step of STEPS) {
  Object.defineProperty(Pipeline.prototype, step, {
    value(this: { readonly name: string; readonly parts: PipelineParts }): never {
      return refuse(this.name, this.parts.lastEnd(), step);
    },
  });
}

/**
 * The finished pipeline that a module exports. Throws `MODULE_NO_DEFAULT` when there is none, naming
 * `module`, `INVALID_PIPELINE` when it is not finished.
 */
export function pipelineOf(exported: unknown, module: string): Pipeline {
  const pipeline = (exported as { default?: unknown } | undefined)?.default;
  if (Pipeline.is(pipeline)) {
    checked(pipeline, module);
    return pipeline;
  }
  if (typeof pipeline === 'object' && pipeline !== null && 'unfinished' in pipeline) {
    fail(
      'INVALID_PIPELINE',
      `${module}: the pipeline "${String(pipeline.unfinished)}" has no end; .to(topic, serde) gives ` +
        'it one.',
    );
  }
  return fail(
    'MODULE_NO_DEFAULT',
    `${module} has no pipeline as its default export; write: export default pipeline('name')…`,
  );
}

/** Builds the graph, so that what is wrong with it is said with the name of the module. */
function checked(pipeline: Pipeline, module: string): void {
  try {
    void pipeline.graph;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    throw new StreamError(error.code, `${module}: ${error.message}`, { cause: error });
  }
}
