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
const KEYS = 16;
const RECORDS_PER_KEY_AND_SLIDE = 1_000;
const SLIDES = { full: 200, quick: 120 };

interface Times {
  readonly recordsNs: number;
  readonly emittingNs: number;
  readonly results: number;
}

/**
 * A count per key in windows of 10 s, a new one every 100 ms: each record is in 100 windows. What a
 * record costs, beside a record in a tumbling window of 10 s; and apart from that, what a result costs
 * when the watermark makes the windows fire. The operators by themselves, without log and exchange.
 */
export default (): Measurable => ({
  measure({ quick }: Effort): Series[] {
    const slides = quick ? SLIDES.quick : SLIDES.full;
    const one = (name: string, { recordsNs }: Times): Series => ({
      name,
      unit: 'ns',
      samples: [recordsNs / (slides * KEYS * RECORDS_PER_KEY_AND_SLIDE)],
    });
    run('tumbling', SLIDES.quick / 4);
    run('hopping', SLIDES.quick / 4);
    const alone = run('tumbling', slides);
    const shared = run('hopping', slides);
    expectEqual('results', shared.results, KEYS * (slides + SIZE_MS / SLIDE_MS - 1));
    return [
      one('hopping-fanout', shared),
      one('hopping-fanout-tumbling', alone),
      {
        name: 'hopping-fanout-emitting',
        unit: 'ns',
        samples: [shared.emittingNs / shared.results],
        note: `each of ${shared.results} results, of up to ${SIZE_MS / SLIDE_MS} slices`,
      },
    ];
  },
});

function run(kind: 'tumbling' | 'hopping', slides: number): Times {
  const results = new Results();
  const operator = operatorOf(kind, results);
  const context = new ContextCell();
  const keys = Array.from({ length: KEYS }, (_, key) => `key-${key}`);
  let recordsNs = 0;
  let emittingNs = 0;
  for (let slide = 0; slide < slides; slide++) {
    const from = slide * SLIDE_MS;
    const startMs = performance.now();
    for (let i = 0; i < RECORDS_PER_KEY_AND_SLIDE; i++) {
      context.timestamp = from + (((i * SLIDE_MS) / RECORDS_PER_KEY_AND_SLIDE) | 0);
      for (let key = 0; key < KEYS; key++) {
        context.key = keys[key];
        operator.push(i, context);
      }
    }
    const pushedMs = performance.now();
    operator.watermark(from + SLIDE_MS - 1);
    recordsNs += (pushedMs - startMs) * 1e6;
    emittingNs += (performance.now() - pushedMs) * 1e6;
  }
  const startMs = performance.now();
  operator.watermark(Number.POSITIVE_INFINITY);
  emittingNs += (performance.now() - startMs) * 1e6;
  const perKey = RECORDS_PER_KEY_AND_SLIDE * slides;
  const windows = kind === 'hopping' ? SIZE_MS / SLIDE_MS : 1;
  expectEqual('records in all results', results.sum, perKey * KEYS * windows);
  return { recordsNs, emittingNs, results: results.count };
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
