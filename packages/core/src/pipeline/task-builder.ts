import { ByteChannelReader } from '../channel/byte-reader.ts';
import { ByteChannelWriter } from '../channel/byte-writer.ts';
import type { ChannelReader, ChannelWriter } from '../channel/channel.ts';
import { createChannelMemory } from '../channel/layout.ts';
import { LocalChannel } from '../channel/local.ts';
import { DeliverySink } from '../delivery/delivery-sink.ts';
import { HeldOutputs } from '../epoch/held-outputs.ts';
import { OutputGauge } from '../epoch/output-gauge.ts';
import type { Epoch, TaskSnapshot } from '../epoch/task-snapshot.ts';
import { WorkRow } from '../memory/work-row.ts';
import type { ContextCell } from '../operator/context.ts';
import { noCounts } from '../operator/counters.ts';
import type { EpochRecordSink } from '../operator/endpoints.ts';
import { BroadcastExchange, ExchangeOperator } from '../operator/exchange.ts';
import { Faults } from '../operator/faults.ts';
import type { Operator } from '../operator/operator.ts';
import { Outlet } from '../operator/outlet.ts';
import { type SinkForm, SinkOperator } from '../operator/sink.ts';
import { fnv1a } from '../record/hash.ts';
import type { StateBackend } from '../state/backend.ts';
import { heapBackend } from '../state/heap-backend.ts';
import { buildChain } from './chain.ts';
import { type ChannelInput, ChannelTask } from './channel-task.ts';
import { Exit } from './exit.ts';
import type { DeliverStep, EndStep, FunctionStep, Graph, SourceStep } from './graph.ts';
import type { ChannelPlan, Plan, TaskPlan } from './plan.ts';
import { RestorePoint, stageName, stateKind } from './restored-task.ts';
import { SourceTask } from './source-task.ts';
import type { StageExit, StageInput } from './stages.ts';
import type { Task } from './task.ts';
import type { TaskEpochs, TaskParts } from './task-parts.ts';
import type { Wiring } from './wiring.ts';

const DEFAULT_CHANNEL_SLOTS = 1_024;

type ExchangeExit = Extract<StageExit, { kind: 'exchange' }>;
type ExchangeInput = Extract<StageInput, { kind: 'exchange' }>;

interface Channel {
  readonly writer: ChannelWriter;
  readonly reader: ChannelReader;
}

/** What the tasks of a pipeline with checkpoints say to whoever coordinates them. */
export interface PipelineEpochs {
  /** The epoch that they go on from. */
  readonly from: Epoch | undefined;
  /** The run of epochs that is made. */
  readonly lineage: string;
  /** Where the tasks say what they hold of outputs: `OutputGauge.memory()`, new for each beginning. */
  readonly gauge: SharedArrayBuffer;
  taken(task: number, epoch: number, snapshot: TaskSnapshot): void;
  ended(task: number, snapshot: TaskSnapshot): void;
  hurry(): void;
}

/** What all outputs of one task are made with. */
interface Outputs {
  readonly counts: TaskParts['counts'];
  readonly faults: Faults;
  /** Of a pipeline with checkpoints. */
  readonly held: HeldOutputs | undefined;
  readonly deliveries: DeliverySink[];
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
  private readonly epochs: PipelineEpochs | undefined;
  private readonly restorePoint: RestorePoint | undefined;
  /** Channels with both ends here. */
  private readonly local = new Map<number, Channel>();

  /** Throws `STATE_MISFIT`. */
  constructor(
    wiring: Wiring,
    graph: Graph,
    plan: Plan,
    processor: number,
    epochs: PipelineEpochs | undefined,
  ) {
    this.wiring = wiring;
    this.graph = graph;
    this.plan = plan;
    this.processor = processor;
    this.epochs = plan.checkpoint === undefined ? undefined : epochs;
    const from = epochs?.from;
    this.restorePoint = from === undefined ? undefined : new RestorePoint(from, graph, plan);
  }

  /** Upstream tasks come before those that read from them. */
  tasks(): Task[] {
    const here = this.plan.tasks.filter(({ processor }) => processor === this.processor);
    return here.map(task => {
      const [first] = this.plan.stages[task.stage].inputs;
      const restored = this.restorePoint?.of(task);
      const made =
        first.kind === 'source'
          ? this.sourceTask(
              task,
              this.graph.nodes[first.node].step as SourceStep,
              restored?.position,
            )
          : this.channelTask(task);
      if (restored !== undefined) made.restore(restored);
      return made;
    });
  }

