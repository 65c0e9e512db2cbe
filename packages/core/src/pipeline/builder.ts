import type { AnyConnector } from '../delivery/connector.ts';
import { resolveCheckpoint } from '../epoch/options.ts';
import { fail, shown } from '../errors.ts';
import type { AnyJoin, JoinType } from '../join/join.ts';
import type { JoinSpec } from '../join/spec.ts';
import type { Serde } from '../serde/serde.ts';
import type { Aggregate, WindowFunction } from '../window/aggregate.ts';
import type { WindowSpec } from '../window/spec.ts';
import { mapAsyncStep } from './async-step.ts';
import { deliverStep } from './deliver-step.ts';
import { Draft } from './draft.ts';
import type {
  FunctionStep,
  MapAsyncStep,
  MiddleStep,
  Output,
  Step,
  StepFunction,
  TwoInputStep,
  WindowStep,
} from './graph.ts';
import { joinStep, lookupStep } from './join-steps.ts';
import { Pipeline } from './pipeline.ts';
import { connectStep, dedupeStep, processStep } from './state-steps.ts';
import { wrongOptions } from './step-options.ts';
import type {
  AnyWindowOptions,
  DedupeOptions,
  DeliverOptions,
  JoinOptions,
  LookupOptions,
  MapAsyncOptions,
  PipelineOptions,
  SinkOptions,
  StepOptions,
  Stream,
} from './stream.ts';
import { aggregateOf, type OpenWindow, openWindow } from './window-steps.ts';

/** Begins a pipeline. Its name is also that of its group and of its dead-letter topic. */
export function pipeline(name: string, options: PipelineOptions = {}): Pipeline {
  if (typeof name !== 'string' || name === '') {
    fail('INVALID_PIPELINE', `A pipeline needs a name; pipeline(${shown(name)}) has none.`);
  }
  const unknown = wrongOptions('pipeline', options);
  if (unknown !== undefined) fail('INVALID_PIPELINE', `Pipeline "${name}" ${unknown}.`);
  const draft = new Draft(
    name,
    options.deadLetters ?? `${name}.dead-letters`,
    resolveCheckpoint(name, options.checkpoint),
  );
  const made: Pipeline = new Pipeline({
    name,
    graph: () => draft.graph(),
    from: (topic, serde, source = {}) => {
      const output = draft.from(topic, serde as Serde<unknown>, source as never);
      return new Builder(draft, made, output) as unknown as Stream<never>;
    },
    lastEnd: () => draft.lastEnd,
  });
  return made;
}

/** Steps after which records are no longer in the task of their shard, or no longer records. */
const MOVES: ReadonlySet<Step['kind']> = new Set(['keyBy', 'window', 'process', 'two-input']);

/** What the user holds while building: `Stream` and `WindowedStream` are its faces. */
export class Builder {
  private readonly draft: Draft;
  private readonly pipeline: Pipeline;
  private readonly output: Output;

  constructor(draft: Draft, pipeline: Pipeline, output: Output) {
    this.draft = draft;
    this.pipeline = pipeline;
    this.output = output;
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
    const name = this.begin('keyBy', options);
    this.draft.checkFunction(name, 'its argument', call);
    return this.follow({ kind: 'keyBy', name, call }, 'here');
  }

  keyByRecord(options?: StepOptions): Builder {
    const { draft, output } = this;
    const name = this.begin('keyByRecord', options);
    const before = draft.before(output).map(({ step }) => step);
    const moved = before.find(({ kind }) => MOVES.has(kind));
    if (moved !== undefined) {
      draft.wrong(name, `follows "${moved.name}": the records are no longer where their keys are`);
    }
    if (before.filter(({ kind }) => kind === 'source').length > 1) {
      draft.wrong(name, 'follows a merge of several topics, whose keys are in several tasks');
    }
    return this.follow({ kind: 'keyByRecord', name }, 'here');
  }

  merge(...given: readonly (Builder | StepOptions)[]): Builder {
    const { draft } = this;
    const last = given.at(-1);
    const options = last instanceof Builder ? undefined : last;
    const others = options === undefined ? given : given.slice(0, -1);
    const name = this.begin('merge', options);
    if (others.length === 0) draft.wrong(name, 'merges one stream; it takes others as arguments');
    const outputs = others.map(other => this.takeOther(other, name, options));
    const merged = draft.add({ kind: 'merge', name }, [this.output, ...outputs], 'as before');
    return new Builder(draft, this.pipeline, merged);
  }

