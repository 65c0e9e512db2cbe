import type { Topic } from '@lite-streams/core';
import type { BenchOptions } from '../commands/bench.ts';
import type { ExitCode } from '../exit-code.ts';
import { CommandError } from '../failure.ts';
import { addLatencies, noLatencies, percentileUs } from '../generate/latency.ts';
import { GeneratorThreads } from '../generate/threads.ts';
import { RecordSource } from '../generate/workload.ts';
import type { WindowedResult } from '../pipelines/windowed.ts';
import { windowedPipelineUrl } from '../pipelines/windowed-parameters.ts';
import { compact, count, duration, percent } from '../render/numbers.ts';
import { table } from '../render/table.ts';
import { type BenchResult, machine, median, resultOf } from './measure.ts';
import { inSession, type Session } from './session.ts';
import { TwoWay } from './two-way.ts';

const SAMPLES = 5;
/** Keys and values repeat after so many records: nothing can be folded away. */
const DISTINCT = 1_024;
const CHUNK = 2_048;
/** How long a measurement keeps the thread to itself. */
const GIVE_WAY_MS = 50;

/** Measures the engine on this machine. */
export async function bench(options: BenchOptions): Promise<ExitCode> {
  return inSession({ shards: 4, processors: options.processors }, new Bench(options));
}

class Bench {
  private readonly options: BenchOptions;
  private doing = 'starting';

  constructor(options: BenchOptions) {
    this.options = options;
  }

  progress(): string {
    return `measuring: ${this.doing}`;
  }

  async run(session: Session): Promise<void> {
    const { producers, processors, size, rate } = this.options;
    const results: BenchResult[] = [];
    const steps: [string, () => Promise<BenchResult[]>][] = [
      ['append', async () => [await this.appending(session)]],
      ['producer-send', async () => [await this.sending(session)]],
      [`pipe-${producers}x${processors}-${size}B`, async () => [await this.piping(session)]],
      [`latency-${compact(rate).replace(' ', '')}`, () => this.latency(session)],
    ];
    for (const [name, step] of steps) {
      if (session.interrupted.aborted) break;
      this.doing = name;
      results.push(...(await step()));
    }
    // An interrupted measurement has no samples.
    this.print(
      session,
      results.filter(({ samples }) => samples.length > 0),
    );
  }

  /** Nanoseconds of `append`, on this thread: visible on return. */
  private async appending(session: Session): Promise<BenchResult> {
    const topic = session.engine.topic('bench-append');
    const record = { key: '', value: '', timestamp: Date.now() };
    return await this.timed('append', session, topic, (source, from) => {
      for (let i = from; i < from + CHUNK; i++) {
        record.key = source.key(i);
        record.value = source.value(i);
        topic.append(record);
      }
    });
  }

  /** Nanoseconds of a record through the batched producer, on this thread. */
  private async sending(session: Session): Promise<BenchResult> {
    const topic = session.engine.topic('bench-send');
    const producer = topic.producer();
    const record = { key: '', value: '', timestamp: Date.now() };
    const result = await this.timed('producer-send', session, topic, (source, from) => {
      for (let i = from; i < from + CHUNK; i++) {
        record.key = source.key(i);
        record.value = source.value(i);
        producer.sendSync(record);
      }
      producer.flushSync();
    });
    producer.closeSync();
    return result;
  }

  private async timed(
    name: string,
    { interrupted }: Session,
    topic: Topic,
    chunk: (source: RecordSource, from: number) => void,
  ): Promise<BenchResult> {
    const { keys, size: sizeBytes, seconds } = this.options;
    const source = new RecordSource({ keys, sizeBytes, seed: 1, repeatAfter: DISTINCT });
    const samples: number[] = [];
    let sent = 0;
    // The median of short pieces: whatever else the machine does shows in few of them.
    const forMs = async (ms: number): Promise<number> => {
      const pieces: number[] = [];
      const endMs = performance.now() + ms;
      let gaveWayMs = performance.now();
      let nowMs = gaveWayMs;
      while ((nowMs < endMs && !interrupted.aborted) || pieces.length === 0) {
        const startedMs = performance.now();
        chunk(source, sent);
        sent += CHUNK;
        nowMs = performance.now();
        pieces.push(((nowMs - startedMs) * 1e6) / CHUNK);
        if (nowMs - gaveWayMs < GIVE_WAY_MS) continue;
        // To signals, too: a Ctrl-C is heard between two pieces.
        await new Promise(setImmediate);
        gaveWayMs = performance.now();
      }
      return median(pieces);
    };
    await forMs(seconds * 200);
    for (let i = 0; i < SAMPLES; i++) {
      const sample = await forMs((seconds * 800) / SAMPLES);
      // What was cut short is no measurement.
      if (interrupted.aborted) break;
      samples.push(sample);
    }
    const stored = topic.stats().reduce((sum, { end }) => sum + end, 0);
    if (stored < sent) throw new CommandError(`${name}: ${sent} records sent, ${stored} stored`);
    return resultOf(name, 'ns', samples);
  }