  private taskEpochs(task: TaskPlan): TaskEpochs | undefined {
    const { epochs, graph, plan } = this;
    if (epochs === undefined) return undefined;
    const kinds = new Map(graph.nodes.map(({ step }) => [step.name, step]));
    return {
      from: epochs.from?.epoch ?? 0,
      stage: stageName(graph, plan, task),
      tasks: plan.stages[task.stage].tasks.length,
      kindOf: name => {
        const step = kinds.get(name);
        return step === undefined ? '' : stateKind(step);
      },
      tokenOf: (epoch, outlet) =>
        tokenOf(
          `${plan.pipeline}/${stageName(graph, plan, task)}/${task.index}/${outlet}/${epoch}`,
        ),
      taken: (id, epoch, snapshot) => epochs.taken(id, epoch, snapshot),
      ended: (id, snapshot) => epochs.ended(id, snapshot),
      hurry: () => epochs.hurry(),
    };
  }

  private sourceTask(task: TaskPlan, source: SourceStep, from: number | undefined): Task {
    const { plan, wiring } = this;
    const input = wiring.source(source.topic, task.index, plan.group, from);
    const outputs = this.outputs(source.topic);
    return new SourceTask({
      ...this.parts(task, outputs, input.stable),
      source,
      input,
      faults: outputs.faults,
    });
  }

  private channelTask(task: TaskPlan): Task {
    const outputs = this.outputs('');
    return new ChannelTask({
      ...this.parts(task, outputs, false),
      inputs: this.inputs(task),
      rightFirst: this.isRightFirst(task),
      faults: outputs.faults,
    });
  }

  private isRightFirst({ stage }: TaskPlan): boolean {
    const { step } = this.graph.nodes[this.plan.stages[stage].nodes[0]];
    return step.kind === 'two-input' && step.rightFirst;
  }

  private outputs(sourceTopic: string): Outputs {
    const { graph, plan, wiring } = this;
    const counts = noCounts();
    const held = this.heldOutputs();
    const dead = this.outlet(graph.deadLetters, held);
    const faults = new Faults(plan.pipeline, sourceTopic, wiring.userRetries, dead, counts);
    return { counts, faults, held, deliveries: [], side: [dead], late: new Map() };
  }

  private heldOutputs(): HeldOutputs | undefined {
    const { epochs, wiring } = this;
    const { checkpoint } = this.plan;
    if (checkpoint === undefined || epochs === undefined) return undefined;
    return new HeldOutputs(new OutputGauge(epochs.gauge, wiring.bell), checkpoint.maxOutputBytes);
  }

  /** `recordsStay`: whole records that the task sends stay where they are until released. */
  private parts(task: TaskPlan, outputs: Outputs, recordsStay: boolean): TaskParts {
    const { graph, plan, wiring } = this;
    const stage = plan.stages[task.stage];
    const { counts, faults, held, side } = outputs;
    const exchanges: ExchangeOperator[] = [];
    const sinks: Outlet[] = [];
    const backends: StateBackend[] = [];
    const last = stage.exits.map((way, index): Operator => {
      if (way.kind === 'sink') {
        const end = graph.nodes[way.node].step as EndStep;
        const outlet =
          end.kind === 'sink'
            ? this.outlet(end.topic, held).open()
            : this.deliveryOutlet(task, end, outputs);
        sinks.push(outlet);
        return new SinkOperator(end.name, end as SinkForm, outlet, faults, counts);
      }
      const channels = this.writers(task, index, way, recordsStay);
      const exchange = this.exchange(way, channels, outputs);
      exchanges.push(exchange);
      return exchange;
    });
    this.resumeOutputs(task, outputs);
    return {
      pipeline: plan.pipeline,
      plan: task,
      chain: buildChain(graph, stage, last, {
        faults,
        counts,
        lateOutlet: topic => this.lateOutlet(outputs, topic),
        clock: wiring.clock,
        backend: step => {
          const backend = wiring.backend?.(plan.pipeline, task.id, step) ?? heapBackend;
          backends.push(backend);
          return backend;
        },
        wake: wiring.wake,
      }),
      exit: new Exit(exchanges, sinks, side),
      counts,
      sideOutlets: side,
      deliveries: outputs.deliveries,
      clock: wiring.clock,
      work: wiring.work?.(plan, task.id) ?? WorkRow.unseen(),
      epochs: this.taskEpochs(task),
      held,
      backends,
    };
  }

  private exchange(
    way: ExchangeExit,
    channels: readonly ChannelWriter[],
    { faults, counts }: Outputs,
  ): ExchangeOperator {
    const { step } = this.graph.nodes[way.node];
    const records = way.carries === 'records';
    switch (way.route) {
      case 'broadcast':
        return new BroadcastExchange(step.name, channels, records, faults, counts);
      case 'by-key': {
        const { call } = step as FunctionStep;
        return new ExchangeOperator(step.name, call, channels, records, faults);
      }
      case 'by-current-key':
        return new ExchangeOperator(step.name, currentKey, channels, records, faults);
      default: {
        const keepsKey = way.route === 'forward';
        return new ExchangeOperator(step.name, { keepsKey }, channels, records, faults);
      }
    }
  }

