import { styleText } from 'node:util';
import { median, spread } from '../../runner/statistics.ts';
import { formatRatio, formatValue } from '../../runner/table.ts';
import { queryNamed } from '../catalog.ts';
import type { QueryFigures } from './messages.ts';

/** The figures of one query, by one source. */
export interface Measured {
  readonly query: string;
  readonly source: string;
  readonly figures: QueryFigures;
}

const COLUMNS = [
  'query',
  'source',
  'per core',
  '±',
  'per second',
  'target',
  '',
  'Flink',
  'results',
  'checksum',
  'what',
];
const RIGHT_ALIGNED = new Set([2, 3, 4, 7, 8]);

/** Events per second: by processor time, by the clock, and beside what was to be reached. */
export function nexmarkLines(measured: readonly Measured[], coloured: boolean): string[] {
  const rows = [COLUMNS, ...measured.map(rowOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map(row => row[column].length)));
  return rows.map((row, index) => {
    const cells = row.map((cell, column) =>
      RIGHT_ALIGNED.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    );
    const line = cells.join('  ').trimEnd();
    if (!coloured) return line;
    if (index === 0) return styleText('bold', line);
    return row[6] === '' ? line : styleText(row[6] === 'met' ? 'green' : 'yellow', line);
  });
}

function rowOf({ query, source, figures }: Measured): string[] {
  const { what, target, flink } = queryNamed(query);
  const perCore = median(figures.perCore);
  const rate = (value: number) => formatValue(value, 'records/s');
  const error = spread(figures.perCore.map(sample => [sample]));
  return [
    query,
    source,
    rate(perCore),
    `${(error * 100).toFixed(0)} %`,
    rate(median(figures.perSecond)),
    target === undefined ? '' : `≥ ${target / 1e6} M`,
    target === undefined ? '' : perCore >= target ? 'met' : 'missed',
    flink === undefined ? '' : `${flink / 1e3} K (${formatRatio(perCore / flink)} ×)`,
    figures.results.toLocaleString('en-US'),
    figures.checksum,
    what,
  ];
}