  fork(count: number, options?: StepOptions): Builder[] {
    const { draft } = this;
    const name = this.begin('fork', options);
    if (!Number.isInteger(count) || count < 2) {
      draft.wrong(name, `gives ${String(count)} streams; it must be 2 or more`);
    }
    const { node } = draft.add({ kind: 'fork', name, count }, [this.output], 'as before');
    return Array.from({ length: count }, (_, port) => this.streamOf({ node, port }));
  }

  split(routes: Readonly<Record<string, StepFunction>>, options?: StepOptions): object {
    const { draft } = this;
    const name = this.begin('split', options);
    const entries = Object.entries(routes ?? {});
    if (entries.length === 0) {
      draft.wrong(name, 'has no routes; it takes an object of functions, one for each stream');
    }
    for (const [route, wants] of entries) draft.checkFunction(name, `the route "${route}"`, wants);
    const step = {
      kind: 'split',
      name,
      routes: entries.map(([route, wants]) => ({ name: route, wants })),
    } as const;
    const { node } = draft.add(step, [this.output], 'as before');
    return Object.fromEntries(
      entries.map(([route], port) => [route, this.streamOf({ node, port })]),
    );
  }

  window(spec: WindowSpec, options: AnyWindowOptions = {}): WindowBuilder {
    const { draft } = this;
    const name = this.begin('window', options);
    const keyed = draft.isKeyed(this.output, name);
    const window = openWindow(draft, name, spec, options, keyed);
    return new WindowBuilder(draft, this.pipeline, this.output, window);
  }

  process(functions: never, options?: StepOptions): Builder {
    const name = this.beginKeyed('process', options);
    return this.follow(processStep(this.draft, name, functions));
  }

  dedupe(options: DedupeOptions<unknown, unknown>): Builder {
    const name = this.beginKeyed('dedupe', options);
    return this.follow(dedupeStep(this.draft, name, options));
  }

  mapAsync(call: MapAsyncStep['call'], options?: MapAsyncOptions): Builder {
    const { draft, output } = this;
    const name = this.begin('mapAsync', options);
    if (draft.areViews(name, [output])) {
      draft.wrong(
        name,
        'gets views of records, which are void before it is done; .map() to values',
      );
    }
    return this.follow(mapAsyncStep(draft, name, call, options));
  }

  connect(right: unknown): { process(functions: never, options?: StepOptions): Builder } {
    return {
      process: (functions, options) =>
        this.meet('connect', right, options, (name, draft) => connectStep(draft, name, functions)),
    };
  }

  join(right: unknown, spec: JoinSpec, call: AnyJoin, options?: JoinOptions<JoinType>): Builder {
    return this.meet('join', right, options, (name, draft) =>
      joinStep(draft, name, spec, call, options),
    );
  }

  lookup(side: unknown, keys: never, call: AnyJoin, options?: LookupOptions<'left'>): Builder {
    return this.meet('lookup', side, options, (name, draft) =>
      lookupStep(draft, name, keys, call, options),
    );
  }

  to(topic: string, serde: Serde<unknown>, options: SinkOptions<unknown, unknown> = {}): Pipeline {
    const { draft } = this;
    const name = this.begin('to', options);
    draft.topicName(topic, name);
    draft.checkSerde(name, serde);
    for (const option of ['key', 'headers', 'timestamp'] as const) {
      if (options[option] !== undefined) draft.checkFunction(name, option, options[option]);
    }
    const { key, headers, timestamp, end = false } = options;
    const step = { kind: 'sink', name, topic, serde, key, headers, timestamp, end } as const;
    draft.sink(step, this.output);
    return this.pipeline;
  }

  deliver(sink: string, connector: AnyConnector, options?: DeliverOptions<unknown>): Pipeline {
    const { draft, output } = this;
    if (options !== undefined && 'name' in options) {
      draft.wrong(sink, 'has its name as its first argument, and not as an option');
    }
    const name = this.begin('deliver', { ...options, name: sink });
    const step = deliverStep(draft, name, connector, options);
    if (options?.serde === undefined && draft.areViews(name, [output])) {
      draft.wrong(
        name,
        'gets views of records, which are void before it is done; .map() to values, or give their serde',
      );
    }
    if (draft.checkpoint === undefined) {
      draft.wrong(
        name,
        "hands on what committed epochs gave, and the pipeline has none; pipeline(name, { checkpoint: { every: '1s' } }) " +
          'gives it some, and .mapAsync() calls a system for each value without them',
      );
    }
    draft.end(step, output, 'keeps');
    return this.pipeline;
  }

