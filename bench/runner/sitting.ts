import { type Bench, PEERS, type Sitting } from '../catalog.ts';
import { IsolatedBench } from './isolated.ts';
import { type Effort, moreIsBetter, type Series } from './measurable.ts';
import type { GoReference } from './reference.ts';
import type { Result } from './report.ts';
import { median, spread } from './statistics.ts';
import { judge, TARGETS } from './targets.ts';

/** A fixed piece of work that says how fast the machine is at the moment. */
export const CALIBRATION: Bench = { name: 'calibration', module: './peers/calibration.ts' };

/** Rounds of a quick look: two, so that there is something to compare. */
const QUICK_ROUNDS = 2;

interface Round {
  readonly series: Map<string, Series>;
}

export interface SittingOptions {
  readonly effort: Effort;
  readonly cores: number;
  readonly reference: GoReference | undefined;
  /** Says what is being done now. */
  progress(text: string): void;
  /** Says what has failed; the rest goes on. */
  failed(error: Error): void;
}

/** Measures the benches of a sitting in turn and returns their figures: of those that do not fail. */
export async function hold(sitting: Sitting, options: SittingOptions): Promise<Result[]> {
  const rounds: Round[] = [];
  const running = new Set<IsolatedBench>();
  const count = options.effort.quick ? Math.min(QUICK_ROUNDS, sitting.rounds) : sitting.rounds;
  /** What fails once takes no further part. */
  const attempt = async (isolated: IsolatedBench, step: string, work: () => Promise<void>) => {
    options.progress(`${isolated.bench.name}: ${step}`);
    try {
      await work();
    } catch (error) {
      options.failed(error as Error);
      isolated.kill();
      running.delete(isolated);
    }
  };
  try {
    for (const bench of [...sitting.benches, CALIBRATION]) {
      const isolated = new IsolatedBench(bench);
      running.add(isolated);
      await attempt(isolated, 'set up', () => isolated.setUp(options.effort));
    }
    for (let number = 1; number <= count; number++) {
      const round: Round = { series: new Map() };
      rounds.push(round);
      for (const isolated of running) {
        const step = `round ${number} of ${count}`;
        await attempt(isolated, step, () => measure(isolated, round, options));
      }
    }
    for (const isolated of running) await attempt(isolated, 'check', () => isolated.close());
  } finally {
    for (const isolated of running) isolated.kill();
  }
  return resultsOf(rounds, options.cores);
}

async function measure(isolated: IsolatedBench, round: Round, options: SittingOptions) {
  const { reference } = isolated.bench;
  for (const one of await isolated.round(options.effort)) round.series.set(one.name, one);
  if (reference === undefined || options.reference === undefined) return;
  const samples = await options.reference.measure(reference, options.effort);
  round.series.set(reference, { name: reference, unit: 'ns', samples });
}

function resultsOf(rounds: readonly Round[], cores: number): Result[] {
  const measured = rounds[0]?.series.keys().toArray() ?? [];
  const names = measured.filter(
    name => name !== CALIBRATION.name && rounds.every(({ series }) => series.has(name)),
  );
  return names.map(name => {
    const ofRounds = rounds.flatMap(({ series }) => series.get(name) ?? []);
    const samples = ofRounds.map(one => one.samples);
    const value = median(samples.flat());
    const ratios: Record<string, number> = {};
    for (const other of comparedWith(name, names)) {
      const each = rounds.map(round => ratio(round, name, other));
      if (each.every(Number.isFinite)) ratios[other] = median(each);
    }
    return {
      name,
      unit: ofRounds[0].unit,
      value,
      samples: samples.flat().length,
      relativeError: spread(samples),
      ...noteOf(ofRounds, value),
      ratios,
      targets: judge(name, value, ratios, cores),
    };
  });
}

/** The note of the round whose figure is nearest to the whole's. */
function noteOf(ofRounds: readonly Series[], value: number): { note?: string } {
  const distance = (one: Series) => Math.abs(median(one.samples) - value);
  const [nearest] = ofRounds.toSorted((a, b) => distance(a) - distance(b));
  return nearest.note === undefined ? {} : { note: nearest.note };
}

/** What a figure is divided by: what its targets name, the sitting's peers, the calibration. */
function comparedWith(name: string, names: readonly string[]): string[] {
  if (PEERS.includes(name)) return [CALIBRATION.name];
  const isTarget = (other: string) =>
    TARGETS.some(target => target.of === name && target.against === other);
  const others = names.filter(
    other => other !== name && (isTarget(other) || PEERS.includes(other) || isReference(other)),
  );
  return [...others, CALIBRATION.name];
}

/** Names of the reference's benchmarks are in Go's camel case. */
function isReference(name: string): boolean {
  return /^[A-Z]/.test(name);
}

/**
 * One figure by another of the same round. Against the calibration, which is a time, a rate is
 * multiplied: either way the quotient stays the same on a machine that is twice as fast.
 */
function ratio(round: Round, name: string, other: string): number {
  const mine = round.series.get(name);
  const theirs = round.series.get(other);
  if (mine === undefined || theirs === undefined) return Number.NaN;
  const divisor = median(theirs.samples);
  if (other === CALIBRATION.name && moreIsBetter(mine.unit)) return median(mine.samples) * divisor;
  if (other !== CALIBRATION.name && mine.unit !== theirs.unit) return Number.NaN;
  return median(mine.samples) / divisor;
}
