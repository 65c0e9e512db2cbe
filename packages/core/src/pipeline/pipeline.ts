import { fail } from '../errors.ts';
import type { Graph } from './graph.ts';

/** Marks pipelines also across two copies of this package. */
const BRAND = Symbol.for('lite-streams.pipeline');

/**
 * A finished pipeline: what a pipeline module exports by default. It does nothing by itself; an
 * engine imports the module on every thread that takes part and runs it.
 */
export class Pipeline {
  readonly name: string;
  /** The checked steps. */
  readonly graph: Graph;
  readonly [BRAND] = true;

  /** Made by `.to()`. */
  constructor(graph: Graph) {
    this.name = graph.name;
    this.graph = graph;
    Object.freeze(this);
  }

  static is(value: unknown): value is Pipeline {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** What `.to()` ended: each of these on a finished pipeline is a step too late. */
const STEPS = [
  'map',
  'filter',
  'flatMap',
  'tap',
  'keyBy',
  'keyByRecord',
  'window',
  'process',
  'dedupe',
  'to',
] as const;

for (const step of STEPS) {
  Object.defineProperty(Pipeline.prototype, step, {
    value(this: Pipeline): never {
      return fail(
        'INVALID_PIPELINE',
        `Pipeline "${this.name}": .${step}() comes after .to("${this.graph.sink.topic}"); .to() is ` +
          'the last step.',
      );
    },
  });
}

/**
 * The pipeline that a module exports. Throws `MODULE_NO_DEFAULT` when there is none, naming
 * `module`, `INVALID_PIPELINE` when it is not finished.
 */
export function pipelineOf(exported: unknown, module: string): Pipeline {
  const pipeline = (exported as { default?: unknown } | undefined)?.default;
  if (Pipeline.is(pipeline)) return pipeline;
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
