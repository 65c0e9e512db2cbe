import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Consumer, Engine, type RecordView } from 'lite-streams';
import pipeline from '../pipelines/window-latency.ts';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';
import { nowUs } from './clock.ts';
import { type PacedWindowsOrder, READINGS, SENSORS, WINDOW_MS } from './paced-windows.ts';

const PIPELINE = new URL('../pipelines/window-latency.ts', import.meta.url);
const PRODUCER = new URL('../threads/paced-window-producer.ts', import.meta.url);

const SECONDS = { full: 5, quick: 1 };
/** Before the first event of a pass is due: the producer has its order by then. */
const LEAD_US = 20_000;
/** Between the event times of two passes. */
const BETWEEN_MS = 10_000;

/**
 * From when the event was due that moves the watermark past a window's end until the window's result
 * is read from the output, at 200,000 events per second of 1,000 keys, in windows of 100 ms.
 */
export default async (): Promise<Measurable> => {
  const engine = await Engine.start({ processors: 1 });
  engine.topic('paced', { shards: 1 });
  const results = engine.topic('windows').consume({ group: 'bench', from: 'earliest' });
  await engine.run(PIPELINE);
  const thread = new Worker(PRODUCER, engine.threadOptions());
  await once(thread, 'message');
  return new WindowLatency(engine, thread, results);
};

class WindowLatency implements Measurable {
  private readonly engine: Engine;
  private readonly thread: Worker;
  private readonly results: Consumer;
  private fromMs = 0;

  constructor(engine: Engine, thread: Worker, results: Consumer) {
    this.engine = engine;
    this.thread = thread;
    this.results = results;
  }

  async measure({ quick }: Effort): Promise<Series[]> {
    await this.pass(1);
    const latencies = await this.pass(quick ? SECONDS.quick : SECONDS.full);
    latencies.sort((left, right) => left - right);
    const at = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] / 1000;
    const note = `p50 ${at(0.5).toFixed(2)} ms, p99.9 ${at(0.999).toFixed(2)} ms, longest ${at(1).toFixed(2)} ms`;
    return [{ name: 'window-latency-p99', unit: 'ms', samples: [at(0.99)], note }];
  }

  async close(): Promise<void> {
    await this.results.close();
    await this.thread.terminate();
    await this.engine.stop();
  }

  /** Microseconds of every result of so many seconds, the last window apart: nothing closes it. */
  private async pass(seconds: number): Promise<number[]> {
    const { fromMs } = this;
    const durationMs = seconds * 1000;
    this.fromMs += durationMs + BETWEEN_MS;
    const startUs = nowUs() + LEAD_US;
    const order: PacedWindowsOrder = { startUs, fromMs, durationMs };
    this.thread.postMessage(order);
    const expected = (durationMs / WINDOW_MS - 1) * SENSORS;
    const latencies: number[] = [];
    while (latencies.length < expected) {
      const { value: batch } = await this.results.next();
      const readUs = nowUs();
      for (const record of batch as Iterable<RecordView>) {
        const { end, readings } = result(record);
        // The pass before left a window open, which closes now.
        if (end <= fromMs) continue;
        expectEqual('readings in a window', readings, READINGS);
        latencies.push(readUs - (startUs + (end - fromMs) * 1000));
      }
    }
    expectEqual('results', latencies.length, expected);
    return latencies;
  }
}

const [sink] = pipeline.graph.nodes.flatMap(({ step }) => (step.kind === 'sink' ? [step] : []));

function result(record: RecordView): { readonly end: number; readonly readings: number } {
  return sink.serde.decode(record) as { end: number; readings: number };
}
