import type { Producer } from '../broker/producer.ts';
import type { Topic } from '../broker/topic.ts';
import { unaccounted } from '../operator/counters.ts';
import type { Job, JobStats } from '../pipeline/job.ts';
import { LocalEngine, type LocalEngineOptions } from '../pipeline/local-runtime.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { RecordCopy, RecordInput } from '../record/record.ts';
import { VirtualClock } from '../time/clock.ts';

export interface TestRecord extends Omit<RecordInput, 'value'> {
  /** Which of several producers sends it; each has its own time. Default `'test'`. */
  readonly producer?: string | undefined;
}

export interface TestPipelineOptions
  extends Pick<LocalEngineOptions, 'processors' | 'userRetries' | 'stepRecords'> {
  /** Shards of the source topic. Default 1. */
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
  private readonly source: Topic;
  private readonly producers = new Map<string, Producer>();
  private readonly readers = new Map<string, ReturnType<Topic['consume']>>();
  private readonly arrived = new Map<string, Arrived[]>();

  constructor(pipeline: Pipeline, options: TestPipelineOptions) {
    const { shards, startMs, ...rest } = options;
    this.pipeline = pipeline;
    this.clock = new VirtualClock(startMs);
    this.engine = new LocalEngine({
      ...rest,
      clock: this.clock,
      automatic: false,
      topics: { shards: shards ?? 1, shardBytes: 1024 * 1024, slots: 4096 },
    });
    const { graph } = pipeline;
    this.source = this.engine.topic(graph.source.topic);
    this.job = this.engine.add(pipeline);
    const outputs = [graph.sink.topic, graph.deadLetters];
    for (const step of graph.steps) {
      if (step.kind === 'window' && step.lateTo !== undefined) outputs.push(step.lateTo);
    }
    for (const topic of outputs) this.reader(topic);
  }

  /** Announces a producer before it sends: from now on it counts for the watermark. */
  producer(name: string): void {
    this.producerOf(name);
  }

  /** Sends a value, which the source's serde encodes, and lets the pipeline run on. */
  push(value: unknown, record: TestRecord = {}): void {
    const { producer, ...rest } = record;
    const bytes = this.pipeline.graph.source.serde.encode(value);
    this.send(producer, { timestamp: this.clock.now(), ...rest, value: bytes });
  }

  /** Sends a record as it is, past the serde. */
  pushRecord(record: RecordInput & { readonly producer?: string }): void {
    const { producer, ...rest } = record;
    this.send(producer, { timestamp: this.clock.now(), ...rest });
  }

  /** `producer.watermark(t)`: for pipelines whose watermarks are `manual`. */
  watermark(watermarkMs: number, producer = 'test'): void {
    this.producerOf(producer).watermark(watermarkMs);
    this.run();
  }

  /** Ends one producer. */
  close(producer = 'test'): void {
    this.producerOf(producer).closeSync();
    this.producers.delete(producer);
    this.run();
  }

  /** Moves the clock on. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.run();
  }

  /** Ends the input: every window fires. Throws what stopped the pipeline. */
  end(): void {
    for (const producer of this.producers.values()) producer.closeSync();
    this.producers.clear();
    this.source.end();
    this.run();
  }

  /** What has been appended to a topic (the pipeline's output by default) since the last call. */
  records(topic: string = this.pipeline.graph.sink.topic): RecordCopy[] {
    return this.take(topic).map(({ record }) => record);
  }

  /**
   * The values of the output since the last call, as its serde decodes them; copies of the records
   * where that would be views.
   */
  output(): unknown[] {
    return this.take(this.pipeline.graph.sink.topic).map(({ value }) => value);
  }

  /** Late records since the last call, of pipelines with one `lateTo`. */
  late(): RecordCopy[] {
    const { steps } = this.pipeline.graph;
    const step = steps.find(one => one.kind === 'window' && one.lateTo !== undefined);
    return step?.kind === 'window' && step.lateTo !== undefined ? this.records(step.lateTo) : [];
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
    const lost = unaccounted(this.counters);
    if (lost !== 0) throw new Error(`${lost} records are not accounted for`);
  }

  [Symbol.dispose](): void {
    for (const reader of this.readers.values()) reader.close();
    this.engine.stopNow();
  }

  private send(producer: string | undefined, record: RecordInput): void {
    const sender = this.producerOf(producer ?? 'test');
    sender.sendSync(record);
    sender.flushSync();
    this.run();
  }

  private producerOf(name: string): Producer {
    let producer = this.producers.get(name);
    if (producer === undefined) {
      producer = this.source.producer();
      this.producers.set(name, producer);
    }
    return producer;
  }

  private take(topic: string): Arrived[] {
    this.reader(topic);
    this.readAll();
    return this.arrived.get(topic)?.splice(0) ?? [];
  }

  /** Keeps what has arrived, so that no output is ever without room; `true` when there was anything. */
  private readAll(): boolean {
    let any = false;
    const { serde, topic: output } = this.pipeline.graph.sink;
    for (const [topic, reader] of this.readers) {
      const arrived = this.arrived.get(topic) ?? [];
      this.arrived.set(topic, arrived);
      for (let batch = reader.poll(); batch !== undefined; batch = reader.poll()) {
        any = true;
        batch.forEach(view => {
          const record = view.copy();
          const keeps = topic === output && serde.views !== true;
          arrived.push({ record, value: keeps ? serde.decode(view) : record });
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