  private outlet(topic: string, held: HeldOutputs | undefined): Outlet {
    const { wiring, plan } = this;
    const waits = held !== undefined && plan.checkpoint?.mode === 'exactly-once';
    return new Outlet(
      waits ? () => wiring.epochSink(topic, held) : () => wiring.sink(topic),
      topic,
    );
  }

  /** A way out to a system outside, with what committed epochs gave and may not have been taken. */
  private deliveryOutlet(task: TaskPlan, step: DeliverStep, { held, deliveries }: Outputs): Outlet {
    const { wiring, plan, epochs, restorePoint } = this;
    const { name: sink, serde, maxBatch, limits } = step;
    if (held === undefined || epochs === undefined) {
      throw new Error(`the sink "${sink}" has no epochs`);
    }
    const delivery = new DeliverySink({
      pipeline: plan.pipeline,
      sink,
      task: task.id,
      lineage: epochs.lineage,
      connector: wiring.connector?.(sink) ?? step.connector,
      serde,
      maxBatch,
      limits,
      held,
      clock: wiring.clock,
      wake: wiring.wake,
    });
    deliveries.push(delivery);
    for (const given of restorePoint?.deliveriesOf(task, sink) ?? []) delivery.resume(given);
    return new Outlet(() => delivery, sink).open();
  }

  /** Ways out for what committed epochs gave, and what may not have been appended. */
  private resumeOutputs(task: TaskPlan, { side, held }: Outputs): void {
    if (held === undefined) return;
    const given = this.restorePoint?.outputsOf(task) ?? [];
    const sinks = new Map<string, EpochRecordSink>();
    for (const output of given) {
      const { topic } = output;
      const sink = sinks.get(topic) ?? this.wiring.epochSink(topic, held);
      if (!sinks.has(topic)) side.push(new Outlet(() => sink, topic).open());
      sinks.set(topic, sink);
      sink.resume(output);
    }
  }

  private lateOutlet({ side, late, held }: Outputs, topic: string): Outlet {
    let outlet = late.get(topic);
    if (outlet === undefined) {
      outlet = this.outlet(topic, held);
      late.set(topic, outlet);
      side.push(outlet);
    }
    return outlet;
  }

  private writers(
    task: TaskPlan,
    exit: number,
    { carries }: ExchangeExit,
    recordsStay: boolean,
  ): ChannelWriter[] {
    const { plan, wiring } = this;
    return plan.channels
      .filter(channel => channel.from === task.id && channel.exit === exit)
      .map(channel => {
        if (channel.shared) {
          return new ByteChannelWriter(
            wiring.channel(plan, channel),
            wiring.bell,
            wiring.encoder(),
          );
        }
        const made =
          carries === 'records' && !recordsStay
            ? this.byteChannel(channel)
            : this.referenceChannel(recordsStay);
        this.local.set(channel.id, made);
        return made.writer;
      });
  }

  private inputs(task: TaskPlan): ChannelInput[] {
    const { graph, plan } = this;
    const stage = plan.stages[task.stage];
    return plan.channels
      .filter(({ to }) => to === task.id)
      .map(channel => {
        const from = plan.tasks[channel.from];
        const input = stage.inputs.find(
          one => one.kind === 'exchange' && one.stage === from.stage && one.exit === channel.exit,
        ) as ExchangeInput;
        const origin = this.originOf(from);
        const records =
          input.records === undefined ? undefined : (graph.nodes[input.records].step as SourceStep);
        return {
          reader: this.reader(channel, origin.shard),
          side: input.side,
          ...origin,
          serde: records?.serde,
          task: from.id,
          from: `task ${from.index} of stage ${from.stage}`,
        };
      });
  }

  /** The topic and shard whose offsets the values of a task carry; none for a stage in the middle. */
  private originOf({ stage, index }: TaskPlan): { topic: string; shard: number } {
    const [first] = this.plan.stages[stage].inputs;
    if (first.kind !== 'source') return { topic: '', shard: -1 };
    return { topic: (this.graph.nodes[first.node].step as SourceStep).topic, shard: index };
  }

  private reader(channel: ChannelPlan, shard: number): ChannelReader {
    const { plan, wiring, local } = this;
    if (!channel.shared) return (local.get(channel.id) as Channel).reader;
    const memory = wiring.channel(plan, channel);
    return new ByteChannelReader(memory, wiring.bell, wiring.decoder(), shard);
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

function currentKey(_value: unknown, context: ContextCell): unknown {
  return context.key;
}

/** A whole number of 53 bits, as good as unique. */
function tokenOf(text: string): number {
  return fnv1a(text) * 2 ** 21 + (fnv1a(`${text}#`) >>> 11);
}
