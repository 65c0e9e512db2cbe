import { getHeapStatistics } from 'node:v8';
import { Bench } from 'tinybench';
import type { Effort, Measurable, Series } from '../runner/measurable.ts';
import { median } from '../runner/statistics.ts';

/** A single operation, called over and over on one thread. */
export interface Operation {
  readonly name: string;
  /** How many operations one turn does. */
  readonly operations: number;
  /** Does them, on distinct input each, and returns a number that all results went into. */
  turn(): number;
  /** Throws unless `turns` turns with this sum of their numbers are what there should be. */
  verify(turns: number, checksum: number): void;
  close?(): void;
}

const ROUND_MS = 250;
const QUICK_ROUND_MS = 60;

/** Measures an operation with tinybench, a whole turn at a time: one operation is too short for a clock. */
export function measurable(operation: Operation): Measurable {
  let turns = 0;
  let checksum = 0;
  const turn = () => {
    checksum += operation.turn();
    turns++;
  };
  const measure = ({ quick }: Effort): Series[] => {
    const time = quick ? QUICK_ROUND_MS : ROUND_MS;
    const bench = new Bench({
      time,
      iterations: 8,
      warmupTime: time,
      warmupIterations: 8,
      retainSamples: true,
      throws: true,
    });
    bench.add(operation.name, turn, { async: false });
    const [task] = bench.runSync();
    const { result } = task;
    if (!('latency' in result)) throw new Error(`${operation.name}: tinybench has no result`);
    const samples = result.latency.samples ?? [];
    const nanoseconds = samples.map(ms => (ms * 1e6) / operation.operations);
    const bytes = allocatedBytes(turn);
    operation.verify(turns, checksum);
    const series: Series = { name: operation.name, unit: 'ns', samples: nanoseconds };
    if (bytes === undefined) return [series];
    const each = (bytes / operation.operations).toFixed(1);
    return [{ ...series, note: `${each} bytes allocated on the heap each` }];
  };
  return { measure, close: () => operation.close?.() };
}

const ALLOCATION_TURNS = 15;

/** What a turn allocates on the heap, over what looking costs; unknown where it ends in a collection. */
function allocatedBytes(turn: () => void): number | undefined {
  const growth = heapGrowth(turn);
  return growth < 0 ? undefined : Math.max(0, growth - heapGrowth(() => {}));
}

/** A collection makes some differences negative, not the middle one unless nearly every turn has one. */
function heapGrowth(work: () => void): number {
  const differences: number[] = [];
  for (let i = 0; i < ALLOCATION_TURNS; i++) {
    const before = getHeapStatistics().used_heap_size;
    work();
    differences.push(getHeapStatistics().used_heap_size - before);
  }
  return median(differences);
}