  /** Records a second from producer threads through shards to a function on the processors. */
  private async piping(session: Session): Promise<BenchResult> {
    const { producers, processors, size, keys, seconds } = this.options;
    const samples: number[] = [];
    let records = 200_000;
    for (let i = 0; i <= SAMPLES && !session.interrupted.aborted; i++) {
      const tookMs = await this.pipeOnce(session, `bench-pipe-${i}`, {
        count: records,
        ratePerS: 0,
        keys,
        sizeBytes: size,
        threads: producers,
        seed: 1,
        repeatAfter: DISTINCT,
      });
      if (session.interrupted.aborted) break;
      const perSecond = (records * 1_000) / tookMs;
      // The first one only warms up, and tells how many records fill the time.
      if (i === 0) records = Math.max(records, Math.round((perSecond * seconds) / SAMPLES));
      else samples.push(perSecond);
    }
    return resultOf(`pipe-${producers}x${processors}-${size}B`, 'records/s', samples);
  }

  private async pipeOnce(
    session: Session,
    name: string,
    workload: Parameters<typeof GeneratorThreads.start>[2],
  ): Promise<number> {
    const { engine } = session;
    const topic = engine.topic(name);
    const url = new URL('../pipelines/discarding.ts', import.meta.url);
    url.searchParams.set('topic', name);
    const job = await engine.run(url);
    await using threads = await GeneratorThreads.start(engine, name, workload);
    const stop = (): void => threads.stop();
    session.interrupted.addEventListener('abort', stop, { once: true });
    if (session.interrupted.aborted) stop();
    const startedMs = performance.now();
    const { records } = await threads.run();
    topic.end();
    await job.drained();
    const tookMs = performance.now() - startedMs;
    session.interrupted.removeEventListener('abort', stop);
    const { filtered } = job.stats();
    if (filtered !== records) {
      throw new CommandError(`${name}: ${records} records sent, ${filtered} arrived`);
    }
    return tookMs;
  }

  /** Microseconds from when a record should have been sent until a function had it. */
  private async latency(session: Session): Promise<BenchResult[]> {
    const { engine } = session;
    const { rate, seconds, keys, size, producers } = this.options;
    const [topic, output] = ['bench-latency', 'bench-latency.windows'];
    const source = engine.topic(topic);
    const job = await engine.run(
      windowedPipelineUrl({
        topic,
        output,
        windowMs: 60_000,
        disorderMs: 0,
        transform: 'none',
        values: 0,
      }),
    );
    const latencies = noLatencies();
    await new TwoWay(engine.topic(output), job, session.interrupted).run({
      group: 'bench',
      write: async ({ interrupted }) => {
        await using threads = await GeneratorThreads.start(engine, topic, {
          count: Math.ceil(rate * seconds),
          ratePerS: rate,
          keys,
          sizeBytes: size,
          threads: producers,
          seed: 1,
        });
        interrupted.addEventListener('abort', () => threads.stop(), { once: true });
        return await threads.run();
      },
      written: () => source.end(),
      read: async results => {
        for await (const batch of results) {
          batch.forEach(record => {
            addLatencies(latencies, (JSON.parse(record.text) as WindowedResult).latencies);
          });
        }
      },
    });
    const name = `latency-${compact(rate).replace(' ', '')}`;
    return [
      resultOf(`${name}-p50`, 'µs', [percentileUs(latencies, 0.5)]),
      resultOf(`${name}-p99`, 'µs', [percentileUs(latencies, 0.99)]),
    ];
  }

  private print(session: Session, results: readonly BenchResult[]): void {
    const { output, style } = session;
    const where = machine();
    if (this.options.json) {
      output.write(JSON.stringify({ machine: where, results }));
      return;
    }
    output.write(`${where.cpu}, ${where.cores} cores, ${where.platform}, Node.js ${where.node}`);
    output.write('');
    const rows = results.map(({ name, unit, value, samples, relativeError }) => [
      name,
      shown(value, unit),
      samples.length > 1 ? `± ${percent(relativeError)}` : '',
    ]);
    const columns = [
      { title: 'name' },
      { title: 'median', align: 'right' },
      { title: '', align: 'right' },
    ] as const;
    for (const line of table(columns, rows, style)) output.write(line);
  }
}

function shown(value: number, unit: string): string {
  if (unit === 'ns') return `${count(value)} ns`;
  if (unit === 'µs') return duration(value / 1_000);
  return `${compact(value)} ${unit}`;
}
