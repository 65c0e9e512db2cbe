import { styleText } from 'node:util';
import type { Unit } from './measurable.ts';
import type { Result, TargetResult } from './report.ts';

/** Above this relative error a figure is not to be trusted without its ratios. */
export const NOISY = 0.15;

const COLUMNS = ['name', 'value', 'unit', '±', 'against', 'target', ''] as const;
const RIGHT_ALIGNED = new Set<number>([1, 3, 4]);

/** All figures as lines of a table: one line each, and one for each further peer or target. */
export function tableLines(results: readonly Result[], coloured: boolean): string[] {
  const rows = [[...COLUMNS], ...results.flatMap(rowsOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map(row => row[column].length)));
  return rows.map((row, index) => {
    const cells = row.map((cell, column) =>
      RIGHT_ALIGNED.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    );
    const line = cells.join('  ').trimEnd();
    return coloured ? colour(line, row, index === 0) : line;
  });
}

function colour(line: string, row: readonly string[], isHead: boolean): string {
  if (isHead) return styleText('bold', line);
  if (row[6] === 'missed') return styleText('yellow', line);
  return row[6] === 'met' ? styleText('green', line) : line;
}

function rowsOf(result: Result): string[][] {
  const error = `${(result.relativeError * 100).toFixed(0)} %`;
  const head = [result.name, formatValue(result.value, result.unit), result.unit, error];
  const rest = comparisons(result);
  const [first, ...others] = rest.length === 0 ? [['', '', '']] : rest;
  return [[...head, ...first], ...others.map(row => ['', '', '', '', ...row])];
}

/** Against what, target, verdict: ratios first, then targets without a ratio. */
function comparisons(result: Result): [string, string, string][] {
  const left = new Set<TargetResult>(result.targets);
  const rows: [string, string, string][] = [];
  for (const [other, ratio] of Object.entries(result.ratios)) {
    if (other === 'calibration') continue;
    const target = result.targets.find(({ text }) => text.endsWith(`× ${other}`));
    if (target !== undefined) left.delete(target);
    rows.push([`${formatRatio(ratio)} × ${other}`, target?.text ?? '', verdict(target)]);
  }
  for (const target of left) rows.push(['', target.text, verdict(target)]);
  return rows;
}

function verdict(target: TargetResult | undefined): string {
  if (target === undefined) return '';
  if (target.met === undefined) return 'not measured';
  return target.met ? 'met' : 'missed';
}

export function formatRatio(ratio: number): string {
  if (ratio >= 10) return ratio.toFixed(0);
  return ratio >= 0.1 ? ratio.toFixed(2) : ratio.toFixed(3);
}

/** A figure with three to four digits that count; millions as `12.3 M`. */
export function formatValue(value: number, unit: Unit): string {
  if (unit.endsWith('/s') && value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
