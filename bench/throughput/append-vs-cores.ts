import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Topic } from '@lite-streams/core';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import type { AppenderData } from '../threads/appender.ts';

const APPENDER = new URL('../threads/appender.ts', import.meta.url);
const SHARDS = 8;
/** Records that each thread appends in a round. */
const RECORDS = { full: 2_000_000, quick: 300_000 };

/** 1, 2, 4 … threads up to the cores that append to the same 8 shards, one record at a time. */
export default async (): Promise<Measurable> => {
  const topic = Topic.create('append-vs-cores', { shards: SHARDS });
  const most = Math.min(64, availableParallelism());
  const threads = Array.from({ length: most }, (_, index) => {
    const workerData: AppenderData = { topic: topic.descriptor(), thread: index + 2 };
    return new Worker(APPENDER, { workerData });
  });
  await Promise.all(threads.map(thread => once(thread, 'message')));
  return new AppendVersusCores(topic, threads);
};

class AppendVersusCores implements Measurable {
  private readonly topic: Topic;
  private readonly threads: readonly Worker[];

  constructor(topic: Topic, threads: readonly Worker[]) {
    this.topic = topic;
    this.threads = threads;
  }

  async measure({ quick }: Effort): Promise<Series[]> {
    const records = quick ? RECORDS.quick : RECORDS.full;
    const series: Series[] = [];
    for (let count = 1; count <= this.threads.length; count *= 2) {
      const threads = this.threads.slice(0, count);
      await this.append(threads, Math.ceil(records / 5));
      const seconds = await this.append(threads, records);
      const name = `append-vs-cores-${count}`;
      series.push({ name, unit: 'records/s', samples: [(count * records) / seconds] });
    }
    return series;
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map(thread => thread.terminate()));
  }

  /** Has each thread append so many records; returns seconds. */
  private async append(threads: readonly Worker[], records: number): Promise<number> {
    const before = this.ends();
    const answers = threads.map(thread => once(thread, 'message') as Promise<[number]>);
    const startMs = performance.now();
    for (const thread of threads) thread.postMessage(records);
    const sums = await Promise.all(answers);
    const seconds = (performance.now() - startMs) / 1000;
    // Offsets of a shard are dense, whoever appended: those from a to b − 1 have the sum (b − a)(a + b − 1)/2.
    let expected = 0;
    for (const [shard, end] of this.ends().entries()) {
      expected += ((end - before[shard]) * (before[shard] + end - 1)) / 2;
    }
    const offsets = sums.reduce((sum, [offset]) => sum + offset, 0);
    expectEqual('sum of the offsets', offsets, expected);
    return seconds;
  }

  private ends(): number[] {
    return this.topic.stats().map(({ end }) => end);
  }
}
