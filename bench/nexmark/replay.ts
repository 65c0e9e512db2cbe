// A query over generated events on the calling thread, for comparing its rows.

import {
  type Consumer,
  LocalEngine,
  type Pipeline,
  type Producer,
  VirtualClock,
} from 'lite-streams';
import { moduleOf, type Query, sinkOf } from './catalog.ts';
import { encoded, sendSide } from './encoded.ts';
import { Generator, type Kind, type NexmarkOptions } from './generator/generator.ts';
import { lastOf, type Row } from './oracle/rows.ts';
import { TOPIC_OF } from './topics.ts';

export interface ReplayOptions {
  readonly events: number;
  readonly generator?: NexmarkOptions;
  readonly producers?: number;
  readonly shards?: number;
  readonly processors?: number;
}

/** How many events are sent before the engine runs on. */
const STRETCH = 512;

/** The final rows of a query over events that arrive as a generator has them. */
export async function replay(query: Query, options: ReplayOptions): Promise<Row[]> {
  const events = new Generator(options.generator);
  const { default: pipeline } = (await import(moduleOf(query).href)) as { default: Pipeline };
  const run = new Replay(query, pipeline, events, options);
  try {
    run.sendAll(options.events);
    return run.finalRows();
  } finally {
    run.close();
  }
}

class Replay {
  private readonly query: Query;
  private readonly pipeline: Pipeline;
  private readonly events: Generator;
  private readonly clock: VirtualClock;
  private readonly engine: LocalEngine;
  private readonly job: ReturnType<LocalEngine['add']>;
  private readonly output: Consumer;
  private readonly producers = new Map<Kind, readonly Producer[]>();
  private readonly rows: Row[] = [];

  constructor(query: Query, pipeline: Pipeline, events: Generator, options: ReplayOptions) {
    const { processors = 1, producers = 1, shards = 2 } = options;
    this.query = query;
    this.pipeline = pipeline;
    this.events = events;
    this.clock = new VirtualClock(events.timeOf(0));
    this.engine = new LocalEngine({
      automatic: false,
      clock: this.clock,
      processors,
      topics: { shards },
    });
    this.output = this.engine.topic(query.name).consume({ group: 'rows', from: 'earliest' });
    if (query.side) sendSide(this.engine.topic('side'));
    this.job = this.engine.add(pipeline);
    for (const kind of query.reads) {
      const topic = this.engine.topic(TOPIC_OF[kind]);
      const several = Array.from({ length: producers }, () => topic.producer());
      this.producers.set(kind, several);
    }
  }

  /** Producers take turns. Under the clock of a processing-time query it is always the event's time. */
  sendAll(count: number): void {
    const { events, query, clock } = this;
    for (let position = 0; position < count; position++) {
      const n = events.numberAt(position);
      if (query.processingTime && events.timeOf(n) > clock.now()) {
        this.settle();
        clock.advance(events.timeOf(n) - clock.now());
        this.settle();
      }
      const kind = events.kindOf(n);
      const producers = this.producers.get(kind);
      if (producers === undefined) continue;
      const producer = producers[position % producers.length];
      producer.sendSync({ value: encoded(events, kind, n), timestamp: events.timeOf(n) });
      if (position % STRETCH === 0) this.settle();
    }
  }

  /** Ends the input. Throws where a record was not processed. */
  finalRows(): Row[] {
    for (const [kind, producers] of this.producers) {
      for (const producer of producers) producer.closeSync();
      this.engine.topic(TOPIC_OF[kind]).end();
    }
    this.settle();
    const { deadLetters, late, unassigned } = this.engineStats();
    if (deadLetters + late + unassigned > 0) {
      throw new Error(`${deadLetters} dead letters, ${late} late, ${unassigned} unassigned`);
    }
    const { lastOf: key } = this.query;
    return key === undefined ? this.rows : lastOf(this.rows, key);
  }

  close(): void {
    this.output.close();
    this.engine.stopNow();
  }

  /** An engine without threads has its counters at hand. */
  private engineStats(): Exclude<ReturnType<typeof this.job.stats>, Promise<unknown>> {
    const stats = this.job.stats();
    if (stats instanceof Promise) throw new Error('the counters are not at hand');
    return stats;
  }

  private settle(): void {
    for (const producers of this.producers.values()) for (const one of producers) one.flushSync();
    do {
      this.engine.settle();
      const failure = this.engine.failure(this.query.name);
      if (failure !== undefined) throw failure;
    } while (this.readOutput());
  }

  private readOutput(): boolean {
    const { serde } = sinkOf(this.query, this.pipeline);
    const before = this.rows.length;
    for (let batch = this.output.poll(); batch !== undefined; batch = this.output.poll()) {
      batch.forEach(record => {
        this.rows.push({ ...(serde.decode(record) as Row) });
      });
    }
    return this.rows.length > before;
  }
}
