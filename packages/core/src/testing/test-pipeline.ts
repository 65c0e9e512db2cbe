import type { Producer } from '../broker/producer.ts';
import type { Topic } from '../broker/topic.ts';
import type { Delivered } from '../delivery/connector.ts';
import { unaccounted } from '../operator/counters.ts';
import {
  deliveriesOf,
  lateTopicsOf,
  type SinkStep,
  type SourceStep,
  sinksOf,
  sourcesOf,
} from '../pipeline/graph.ts';
import type { Job, JobStats } from '../pipeline/job.ts';
import type { LocalEngineOptions } from '../pipeline/local-options.ts';
import { LocalEngine } from '../pipeline/local-runtime.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { RecordCopy, RecordInput } from '../record/record.ts';
import { VirtualClock } from '../time/clock.ts';
import { frozenBackend } from './frozen-backend.ts';

export interface TestRecord extends Omit<RecordInput, 'value'> {
  /** The source topic that it is for. Needed where the pipeline has several. */
  readonly topic?: string | undefined;
  /** Which of several producers sends it; each has its own time. Default `'test'`. */
  readonly producer?: string | undefined;
}

export interface TestPipelineOptions
  extends Pick<LocalEngineOptions, 'processors' | 'userRetries' | 'stepRecords'> {
  /** Shards of each topic. Default 1. */
  readonly shards?: number | undefined;
  /** Where the virtual clock begins, in milliseconds since 1970. Default 0. */
  readonly startMs?: number | undefined;
}

/**
 * Runs a pipeline in virtual time on the calling thread: records and watermarks are pushed, the clock
 * moves only when it is told to, and outputs are read back. Two runs of the same give the same.
 *
 * ```ts
 * using test = testPipeline(delays);
 * test.push({ origin: 'JFK', delay: 12 }, { key: 'JFK', timestamp: 1000 });
 * test.end();
 * expect(test.output()).toEqual([…]);
 * ```
 */
export function testPipeline(pipeline: Pipeline, options: TestPipelineOptions = {}): PipelineTest {
  return new PipelineTest(pipeline, options);
}

interface Arrived {
  readonly record: RecordCopy;
  readonly value: unknown;
}

export class PipelineTest {
  private readonly pipeline: Pipeline;
  private readonly clock: VirtualClock;
  private readonly engine: LocalEngine;
  private readonly job: Job;
  private readonly sources: readonly SourceStep[];
  private readonly sinks: readonly SinkStep[];
  /** By topic and name. */
  private readonly producers = new Map<string, Producer>();
  private readonly readers = new Map<string, ReturnType<Topic['consume']>>();
  private readonly arrived = new Map<string, Arrived[]>();
  /** What sinks outside have been handed, by their names. */
  private readonly handed = new Map<string, Delivered<unknown>[]>();

  constructor(pipeline: Pipeline, options: TestPipelineOptions) {
    const { shards, startMs, ...rest } = options;
    this.pipeline = pipeline;
    this.clock = new VirtualClock(startMs);
    this.engine = new LocalEngine({
      ...rest,
      clock: this.clock,
      automatic: false,
      development: true,
      backend: () => frozenBackend,
      connector: sink => ({ write: results => void this.handed.get(sink)?.push(...results) }),
      topics: { shards: shards ?? 1, shardBytes: 1024 * 1024, slots: 4096 },
    });
    const { graph } = pipeline;
    this.sources = sourcesOf(graph);
    this.sinks = sinksOf(graph);
    for (const { name: sink } of deliveriesOf(graph)) this.handed.set(sink, []);
    this.job = this.engine.add(pipeline);
    const outputs = this.sinks.map(({ topic }) => topic);
    for (const topic of [...outputs, ...lateTopicsOf(graph), graph.deadLetters]) this.reader(topic);
  }

  /** Announces a producer before it sends: from now on it counts for the watermark. */
  producer(name: string, topic?: string): void {
    this.producerOf(name, topic);
  }

  /** Sends a value, which the source's serde encodes, and lets the pipeline run on. */
  push(value: unknown, record: TestRecord = {}): void {
    const { producer, topic, ...rest } = record;
    const bytes = this.sourceOf(topic).serde.encode(value);
    this.send(producer, topic, { timestamp: this.clock.now(), ...rest, value: bytes });
  }

  /** Sends a record as it is, past the serde. */
  pushRecord(record: RecordInput & Pick<TestRecord, 'producer' | 'topic'>): void {
    const { producer, topic, ...rest } = record;
    this.send(producer, topic, { timestamp: this.clock.now(), ...rest });
  }

  /** `producer.watermark(t)`: for pipelines whose watermarks are `manual`. */
  watermark(watermarkMs: number, producer = 'test', topic?: string): void {
    this.producerOf(producer, topic).watermark(watermarkMs);
    this.run();
  }

  /** Ends one producer. */
  close(producer = 'test', topic?: string): void {
    this.producerOf(producer, topic).closeSync();
    this.producers.delete(`${this.sourceOf(topic).topic}/${producer}`);
    this.run();
  }

  /** Moves the clock on. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.run();
  }

  /**
   * Ends the input, or one topic of it: when all have ended, every window fires. Throws what stopped
   * the pipeline.
   */
  end(topic?: string): void {
    const ending = topic === undefined ? this.sources : [this.sourceOf(topic)];
    for (const source of ending) {
      for (const [name, producer] of this.producers) {
        if (!name.startsWith(`${source.topic}/`)) continue;
        producer.closeSync();
        this.producers.delete(name);
      }
      const ended = this.engine.topic(source.topic);
      if (!ended.ended) ended.end();
    }
    this.run();
  }

