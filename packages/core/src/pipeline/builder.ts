import { together } from '../aggregate/together.ts';
import { fail } from '../errors.ts';
import type { Serde } from '../serde/serde.ts';
import { DURATION_FORM, durationMs } from '../time/duration.ts';
import { monotonic } from '../time/watermark.ts';
import type { Aggregate, WindowFunction } from '../window/aggregate.ts';
import { guardFor } from '../window/guard.ts';
import { resolveWindow, type WindowSpec } from '../window/spec.ts';
import type {
  FunctionStep,
  MiddleStep,
  SinkStep,
  SourceStep,
  StepFunction,
  WindowStep,
} from './graph.ts';
import { Pipeline } from './pipeline.ts';
import { dedupeStep, processStep } from './state-steps.ts';
import type {
  DedupeOptions,
  PipelineOptions,
  PipelineStart,
  SinkOptions,
  SourceOptions,
  StepOptions,
  Stream,
  WindowOptions,
} from './stream.ts';

/** Begins a pipeline. Its name is also that of its group and of its dead-letter topic. */
export function pipeline(name: string, options: PipelineOptions = {}): PipelineStart {
  if (typeof name !== 'string' || name === '') {
    fail(
      'INVALID_PIPELINE',
      `A pipeline needs a name; pipeline(${JSON.stringify(name)}) has none.`,
    );
  }
  const draft = new Draft(name, options.deadLetters ?? `${name}.dead-letters`);
  return {
    from: (topic, serde, source = {}) =>
      draft.from(topic, serde as Serde<unknown>, source as never),
  };
}

/** The steps so far. */
class Draft {
  readonly name: string;
  readonly deadLetters: string;
  readonly steps: MiddleStep[] = [];
  source: SourceStep | undefined;
  keyed = false;
  private readonly names = new Set<string>();

  constructor(name: string, deadLetters: string) {
    this.name = name;
    this.deadLetters = deadLetters;
    this.topicName(deadLetters, 'deadLetters');
  }

  from<T>(topic: string, serde: Serde<unknown>, options: SourceOptions<unknown>): Stream<T> {
    const name = this.claimName('from', options);
    if (this.source !== undefined) this.wrong(name, 'is a second source; a pipeline has one');
    this.topicName(topic, name);
    this.checkSerde(name, serde);
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
    this.source = { kind: 'source', name, topic, serde, timestamp, watermark, idleTimeoutMs };
    return new Builder(this) as unknown as Stream<T>;
  }

  add(step: MiddleStep): Builder {
    this.steps.push(Object.freeze(step));
    return new Builder(this);
  }

  finish(sink: SinkStep): Pipeline {
    const { name, source, steps, deadLetters } = this;
    return new Pipeline(
      Object.freeze({
        name,
        source: Object.freeze(source as SourceStep),
        steps: Object.freeze([...steps]),
        sink: Object.freeze(sink),
        deadLetters,
      }),
    );
  }

  /** The step's name: given, or its kind and number. Throws when another step has it. */
  claimName(kind: string, options: StepOptions | undefined): string {
    const name =
      options?.name ?? `${kind}-${this.steps.length + (this.source === undefined ? 0 : 1)}`;
    if (typeof name !== 'string' || name === '') {
      this.wrong(kind, `has the name ${JSON.stringify(name)}; it must be text`);
    }
    if (this.names.has(name)) this.wrong(name, 'has the name of an earlier step');
    this.names.add(name);
    return name;
  }

  topicName(topic: unknown, step: string): void {
    if (typeof topic === 'string' && topic !== '') return;
    this.wrong(step, `names the topic ${JSON.stringify(topic)}; it must be text`);
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
      `has ${what} ${JSON.stringify(duration)}; it must be ${leastMs} or more, as ${DURATION_FORM}`,
    );
  }

  wrong(step: string, what: string): never {
    return fail('INVALID_PIPELINE', `Pipeline "${this.name}", step "${step}" ${what}.`);
  }
}

/** What the user holds while building: `Stream` and `WindowedStream` are its faces. */
class Builder {
  private readonly draft: Draft;
  /** How many steps there were when this was handed out: it is used once. */
  private readonly at: number;
  private ended = false;

  constructor(draft: Draft) {
    this.draft = draft;
    this.at = draft.steps.length;
  }

  get unfinished(): string {
    return this.draft.name;
  }

  map(call: StepFunction, options?: StepOptions): Builder {
    return this.call('map', call, options);
  }

  filter(call: StepFunction, options?: StepOptions): Builder {
    return this.call('filter', call, options);
  }

  flatMap(call: StepFunction, options?: StepOptions): Builder {
    return this.call('flatMap', call, options);
  }

  tap(call: StepFunction, options?: StepOptions): Builder {
    return this.call('tap', call, options);
  }

  keyBy(call: StepFunction, options?: StepOptions): Builder {
    const keyed = this.call('keyBy', call, options);
    this.draft.keyed = true;
    return keyed;
  }

  keyByRecord(options?: StepOptions): Builder {
    const name = this.begin('keyByRecord', options);
    const before = this.draft.steps.find(step => step.kind === 'keyBy' || step.kind === 'window');
    if (before !== undefined) {
      this.draft.wrong(
        name,
        `follows "${before.name}": the records are no longer where their keys are`,
      );
    }
    this.draft.keyed = true;
    return this.draft.add({ kind: 'keyByRecord', name });
  }

