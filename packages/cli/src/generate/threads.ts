import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Engine } from '@lite-streams/workers';
import type { GeneratorResult } from './generator.ts';
import { addLatencies, noLatencies } from './latency.ts';
import type { FromGenerator, GeneratorBoot, ToGenerator } from './messages.ts';
import type { Workload } from './workload.ts';

/** Everything is due some moments after all threads have been told to go, so that none is late. */
const HEAD_START_MS = 2;

/** The threads that send a workload, each with a producer of its own. */
export class GeneratorThreads implements AsyncDisposable {
  private readonly workers: readonly Worker[];
  private readonly results: Promise<GeneratorResult[]>;

  /**
   * Starts the threads; resolves once every producer is registered, so that no watermark passes
   * what a slow thread has yet to send.
   */
  static async start(engine: Engine, topic: string, workload: Workload): Promise<GeneratorThreads> {
    const threads = new GeneratorThreads(
      Array.from({ length: workload.threads }, (_, index) => {
        const boot: Omit<GeneratorBoot, 'engine'> = { topic, workload, index };
        const entry = new URL('../entry/generator.ts', import.meta.url);
        return new Worker(entry, engine.threadOptions({ workerData: boot }));
      }),
    );
    try {
      await Promise.all(threads.workers.map(worker => once(worker, 'message')));
      return threads;
    } catch (error) {
      await threads[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(workers: readonly Worker[]) {
    this.workers = workers;
    this.results = Promise.all(workers.map(resultOf));
    this.results.catch(() => {});
  }

  /** Sends everything; resolves with what all threads did together. */
  async run(): Promise<GeneratorResult> {
    const startMs = performance.timeOrigin + performance.now() + HEAD_START_MS;
    this.tell({ kind: 'go', startMs });
    const latencies = noLatencies();
    let records = 0;
    let valueBytes = 0;
    for (const result of await this.results) {
      records += result.records;
      valueBytes += result.valueBytes;
      addLatencies(latencies, result.latencies);
    }
    return { records, valueBytes, latencies };
  }

  /** Ends the workload early: `run` resolves with what has been sent. */
  stop(): void {
    this.tell({ kind: 'stop' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.terminate()));
  }

  private tell(message: ToGenerator): void {
    for (const worker of this.workers) worker.postMessage(message);
  }
}

function resultOf(worker: Worker): Promise<GeneratorResult> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromGenerator) => {
      if (message.kind === 'done') resolve(message.result);
    });
    worker.once('error', reject);
    worker.once('exit', code => reject(new Error(`A generator thread exited with ${code}.`)));
  });
}
