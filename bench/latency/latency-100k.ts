import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Consumer, Engine, type RecordView } from 'lite-streams';
import type { LatencySummary } from '../pipelines/latency.ts';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import type { PacedOrder } from '../threads/paced-producer.ts';

const PIPELINE = new URL('../pipelines/latency.ts', import.meta.url);
const PRODUCER = new URL('../threads/paced-producer.ts', import.meta.url);

const PER_SECOND = 100_000;
const SECONDS = { full: 5, quick: 1 };

/**
 * From when a record was due to be appended until the user function has it, at 100,000 records per
 * second: what waits behind a slow one counts as waiting. One shard, so that the records come in order.
 */
export default async (): Promise<Measurable> => {
  const engine = await Engine.start({ processors: 1 });
  engine.topic('due', { shards: 1 });
  const summaries = engine.topic('latencies').consume({ group: 'bench', from: 'earliest' });
  await engine.run(PIPELINE);
  const thread = new Worker(PRODUCER, engine.threadOptions());
  await once(thread, 'message');
  return new Latency(engine, thread, summaries);
};

class Latency implements Measurable {
  private readonly engine: Engine;
  private readonly thread: Worker;
  private readonly summaries: Consumer;

  constructor(engine: Engine, thread: Worker, summaries: Consumer) {
    this.engine = engine;
    this.thread = thread;
    this.summaries = summaries;
  }

  async measure({ quick }: Effort): Promise<Series[]> {
    await this.pass(PER_SECOND);
    const { p50, p99, p999, max } = await this.pass(
      PER_SECOND * (quick ? SECONDS.quick : SECONDS.full),
    );
    const note = `p99.9 ${p999} µs, longest ${max} µs`;
    return [
      { name: 'latency-100k-p50', unit: 'µs', samples: [p50] },
      { name: 'latency-100k-p99', unit: 'µs', samples: [p99], note },
    ];
  }

  async close(): Promise<void> {
    await this.summaries.close();
    await this.thread.terminate();
    await this.engine.stop();
  }

  private async pass(records: number): Promise<LatencySummary> {
    const order: PacedOrder = { records, perSecond: PER_SECOND };
    this.thread.postMessage(order);
    const { value: batch } = await this.summaries.next();
    const [summary] = Array.from(
      batch as Iterable<RecordView>,
      record => JSON.parse(record.text) as LatencySummary,
    );
    expectEqual('records that arrived', summary.count, records);
    expectEqual('sum of their sequences', summary.sequences, (records * (records - 1)) / 2);
    return summary;
  }
}