  window(spec: WindowSpec, options: WindowOptions = {}): WindowBuilder {
    const { draft } = this;
    const name = this.begin('window', options);
    const window = resolveWindow(spec, what => draft.wrong(name, `has ${what}`));
    const { allowedLateness, lateTo, panes } = options;
    if (window.kind === 'count') {
      for (const option of ['allowedLateness', 'lateTo', 'panes'] as const) {
        if (options[option] === undefined) continue;
        draft.wrong(name, `is a count window, which knows no late records: it takes no ${option}`);
      }
    }
    if (lateTo !== undefined) draft.topicName(lateTo, name);
    if (panes !== undefined && panes !== 'accumulating' && panes !== 'discarding') {
      draft.wrong(name, `has panes ${JSON.stringify(panes)}; they are accumulating or discarding`);
    }
    return new WindowBuilder(draft, {
      kind: 'window',
      name,
      window,
      keyed: draft.keyed,
      allowedLatenessMs:
        allowedLateness === undefined
          ? 0
          : draft.duration(name, 'the allowedLateness', allowedLateness, 0),
      lateTo,
      panes: panes ?? 'accumulating',
    });
  }

  process(functions: never, options?: StepOptions): Builder {
    const name = this.beginKeyed('process', options);
    return this.draft.add(processStep(this.draft, name, functions));
  }

  dedupe(options: DedupeOptions<unknown, unknown>): Builder {
    const name = this.beginKeyed('dedupe', options);
    return this.draft.add(dedupeStep(this.draft, name, options));
  }

  to(topic: string, serde: Serde<unknown>, options: SinkOptions<unknown, unknown> = {}): Pipeline {
    const { draft } = this;
    const name = this.begin('to', options);
    draft.topicName(topic, name);
    draft.checkSerde(name, serde);
    for (const option of ['key', 'headers', 'timestamp'] as const) {
      if (options[option] !== undefined) draft.checkFunction(name, option, options[option]);
    }
    if (topic === draft.source?.topic) {
      draft.wrong(name, `writes to "${topic}", which the pipeline reads: it would never end`);
    }
    const { key, headers, timestamp } = options;
    this.ended = true;
    return draft.finish({ kind: 'sink', name, topic, serde, key, headers, timestamp });
  }

  private call(kind: FunctionStep['kind'], call: StepFunction, options?: StepOptions): Builder {
    const name = this.begin(kind, options);
    this.draft.checkFunction(name, 'its argument', call);
    return this.draft.add({ kind, name, call });
  }

  private beginKeyed(kind: string, options: StepOptions | undefined): string {
    const name = this.begin(kind, options);
    if (!this.draft.keyed) this.draft.wrong(name, 'keeps state per key; .keyBy() comes before it');
    return name;
  }

  /** The name of a new step, after making sure that it goes on from the end. */
  private begin(kind: string, options: StepOptions | undefined): string {
    const { draft } = this;
    if (this.ended || this.at !== draft.steps.length) {
      const name = options?.name ?? kind;
      draft.wrong(name, 'goes on from a stream that another step goes on from already');
    }
    return draft.claimName(kind, options);
  }
}

type AnyAggregate = Aggregate<unknown, unknown, unknown>;
type OpenWindow = Omit<WindowStep, 'logic'>;

/** After `.window()`: what is done with the windows has to come next. */
class WindowBuilder {
  private readonly draft: Draft;
  private readonly opened: OpenWindow;
  private readonly at: number;

  constructor(draft: Draft, window: OpenWindow) {
    this.draft = draft;
    this.opened = window;
    this.at = draft.steps.length;
    for (const step of [
      'map',
      'filter',
      'flatMap',
      'tap',
      'keyBy',
      'keyByRecord',
      'window',
      'dedupe',
      'to',
    ]) {
      Object.defineProperty(this, step, {
        value: () =>
          draft.wrong(
            window.name,
            `is followed by .${step}(); .aggregate() or .process() comes first`,
          ),
      });
    }
  }

  get unfinished(): string {
    return this.draft.name;
  }

  aggregate(given: AnyAggregate | Record<string, AnyAggregate>): Builder {
    const { draft, opened: window } = this;
    const aggregate = this.oneOf(given);
    try {
      guardFor(aggregate, false);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      draft.wrong(window.name, `has an aggregate whose create() does not work: ${why}`);
    }
    return this.close({ kind: 'aggregate', aggregate });
  }

  /** The one aggregate that was given, or that which several make together. */
  private oneOf(given: AnyAggregate | Record<string, AnyAggregate>): AnyAggregate {
    const fields = Object.entries(given ?? {});
    const isOne = typeof given?.create === 'function' || typeof given?.add === 'function';
    if (isOne || fields.length === 0) {
      return this.checked(given as AnyAggregate, 'the aggregate');
    }
    for (const [name, field] of fields)
      this.checked(field, `the aggregate ${JSON.stringify(name)}`);
    return together(given as Record<string, AnyAggregate>);
  }

  private checked(aggregate: AnyAggregate, called: string): AnyAggregate {
    const { draft, opened: window } = this;
    for (const method of ['create', 'add'] as const) {
      draft.checkFunction(window.name, `${called}'s ${method}`, aggregate?.[method]);
    }
    for (const method of ['merge', 'result', 'copy'] as const) {
      if (aggregate[method] === undefined) continue;
      draft.checkFunction(window.name, `${called}'s ${method}`, aggregate[method]);
    }
    return aggregate;
  }

  process(process: WindowFunction<unknown, unknown>): Builder {
    this.draft.checkFunction(this.opened.name, 'its window function', process);
    return this.close({ kind: 'process', process });
  }

  private close(logic: WindowStep['logic']): Builder {
    const { draft, opened: window } = this;
    if (this.at !== draft.steps.length) {
      draft.wrong(window.name, 'is finished or left behind: another step goes on from its stream');
    }
    return draft.add({ ...window, logic });
  }
}
