import { ByteChannelReader } from '../channel/byte-reader.ts';
import { ByteChannelWriter } from '../channel/byte-writer.ts';
import type { ChannelReader, ChannelWriter } from '../channel/channel.ts';
import { createChannelMemory } from '../channel/layout.ts';
import { LocalChannel } from '../channel/local.ts';
import type { ValueDecoder, ValueEncoder } from '../channel/value-codec.ts';
import { fail, type StreamError } from '../errors.ts';
import type { Bell } from '../memory/bell.ts';
import type { WaitingPlace } from '../memory/park.ts';
import { noCounts } from '../operator/counters.ts';
import type { RecordSink, SourceInput } from '../operator/endpoints.ts';
import { ExchangeOperator } from '../operator/exchange.ts';
import { Faults } from '../operator/faults.ts';
import type { Operator } from '../operator/operator.ts';
import { Outlet } from '../operator/outlet.ts';
import { type SinkForm, SinkOperator } from '../operator/sink.ts';
import type { Clock } from '../time/clock.ts';
import { buildChain } from './chain.ts';
import { ChannelTask } from './channel-task.ts';
import { Exit } from './exit.ts';
import type { FunctionStep, Graph, SinkStep } from './graph.ts';
import type { Pipeline } from './pipeline.ts';
import { type ChannelPlan, keepsValues, type Plan, type StagePlan, type TaskPlan } from './plan.ts';
import { SourceTask } from './source-task.ts';
import type { Task, TaskParts, TaskStats } from './task.ts';

/** What surrounds the tasks of one thread: its handles on topics, channels and time. */
export interface Wiring {
  /** Opens a shard for a group; the group has been made before any task starts. */
  source(topic: string, shard: number, group: string): SourceInput;
  /** Opens a producer of a task's own. */
  sink(topic: string): RecordSink;
  /** The memory of a channel between two processors: the same on both. */
  channel(plan: Plan, channel: ChannelPlan): SharedArrayBuffer;
  readonly bell: Bell;
  readonly clock: Clock;
  encoder(): ValueEncoder;
  decoder(): ValueDecoder;
  /** How often user code is called again after it threw. */
  readonly userRetries: number;
  /** Bytes of a channel on one thread that carries whole records: a power of two. */
  readonly channelBytes: number;
  /** Slots of a channel on one thread: a power of two. Default 1,024. */
  readonly channelSlots?: number;
}

const DEFAULT_CHANNEL_SLOTS = 1_024;

interface Running {
  readonly plan: Plan;
  readonly tasks: readonly Task[];
}

/** All tasks of one thread, stepped in turn. A processor has one; so has the runtime without threads. */
export class TaskHost {
  private readonly wiring: Wiring;
  private readonly pipelines = new Map<string, Running>();
  private tasks: Task[] = [];

  constructor(wiring: Wiring) {
    this.wiring = wiring;
  }

  /**
   * Builds the tasks of a pipeline that the plan places on `processor`. Throws `PIPELINE_RUNNING`,
   * and what opening topics throws.
   */
  add(pipeline: Pipeline, plan: Plan, processor: number): void {
    if (this.pipelines.has(plan.pipeline)) {
      fail('PIPELINE_RUNNING', `The pipeline "${plan.pipeline}" runs on this thread already.`);
    }
    const build = new HostBuild(this.wiring, pipeline.graph, plan, processor);
    const tasks = build.tasks();
    this.pipelines.set(plan.pipeline, { plan, tasks });
    this.tasks = [...this.tasks, ...tasks];
  }

  /** Steps every task for about `budget` records; `true` when any had something to do. */
  step(budget = 256): boolean {
    let progress = false;
    for (const task of this.tasks) if (task.step(budget)) progress = true;
    return progress;
  }

  /** Drops the tasks of a pipeline; what they had not released will be read again. */
  remove(pipeline: string): void {
    const running = this.pipelines.get(pipeline);
    if (running === undefined) return;
    this.pipelines.delete(pipeline);
    this.tasks = this.tasks.filter(task => !running.tasks.includes(task));
    for (const task of running.tasks) task.close();
  }

  /** Whether the pipeline's tasks here are all done; `true` for one that has none here. */
  done(pipeline: string): boolean {
    return this.tasksOf(pipeline).every(task => task.done);
  }

  /** Why a task of the pipeline failed, if one did. */
  failure(pipeline: string): StreamError | undefined {
    return this.tasksOf(pipeline).find(task => task.failure !== undefined)?.failure;
  }

  stats(pipeline: string): TaskStats[] {
    return this.tasksOf(pipeline).map(task => task.stats());
  }

  /** Where to wait when `step` had nothing to do. */
  places(): WaitingPlace[] {
    return this.tasks.filter(task => !task.done).flatMap(task => task.places());
  }

  private tasksOf(pipeline: string): readonly Task[] {
    return this.pipelines.get(pipeline)?.tasks ?? [];
  }
}

/** Builds the tasks of one pipeline on one thread. */
class HostBuild {
  private readonly wiring: Wiring;
  private readonly graph: Graph;
  private readonly plan: Plan;
  private readonly processor: number;
  /** Channels with both ends here. */
  private readonly local = new Map<number, { writer: ChannelWriter; reader: ChannelReader }>();