  /**
   * The stream after a step with two inputs, of which this is the left: what `join`, `lookup` and
   * `connect().process` are made with. `make` checks the step's arguments.
   */
  meet(
    kind: string,
    other: unknown,
    options: StepOptions | undefined,
    make: (name: string, draft: Draft) => Omit<TwoInputStep, 'kind' | 'name'>,
  ): Builder {
    const { draft } = this;
    const name = this.begin(kind, options);
    const right = this.takeOther(other, name, options);
    const step: TwoInputStep = { kind: 'two-input', name, ...make(name, draft) };
    if (step.left === 'by-key') draft.checkKey(name, 'left', this.output);
    if (step.right === 'by-key') draft.checkKey(name, 'right', right);
    if (step.rightFirst) draft.waitForRight(name, this.output, right);
    const isKeyed = step.left === 'by-key' || draft.hasKey(this.output);
    return this.streamOf(draft.add(step, [this.output, right], isKeyed ? 'here' : 'no'));
  }

  private call(kind: FunctionStep['kind'], call: StepFunction, options?: StepOptions): Builder {
    const name = this.begin(kind, options);
    this.draft.checkFunction(name, 'its argument', call);
    return this.follow({ kind, name, call });
  }

  /** The stream after a step that has one input. */
  private follow(step: MiddleStep, keyed: 'as before' | 'here' = 'as before'): Builder {
    return this.streamOf(this.draft.add(step, [this.output], keyed));
  }

  private streamOf(output: Output): Builder {
    return new Builder(this.draft, this.pipeline, output);
  }

  private beginKeyed(kind: string, options: StepOptions | undefined): string {
    const name = this.begin(kind, options);
    if (!this.draft.isKeyed(this.output, name)) {
      this.draft.wrong(name, 'keeps state per key; .keyBy() comes before it');
    }
    return name;
  }

  /** The name of a new step, after making sure that no other goes on from here. */
  private begin(kind: string, options: StepOptions | undefined): string {
    this.draft.take(this.output, kind, options);
    return this.draft.claimName(kind, options);
  }

  /** The output of another stream that a step takes beside this one. */
  private takeOther(other: unknown, name: string, options: StepOptions | undefined): Output {
    const { draft } = this;
    if (!(other instanceof Builder)) {
      return draft.wrong(name, `takes a stream, not ${other === null ? 'null' : typeof other}`);
    }
    if (other.draft !== draft) {
      draft.wrong(name, `takes a stream of another pipeline, "${other.draft.name}"`);
    }
    draft.take(other.output, name, options);
    return other.output;
  }
}

type AnyAggregate = Aggregate<unknown, unknown, unknown>;

/** After `.window()`: what is done with the windows has to come next. */
class WindowBuilder {
  private readonly draft: Draft;
  private readonly pipeline: Pipeline;
  private readonly output: Output;
  private readonly opened: OpenWindow;

  constructor(draft: Draft, pipeline: Pipeline, output: Output, window: OpenWindow) {
    this.draft = draft;
    this.pipeline = pipeline;
    this.output = output;
    this.opened = window;
    draft.openWindow(window.name);
    for (const step of [
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
      'dedupe',
      'mapAsync',
      'connect',
      'join',
      'lookup',
      'to',
      'deliver',
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
    return this.close({ kind: 'aggregate', aggregate: aggregateOf(draft, window, given) });
  }

  process(process: WindowFunction<unknown, unknown>): Builder {
    this.draft.checkFunction(this.opened.name, 'its window function', process);
    return this.close({ kind: 'process', process });
  }

  private close(logic: WindowStep['logic']): Builder {
    const { draft, opened: window } = this;
    if (!draft.closeWindow(window.name)) {
      draft.wrong(window.name, 'is finished: another step goes on from its stream');
    }
    const keyed = window.keyed ? 'as before' : 'no';
    const output = draft.add({ ...window, logic }, [this.output], keyed);
    return new Builder(draft, this.pipeline, output);
  }
}