  /**
   * What has been appended to a topic since the last call: by default to the output, where the
   * pipeline has one.
   */
  records(topic: string = this.sinkOf(undefined).topic): RecordCopy[] {
    return this.take(topic).map(({ record }) => record);
  }

  /**
   * The values of the output since the last call, as its serde decodes them; copies of the records
   * where that would be views. Of several outputs, `topic` says which.
   */
  output(topic?: string): unknown[] {
    return this.take(this.sinkOf(topic).topic).map(({ value }) => value);
  }

  /**
   * What a sink outside has been handed since the last call: by default the only one. Its connector is
   * not called; its results come with the epochs, which begin by the clock and at the end.
   */
  delivered(sink?: string): Delivered<unknown>[] {
    const [only] = this.handed.keys();
    if (sink === undefined && this.handed.size > 1) {
      throw new Error(`the pipeline has several sinks outside: say which of ${this.sinksOutside}`);
    }
    const found = this.handed.get(sink ?? only);
    if (found === undefined) {
      throw new Error(`the pipeline has the sinks outside ${this.sinksOutside}, not "${sink}"`);
    }
    this.run();
    return found.splice(0);
  }

  /** Late records since the last call, of all topics for them. */
  late(): RecordCopy[] {
    return lateTopicsOf(this.pipeline.graph).flatMap(topic => this.records(topic));
  }

  deadLetters(): RecordCopy[] {
    return this.records(this.pipeline.graph.deadLetters);
  }

  get counters(): JobStats {
    return this.job.stats() as JobStats;
  }

  /** Runs until nothing is left to do. Throws what stopped the pipeline. */
  run(): void {
    do {
      this.engine.settle();
      const failure = this.engine.failure(this.pipeline.name);
      if (failure !== undefined) throw failure;
    } while (this.readAll());
    const lost = unaccounted(this.counters) - this.engine.pending;
    if (lost < 0 || (lost > 0 && !this.mayHold()))
      throw new Error(`${lost} records are not accounted for`);
  }

  /**
   * Waits until nothing is in flight in steps that are asynchronous, and runs on. A call that never ends
   * is waited for until its timeout, which comes when the clock is moved there.
   */
  async settled(): Promise<void> {
    this.run();
    while (this.engine.busy) {
      await new Promise<void>(resolve => setImmediate(resolve));
      this.run();
    }
  }

  [Symbol.dispose](): void {
    for (const reader of this.readers.values()) reader.close();
    this.engine.stopNow();
  }

  /** Whether values may stand in channels at rest, waiting for the end of another input. */
  private mayHold(): boolean {
    const { nodes } = this.pipeline.graph;
    const holds = nodes.some(({ step }) => step.kind === 'two-input' && step.rightFirst);
    return holds && !this.sources.every(({ topic }) => this.engine.topic(topic).ended);
  }

  private get sinksOutside(): string {
    return [...this.handed.keys()].map(sink => `"${sink}"`).join(', ');
  }

  private send(producer: string | undefined, topic: string | undefined, record: RecordInput): void {
    const sender = this.producerOf(producer ?? 'test', topic);
    sender.sendSync(record);
    sender.flushSync();
    this.run();
  }

  private producerOf(name: string, topic: string | undefined): Producer {
    const source = this.sourceOf(topic);
    const id = `${source.topic}/${name}`;
    let producer = this.producers.get(id);
    if (producer === undefined) {
      producer = this.engine.topic(source.topic).producer();
      this.producers.set(id, producer);
    }
    return producer;
  }

  private sourceOf(topic: string | undefined): SourceStep {
    return one(this.sources, topic, 'reads');
  }

  private sinkOf(topic: string | undefined): SinkStep {
    return one(this.sinks, topic, 'writes to');
  }

  private take(topic: string): Arrived[] {
    this.reader(topic);
    this.readAll();
    return this.arrived.get(topic)?.splice(0) ?? [];
  }

  /** Keeps what has arrived, so that no output is ever without room; `true` when there was anything. */
  private readAll(): boolean {
    let any = false;
    for (const [topic, reader] of this.readers) {
      const serde = this.sinks.find(sink => sink.topic === topic)?.serde;
      const arrived = this.arrived.get(topic) ?? [];
      this.arrived.set(topic, arrived);
      for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
        any = true;
        batch.forEach(view => {
          const record = view.copy();
          const isPlain = serde !== undefined && serde.views !== true;
          arrived.push({ record, value: isPlain ? serde.decode(view) : record });
        });
      }
    }
    return any;
  }

  private reader(topic: string): ReturnType<Topic['consume']> {
    let reader = this.readers.get(topic);
    if (reader === undefined) {
      reader = this.engine.topic(topic).consume({ group: 'test', from: 'earliest' });
      this.readers.set(topic, reader);
    }
    return reader;
  }
}

/** The step on a topic; without one, the only step. */
function one<S extends { readonly topic: string }>(
  steps: readonly S[],
  topic: string | undefined,
  does: string,
): S {
  const found = topic === undefined ? steps : steps.filter(step => step.topic === topic);
  const topics = steps.map(step => `"${step.topic}"`).join(', ') || 'no topic';
  if (found.length === 0) throw new Error(`the pipeline ${does} ${topics}, not "${topic}"`);
  if (topic === undefined && new Set(found.map(step => step.topic)).size > 1) {
    throw new Error(`the pipeline ${does} several topics: say which of ${topics}`);
  }
  return found[0];
}