  constructor(wiring: Wiring, graph: Graph, plan: Plan, processor: number) {
    this.wiring = wiring;
    this.graph = graph;
    this.plan = plan;
    this.processor = processor;
  }

  tasks(): Task[] {
    return this.plan.tasks
      .filter(task => task.processor === this.processor)
      .map(one => this.task(one));
  }

  private task(task: TaskPlan): Task {
    const { graph, plan, wiring } = this;
    const stage = plan.stages[task.stage];
    const counts = noCounts();
    const outlets: Outlet[] = [];
    const outletTo = (topic: string): Outlet => {
      const outlet = new Outlet(() => wiring.sink(topic));
      outlets.push(outlet);
      return outlet;
    };
    const faults = new Faults(
      plan.pipeline,
      graph.source.topic,
      wiring.userRetries,
      outletTo(graph.deadLetters),
      counts,
    );
    const late = new Map<string, Outlet>();
    const lateOutlet = (topic: string): Outlet => {
      const outlet = late.get(topic) ?? outletTo(topic);
      late.set(topic, outlet);
      return outlet;
    };
    const sideOutlets = outlets;
    let last: Operator;
    let exchange: ExchangeOperator | undefined;
    let sinkOutlet: Outlet | undefined;
    if (stage.exit === 'sink') {
      sinkOutlet = new Outlet(() => wiring.sink(graph.sink.topic)).open();
      last = new SinkOperator(graph.sink.name, formOf(graph.sink), sinkOutlet, faults, counts);
    } else {
      const keyBy = graph.steps[stage.to] as FunctionStep;
      const keyOf = stage.exit === 'by-key' ? keyBy.call : undefined;
      exchange = new ExchangeOperator(
        keyBy.name,
        keyOf,
        this.writers(task, stage),
        stage.exchange === 'records',
        faults,
      );
      last = exchange;
    }
    const steps = graph.steps.slice(stage.from, stage.to);
    const chain = buildChain(steps, this.viewsAt(stage.from), last, { faults, counts, lateOutlet });
    const allOutlets = sinkOutlet === undefined ? outlets : [...outlets, sinkOutlet];
    const exit = new Exit(last, exchange, allOutlets);
    const parts: TaskParts = {
      pipeline: plan.pipeline,
      plan: task,
      chain,
      exit,
      counts,
      sideOutlets,
    };
    if (stage.input === 'source') {
      const input = wiring.source(graph.source.topic, task.index, plan.group);
      return new SourceTask({ ...parts, source: graph.source, input, faults, clock: wiring.clock });
    }
    const before = plan.stages[stage.index - 1];
    return new ChannelTask({
      ...parts,
      inputs: this.readers(task),
      shards: before.tasks.map(id => (before.input === 'source' ? plan.tasks[id].index : -1)),
      serde: before.exchange === 'records' ? graph.source.serde : undefined,
      faults,
    });
  }

  /** Whether the values in front of a step are views of a record. */
  private viewsAt(step: number): boolean {
    const { source, steps } = this.graph;
    return source.serde.views === true && steps.slice(0, step).every(keepsValues);
  }

  private writers(task: TaskPlan, stage: StagePlan): ChannelWriter[] {
    const { plan, wiring } = this;
    return plan.channels
      .filter(({ from }) => from === task.id)
      .map(channel => {
        if (!channel.shared) return this.localChannel(channel, stage).writer;
        return new ByteChannelWriter(wiring.channel(plan, channel), wiring.bell, wiring.encoder());
      });
  }

  private readers(task: TaskPlan): ChannelReader[] {
    const { plan, wiring } = this;
    return plan.channels
      .filter(({ to }) => to === task.id)
      .map(channel => {
        const from = plan.tasks[channel.from];
        if (!channel.shared) return this.localChannel(channel, plan.stages[from.stage]).reader;
        return new ByteChannelReader(
          wiring.channel(plan, channel),
          wiring.bell,
          wiring.decoder(),
          from.index,
        );
      });
  }

  /** Values pass by reference, but for views of records: they are copied. */
  private localChannel(
    channel: ChannelPlan,
    stage: StagePlan,
  ): { writer: ChannelWriter; reader: ChannelReader } {
    const known = this.local.get(channel.id);
    if (known !== undefined) return known;
    const made = stage.exchange === 'records' ? this.byteChannel(channel) : this.referenceChannel();
    this.local.set(channel.id, made);
    return made;
  }

  private referenceChannel(): { writer: ChannelWriter; reader: ChannelReader } {
    const channel = new LocalChannel(this.wiring.channelSlots ?? DEFAULT_CHANNEL_SLOTS);
    return { writer: channel, reader: channel };
  }

  private byteChannel({ from }: ChannelPlan): { writer: ChannelWriter; reader: ChannelReader } {
    const { wiring, plan } = this;
    const memory = createChannelMemory(wiring.channelBytes);
    return {
      writer: new ByteChannelWriter(memory, wiring.bell, wiring.encoder()),
      reader: new ByteChannelReader(memory, wiring.bell, wiring.decoder(), plan.tasks[from].index),
    };
  }
}

function formOf(sink: SinkStep): SinkForm {
  return sink as SinkForm;
}
