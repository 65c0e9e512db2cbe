import {
  json,
  LocalEngine,
  type LocalJob,
  type Pipeline,
  type PipelineOptions,
  type Producer,
  pipeline,
  type SessionWindows,
  session,
  tumbling,
  valueState,
} from 'lite-streams';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';

const KEYS = { full: 1_000_000, quick: 50_000 };
const SECONDS = { full: 6, quick: 2 };
const PORTION = 4_096;
/** The share of the keys that change between two epochs. */
const HOT = 0.05;

interface Reading {
  readonly sensor: number;
  readonly n: number;
}

/** A sum per key, in one window for all of them or in one of its own. Epochs begin when the bench says so. */
const sums =
  (window: ReturnType<typeof tumbling> | SessionWindows) =>
  (options: PipelineOptions): Pipeline =>
    pipeline('sums', options)
      .from('readings', json<Reading>())
      .keyBy(({ sensor }) => sensor)
      .window(window)
      .aggregate({
        create: () => 0,
        add: (sum, { n }) => sum + n,
        merge: (left, right) => left + right,
        result: () => undefined,
      })
      .filter(() => false)
      .to('none', json<undefined>());

/** The same in value state. */
function processed(options: PipelineOptions): Pipeline {
  return pipeline('processed', options)
    .from('readings', json<Reading>())
    .keyBy(({ sensor }) => sensor)
    .process({
      state: { sum: valueState(0) },
      onRecord({ n }, { state }) {
        state.sum.set(state.sum.get() + n);
      },
    })
    .to('none', json<never>());
}

/**
 * Keyed windows of one million keys, an epoch for every second of the thread's own time: records per
 * second with epochs and without, and how long the thread was at an epoch, from its barrier to its
 * commit. In between, 5 % of the keys change; and, stated beside, any key. The same for value state and for
 * sessions.
 */
export default (): Measurable => ({
  async measure({ quick }: Effort): Promise<Series[]> {
    const keys = quick ? KEYS.quick : KEYS.full;
    const cpuMs = 1_000 * (quick ? SECONDS.quick : SECONDS.full);
    return [
      ...(await cost('checkpoint-cost', sums(tumbling('1d')), keys, cpuMs)),
      ...(await cost('checkpoint-cost-process', processed, keys, cpuMs)),
      ...(await cost('checkpoint-cost-session', sums(session('1d')), keys, cpuMs)),
    ];
  },
});

async function cost(
  name: string,
  made: (options: PipelineOptions) => Pipeline,
  keys: number,
  cpuMs: number,
): Promise<Series[]> {
  const plain = new Run(keys, made({}));
  await plain.fill(false);
  await plain.goOn(cpuMs / 4, HOT, false);
  const without = await plain.goOn(cpuMs, HOT, false);
  plain.close();
  const run = new Run(keys, made({ checkpoint: { every: '1h' } }));
  await run.fill(true);
  await run.goOn(cpuMs / 4, HOT, true);
  const with5 = await run.goOn(cpuMs, HOT, true);
  const uniform = await run.goOn(cpuMs, 1, true);
  run.close();
  const note = `${(keys / 1e6).toFixed(2)} M keys, per second of the thread's own time`;
  const pauseNote = "the thread's own time from a barrier to the commit, at most";
  return [
    { name, unit: 'records/s', samples: [with5.rate], note },
    { name: `${name}-without`, unit: 'records/s', samples: [without.rate], note },
    { name: `${name}-uniform`, unit: 'records/s', samples: [uniform.rate], note },
    { name: `${name}-pause`, unit: 'ms', samples: [with5.pauseMs], note: pauseNote },
    { name: `${name}-pause-uniform`, unit: 'ms', samples: [uniform.pauseMs], note: pauseNote },
  ];
}

class Run {
  private readonly keys: number;
  private readonly engine: LocalEngine;
  private readonly job: LocalJob;
  private readonly producer: Producer;
  private sent = 0;

  constructor(keys: number, made: Pipeline) {
    this.keys = keys;
    // Room for more than a second's records: a full shard would ask for an epoch earlier.
    const topics = { shards: 1, slots: 2 ** 21, shardBytes: 2 ** 28, maxRecordBytes: 1_024 };
    this.engine = new LocalEngine({ automatic: false, topics });
    this.producer = this.engine.topic('readings').producer();
    this.job = this.engine.add(made);
  }

  async fill(epochs: boolean): Promise<void> {
    for (let key = 0; key < this.keys; key++) this.send(key);
    this.settle();
    if (epochs) await this.job.checkpoint();
  }

  async goOn(
    cpuMs: number,
    hot: number,
    epochs: boolean,
  ): Promise<{ rate: number; pauseMs: number }> {
    const reach = Math.floor(this.keys * hot);
    const before = this.sent;
    const beganMs = ownMs();
    let epochMs = beganMs;
    let pauseMs = 0;
    // A step through all keys in an order that is not theirs.
    for (let key = 0; ownMs() - beganMs < cpuMs; ) {
      for (let i = 0; i < PORTION; i++) {
        key = (key + 48_271) % reach;
        this.send(key);
      }
      this.settle();
      if (!epochs || ownMs() - epochMs < 1_000) continue;
      epochMs = ownMs();
      await this.job.checkpoint();
      pauseMs = Math.max(pauseMs, ownMs() - epochMs);
    }
    const rate = (this.sent - before) / ((ownMs() - beganMs) / 1_000);
    const stats = this.job.stats() as { windowed: number; processed: number };
    expectEqual('records', stats.windowed + stats.processed, this.sent);
    return { rate, pauseMs };
  }

  close(): void {
    this.engine.stopNow();
  }

  private send(sensor: number): void {
    this.producer.sendSync({ timestamp: 1, value: `{"sensor":${sensor},"n":1}` });
    if (++this.sent % PORTION === 0) this.settle();
  }

  private settle(): void {
    this.producer.flushSync();
    this.engine.settle();
  }
}

/** The time that this thread has run, whoever else wants the cores. */
function ownMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
