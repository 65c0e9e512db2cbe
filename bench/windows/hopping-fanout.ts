import {
  ContextCell,
  Faults,
  noCounts,
  type Operator,
  Outlet,
  resolveWindow,
  windowOperator,
} from '@lite-streams/core/internal';
import { count, hopping, systemClock, tumbling } from 'lite-streams';
import {
  type Effort,
  expectEqual,
  type Measurable,
  type Series,
  wrong,
} from '../runner/measurable.ts';

const SIZE_MS = 10_000;
const SLIDE_MS = 100;
const SLICES = SIZE_MS / SLIDE_MS;

interface Load {
  readonly keys: number;
  /** Records per key and slide. */
  readonly records: number;
}

/** For what a record costs, and for what a result costs: many at once, of which each has all slices. */
const RECORDS: Load = { keys: 16, records: 1_000 };
const RESULTS: Load = { keys: 2_000, records: 2 };
const SLIDES = { full: 200, quick: 120 };

interface Times {
  readonly recordsNs: number;
  readonly emittingNs: number;
  readonly results: number;
}

/**
 * A count per key in windows of 10 s, a new one every 100 ms: each record is in 100 windows. What a
 * record costs, beside a record in a tumbling window of 10 s; and apart from that, what a result costs
 * when the watermark makes the windows fire. The operators by themselves, without log and exchange,
 * in processor time.
 */
export default (): Measurable => ({
  measure({ quick }: Effort): Series[] {
    const slides = quick ? SLIDES.quick : SLIDES.full;
    const one = (name: string, { recordsNs }: Times): Series => ({
      name,
      unit: 'ns',
      samples: [recordsNs / (slides * RECORDS.keys * RECORDS.records)],
    });
    run('tumbling', SLIDES.quick / 4, RECORDS);
    run('hopping', SLIDES.quick / 4, RECORDS);
    const alone = run('tumbling', slides, RECORDS);
    const shared = run('hopping', slides, RECORDS);
    const emitting = run('hopping', slides, RESULTS);
    return [
      one('hopping-fanout', shared),
      one('hopping-fanout-tumbling', alone),
      {
        name: 'hopping-fanout-emitting',
        unit: 'ns',
        samples: [emitting.emittingNs / emitting.results],
        note: `each of ${emitting.results} results, of up to ${SLICES} slices`,
      },
    ];
  },
});

function run(
  kind: 'tumbling' | 'hopping',
  slides: number,
  { keys: keyCount, records }: Load,
): Times {
  const results = new Results();
  const operator = operatorOf(kind, results);
  const context = new ContextCell();
  const keys = Array.from({ length: keyCount }, (_, key) => `key-${key}`);
  let recordsNs = 0;
  let emittingNs = 0;
  for (let slide = 0; slide < slides; slide++) {
    const from = slide * SLIDE_MS;
    const before = cpuNs();
    for (let i = 0; i < records; i++) {
      context.timestamp = from + (((i * SLIDE_MS) / records) | 0);
      for (let key = 0; key < keyCount; key++) {
        context.key = keys[key];
        operator.push(i, context);
      }
    }
    const pushed = cpuNs();
    operator.watermark(from + SLIDE_MS - 1);
    recordsNs += pushed - before;
    emittingNs += cpuNs() - pushed;
  }
  const before = cpuNs();
  operator.watermark(Number.POSITIVE_INFINITY);
  emittingNs += cpuNs() - before;
  const windows = kind === 'hopping' ? SLICES : 1;
  expectEqual('records in all results', results.sum, records * slides * keyCount * windows);
  const fired = kind === 'hopping' ? slides + SLICES - 1 : Math.ceil(slides / SLICES);
  expectEqual('results', results.count, keyCount * fired);
  return { recordsNs, emittingNs, results: results.count };
}

/** Processor time of this thread: other programs take turns with it, and a clock would count theirs. */
function cpuNs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1e3;
}

function operatorOf(kind: 'tumbling' | 'hopping', next: Operator): Operator {
  const counts = noCounts();
  const none = new Outlet(() => wrong('a record', 'refused', 'taken'));
  const spec = kind === 'tumbling' ? tumbling(SIZE_MS) : hopping(SIZE_MS, SLIDE_MS);
  return windowOperator(
    {
      kind: 'window',
      name: kind,
      window: resolveWindow(spec, what => wrong('the window', what, 'right')),
      keyed: true,
      allowedLatenessMs: 0,
      lateTo: undefined,
      panes: 'accumulating',
      logic: { kind: 'aggregate', aggregate: count() },
    },
    false,
    next,
    {
      faults: new Faults('hopping-fanout', 'none', 0, none, counts),
      counts,
      lateOutlet: () => none,
      clock: systemClock,
    },
  );
}

/** Counts and adds up what the windows give. */
class Results implements Operator {
  count = 0;
  sum = 0;

  push(value: unknown): boolean {
    this.count++;
    this.sum += value as number;
    return true;
  }

  watermark(): boolean {
    return true;
  }

  end(): boolean {
    return true;
  }

  resume(): boolean {
    return true;
  }

  snapshot(): void {}

  restore(): void {}
}
