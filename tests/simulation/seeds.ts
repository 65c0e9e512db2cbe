import { setImmediate } from 'node:timers/promises';
import { type Outcome, simulate } from './simulation.ts';

/** What many seeds came to. */
export interface Report {
  readonly seeds: number;
  readonly faulty: number;
  /** Of each faulty seed the first fault, as far as anybody will read. */
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly crashes: number;
  readonly refusals: number;
  readonly deaths: number;
  readonly epochs: number;
}

const MOST_SHOWN = 10;

export const NOTHING: Report = {
  seeds: 0,
  faulty: 0,
  faults: [],
  acknowledged: 0,
  crashes: 0,
  refusals: 0,
  deaths: 0,
  epochs: 0,
};

/** Runs every `step`-th seed, `count` in all, from `first` on; `told` of each. */
export async function runSeeds(
  first: number,
  count: number,
  step = 1,
  told?: (one: Report) => void,
): Promise<Report> {
  let report = NOTHING;
  for (let i = 0; i < count; i++) {
    const one = reportOf(simulate(first + i * step));
    report = sumOf(report, one);
    told?.(one);
    // What a crash leaves unclosed is given back by finalizers, which have turns of their own.
    await setImmediate();
  }
  return report;
}

export function sumOf(a: Report, b: Report): Report {
  return {
    seeds: a.seeds + b.seeds,
    faulty: a.faulty + b.faulty,
    faults: [...a.faults, ...b.faults].slice(0, MOST_SHOWN),
    acknowledged: a.acknowledged + b.acknowledged,
    crashes: a.crashes + b.crashes,
    refusals: a.refusals + b.refusals,
    deaths: a.deaths + b.deaths,
    epochs: a.epochs + b.epochs,
  };
}

export function describeReport(report: Report): string {
  const { seeds, faulty, crashes, refusals, deaths, epochs, acknowledged } = report;
  return (
    `${seeds} seeds, ${faulty} of them faulty: ${crashes} crashes, ${refusals} refusals of the disk, ` +
    `${deaths} deaths of threads, ${epochs} epochs, ${acknowledged} records acknowledged`
  );
}

function reportOf({ seed, faults, ...counts }: Outcome): Report {
  const faulty = faults.length > 0 ? 1 : 0;
  return {
    seeds: 1,
    faulty,
    faults: faults.slice(0, 1).map(one => `seed ${seed}: ${one}`),
    ...counts,
  };
}
