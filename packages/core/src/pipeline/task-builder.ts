import { ByteChannelReader } from '../channel/byte-reader.ts';
import { ByteChannelWriter } from '../channel/byte-writer.ts';
import type { ChannelReader, ChannelWriter } from '../channel/channel.ts';
import { createChannelMemory } from '../channel/layout.ts';
import { LocalChannel } from '../channel/local.ts';
import { noCounts } from '../operator/counters.ts';
import { ExchangeOperator } from '../operator/exchange.ts';
import { Faults } from '../operator/faults.ts';
import { Outlet } from '../operator/outlet.ts';
import { type SinkForm, SinkOperator } from '../operator/sink.ts';
import { heapBackend } from '../state/heap-backend.ts';
import { buildChain } from './chain.ts';
import { ChannelTask } from './channel-task.ts';
import { Exit } from './exit.ts';
import type { FunctionStep, Graph } from './graph.ts';
import { type ChannelPlan, keepsValues, type Plan, type StagePlan, type TaskPlan } from './plan.ts';
import { SourceTask } from './source-task.ts';
import type { Task, TaskParts } from './task.ts';
import type { Wiring } from './wiring.ts';

const DEFAULT_CHANNEL_SLOTS = 1_024;

interface Channel {
  readonly writer: ChannelWriter;
  readonly reader: ChannelReader;
}

/** What all outputs of one task are made with. */
interface Outputs {
  readonly counts: TaskParts['counts'];
  readonly faults: Faults;
  /** Dead letters and late values. */
  readonly side: Outlet[];
  readonly late: Map<string, Outlet>;
}

/** Builds the tasks of one pipeline that a plan places on one processor, and joins them. */
export class TaskBuilder {
  private readonly wiring: Wiring;
  private readonly graph: Graph;
  private readonly plan: Plan;
  private readonly processor: number;
  /** Channels with both ends here. */
  private readonly local = new Map<number, Channel>();

  constructor(wiring: Wiring, graph: Graph, plan: Plan, processor: number) {
    this.wiring = wiring;
    this.graph = graph;
    this.plan = plan;
    this.processor = processor;
  }

  /** Upstream tasks come before those that read from them. */
  tasks(): Task[] {
    const here = this.plan.tasks.filter(({ processor }) => processor === this.processor);
    return here.map(task =>
      this.plan.stages[task.stage].input === 'source'
        ? this.sourceTask(task)
        : this.channelTask(task),
    );
  }

  private sourceTask(task: TaskPlan): Task {
    const { graph, plan, wiring } = this;
    const input = wiring.source(graph.source.topic, task.index, plan.group);
    const outputs = this.outputs();
    return new SourceTask({
      ...this.parts(task, outputs, input.stable),
      source: graph.source,
      input,
      faults: outputs.faults,
    });
  }

  private channelTask(task: TaskPlan): Task {
    const { graph, plan } = this;
    const before = plan.stages[task.stage - 1];
    const outputs = this.outputs();
    return new ChannelTask({
      ...this.parts(task, outputs, false),
      inputs: this.readers(task, before),
      shards: before.tasks.map(id => (before.input === 'source' ? plan.tasks[id].index : -1)),
      serde: before.exchange === 'records' ? graph.source.serde : undefined,
      faults: outputs.faults,
    });
  }

  private outputs(): Outputs {
    const { graph, plan, wiring } = this;
    const counts = noCounts();
    const dead = new Outlet(() => wiring.sink(graph.deadLetters));
    const faults = new Faults(plan.pipeline, graph.source.topic, wiring.userRetries, dead, counts);
    return { counts, faults, side: [dead], late: new Map() };
  }

  /** `recordsStay`: whole records that the task sends stay where they are until released. */
  private parts(task: TaskPlan, outputs: Outputs, recordsStay: boolean): TaskParts {
    const { graph, plan, wiring } = this;
    const stage = plan.stages[task.stage];
    const exit =
      stage.exit === 'sink' ? this.sinkExit(outputs) : this.exchange(task, outputs, recordsStay);
    const { counts, faults, side } = outputs;
    const chain = buildChain(
      graph.steps.slice(stage.from, stage.to),
      graph.source.serde.views === true && graph.steps.slice(0, stage.from).every(keepsValues),
      exit.operator,
      {
        faults,
        counts,
        lateOutlet: topic => this.lateOutlet(outputs, topic),
        clock: wiring.clock,
        backend: step => wiring.backend?.(plan.pipeline, task.id, step) ?? heapBackend,
      },
    );
    const { pipeline } = plan;
    const { clock } = wiring;
    return { pipeline, plan: task, chain, exit, counts, sideOutlets: side, clock };
  }

  private sinkExit({ faults, counts, side }: Outputs): Exit {
    const { sink } = this.graph;
    const outlet = new Outlet(() => this.wiring.sink(sink.topic)).open();
    const operator = new SinkOperator(sink.name, sink as SinkForm, outlet, faults, counts);
    return new Exit(operator, undefined, side, outlet);
  }

  private exchange(task: TaskPlan, { faults, side }: Outputs, recordsStay: boolean): Exit {
    const stage = this.plan.stages[task.stage];
    const step = this.graph.steps[stage.to] as FunctionStep;
    const operator = new ExchangeOperator(
      step.name,
      stage.exit === 'by-key' ? step.call : undefined,
      this.writers(task, stage, recordsStay),
      stage.exchange === 'records',
      faults,
    );
    return new Exit(operator, operator, side, undefined);
  }

  private lateOutlet({ side, late }: Outputs, topic: string): Outlet {
    let outlet = late.get(topic);
    if (outlet === undefined) {
      outlet = new Outlet(() => this.wiring.sink(topic));
      late.set(topic, outlet);
      side.push(outlet);
    }
    return outlet;
  }

  private writers(task: TaskPlan, stage: StagePlan, recordsStay: boolean): ChannelWriter[] {
    const { plan, wiring } = this;
    return plan.channels
      .filter(({ from }) => from === task.id)
      .map(channel => {
        if (channel.shared) {
          return new ByteChannelWriter(
            wiring.channel(plan, channel),
            wiring.bell,
            wiring.encoder(),
          );
        }
        const made =
          stage.exchange === 'records' && !recordsStay
            ? this.byteChannel(channel)
            : this.referenceChannel(recordsStay);
        this.local.set(channel.id, made);
        return made.writer;
      });
  }

  private readers(task: TaskPlan, before: StagePlan): ChannelReader[] {
    const { plan, wiring, local } = this;
    return plan.channels
      .filter(({ to }) => to === task.id)
      .map(channel => {
        if (!channel.shared) return (local.get(channel.id) as Channel).reader;
        const shard = before.input === 'source' ? plan.tasks[channel.from].index : -1;
        const memory = wiring.channel(plan, channel);
        return new ByteChannelReader(memory, wiring.bell, wiring.decoder(), shard);
      });
  }

  /** Values pass by reference, and records by their places where these stay. */
  private referenceChannel(recordsStay: boolean): Channel {
    const slots = this.wiring.channelSlots ?? DEFAULT_CHANNEL_SLOTS;
    const channel = new LocalChannel(slots, recordsStay);
    return { writer: channel, reader: channel };
  }

  private byteChannel({ from }: ChannelPlan): Channel {
    const { wiring, plan } = this;
    const memory = createChannelMemory(wiring.channelBytes);
    return {
      writer: new ByteChannelWriter(memory, wiring.bell, wiring.encoder()),
      reader: new ByteChannelReader(memory, wiring.bell, wiring.decoder(), plan.tasks[from].index),
    };
  }
}
