import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { json, LocalEngine, type Pipeline, pipeline, tumbling, valueState } from 'lite-streams';
import { type Effort, expectEqual, type Measurable, type Series } from '../runner/measurable.ts';

const KEYS = { full: 1_000_000, quick: 100_000 };
/** Records that are appended before the engine is stepped until it is done with them. */
const PORTION = 4_096;

interface Reading {
  readonly sensor: string;
  readonly n: number;
}

/** A number per key, which stands in the row itself. */
const values = pipeline('values')
  .from('readings', json<Reading>())
  .keyBy(({ sensor }) => sensor)
  .process({
    state: { sum: valueState(0) },
    onRecord({ n }, { state }) {
      state.sum.set(state.sum.get() + n);
    },
    onTimer() {},
  })
  .to('none', json<never>());

/** An accumulator per key, all in one window. */
const windows = pipeline('windows')
  .from('readings', json<Reading>())
  .keyBy(({ sensor }) => sensor)
  .window(tumbling('1d'))
  .aggregate({ create: newSum, add: addTo, result: () => undefined })
  .filter(() => false)
  .to('none', json<undefined>());

function newSum(): { n: number; sum: number } {
  return { n: 0, sum: 0 };
}

function addTo(all: { n: number; sum: number }, { n }: Reading): { n: number; sum: number } {
  all.n++;
  all.sum += n;
  return all;
}

/**
 * One million live keys in value state and in a keyed window: bytes on the heap for each, keys included and
 * accumulators not, and the longest time that one step of the engine took, collections included, while
 * they came and while each was changed once more.
 */
export default (): Measurable => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return {
    measure({ quick }: Effort): Series[] {
      const keys = quick ? KEYS.quick : KEYS.full;
      const accumulator = bytesOfAccumulator(keys, collect);
      return [
        ...hold('values', values, keys, 0, collect),
        ...hold('window', windows, keys, accumulator, collect),
      ];
    },
  };
};

function hold(
  what: string,
  made: Pipeline,
  keys: number,
  valueBytes: number,
  collect: () => void,
): Series[] {
  const engine = new LocalEngine({ automatic: false, topics: { shards: 1 } });
  const topic = engine.topic('readings');
  const job = engine.add(made);
  let longestMs = 0;
  let longestCpuMs = 0;
  const settle = (): void => {
    for (let progress = true; progress; ) {
      const cpu = process.threadCpuUsage();
      const startMs = performance.now();
      progress = engine.step();
      longestMs = Math.max(longestMs, performance.now() - startMs);
      const { user, system } = process.threadCpuUsage(cpu);
      longestCpuMs = Math.max(longestCpuMs, (user + system) / 1000);
    }
  };
  const pass = (from: number, to: number): void => {
    for (let key = from; key < to; key++) {
      const sensor = `sensor-${key}`;
      topic.append({ timestamp: 1, value: `{"sensor":"${sensor}","n":1}` });
      if (key % PORTION === PORTION - 1) settle();
    }
    settle();
  };
  // Twice, so that what is compiled and grown by the first records is not counted for the keys.
  pass(0, PORTION);
  longestMs = longestCpuMs = 0;
  collect();
  const before = process.memoryUsage().heapUsed;
  pass(PORTION, keys + PORTION);
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / keys - valueBytes;
  pass(0, keys + PORTION);
  const stats = job.stats() as { in: number; processed: number; windowed: number };
  expectEqual('records', stats.processed + stats.windowed, stats.in);
  expectEqual('records', stats.in, 2 * (keys + PORTION));
  engine.stopNow();
  const note = `${(keys / 1e6).toFixed(1)} M keys`;
  const cpu = `${note}; at most ${longestCpuMs.toFixed(1)} ms of the thread's own time`;
  return [
    { name: `state-1M-keys-${what}`, unit: 'B', samples: [bytes], note },
    { name: `state-1M-keys-${what}-pause`, unit: 'ms', samples: [longestMs], note: cpu },
  ];
}

/** What the accumulators themselves take: they are the user's. */
function bytesOfAccumulator(count: number, collect: () => void): number {
  const all: unknown[] = new Array(count).fill(undefined);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) all[i] = addTo(newSum(), { sensor: '', n: 1 });
  collect();
  return (process.memoryUsage().heapUsed - before) / all.length;
}
