import { PEERS } from '../catalog.ts';
import { moreIsBetter } from './measurable.ts';
import type { Report, Result } from './report.ts';

/** How a figure has changed from one report to the next. */
export interface Change {
  readonly name: string;
  /** What both figures were divided by in their own run, or `nothing`. */
  readonly by: string;
  /** How much worse it is: 0.1 is 10 % worse, negative is better. */
  readonly worse: number;
  /** By how much it may be worse. */
  readonly allowed: number;
  readonly regressed: boolean;
}

/**
 * Compares what both reports measured. A figure is compared by its ratio to something that was
 * measured in turn with it and that is none of ours: the reference, a peer, the calibration, in this
 * order, whatever both have. So the two reports may come from different machines or different days.
 */
export function compareReports(before: Report, after: Report, threshold: number): Change[] {
  return after.results.flatMap(now => {
    const then = before.results.find(({ name }) => name === now.name);
    if (then === undefined || isPeer(now.name)) return [];
    return [changeOf(then, now, threshold)];
  });
}

/** Figures of the earlier report that the later one lacks, though it ran no less. */
export function missingFigures(before: Report, after: Report): string[] {
  const names = new Set(after.results.map(({ name }) => name));
  return before.results.map(({ name }) => name).filter(name => !names.has(name));
}

function changeOf(then: Result, now: Result, threshold: number): Change {
  const by = baseline(then, now);
  const first = by === undefined ? then.value : then.ratios[by];
  const second = by === undefined ? now.value : now.ratios[by];
  const worse = moreIsBetter(now.unit) ? first / second - 1 : second / first - 1;
  const allowed = threshold + then.relativeError + now.relativeError;
  return { name: now.name, by: by ?? 'nothing', worse, allowed, regressed: !(worse <= allowed) };
}

function baseline(then: Result, now: Result): string | undefined {
  const common = Object.keys(now.ratios).filter(name => name in then.ratios);
  return (
    common.find(name => /^[A-Z]/.test(name)) ??
    common.find(name => isPeer(name)) ??
    common.find(name => name === 'calibration')
  );
}

function isPeer(name: string): boolean {
  return PEERS.some(peer => name === peer || name.startsWith(`${peer}-`));
}

/** The comparison as lines of text. */
export function changeLines(changes: readonly Change[]): string[] {
  const width = Math.max(...changes.map(({ name }) => name.length), 4);
  return changes.map(({ name, by, worse, allowed, regressed }) => {
    const percent = `${worse > 0 ? '+' : ''}${(worse * 100).toFixed(1)} %`;
    const what = worse > 0 ? 'worse' : 'better';
    const verdict = regressed ? '  REGRESSED' : '';
    return (
      `${name.padEnd(width)}  ${percent.padStart(9)} ${what.padEnd(6)}` +
      `  (by ${by}; allowed ${(allowed * 100).toFixed(0)} %)${verdict}`
    );
  });
}
