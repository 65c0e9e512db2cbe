import { styleText } from 'node:util';
import type { AirportDay } from './pipeline.ts';

/** What several airports' or days' figures come to together. */
interface Figures {
  flights: number;
  delaySum: number;
  over15: number;
  maxDelay: number;
}

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

const ROWS = 8;
/** Days with fewer flights say little. */
const LEAST_FLIGHTS_SHARE = 0.2;
const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
const WEEKDAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', timeZone: 'UTC' });

export const whole = (value: number): string => value.toLocaleString('en-US');
const dim = (text: string): string => styleText('dim', text, { stream: process.stdout });
const bold = (text: string): string => styleText('bold', text, { stream: process.stdout });

/** The worst days and the busiest airports, as lines for people. */
export function report(rows: readonly AirportDay[]): string[] {
  const days = groupBy(rows, row => row.day);
  const airports = groupBy(rows, row => row.origin);
  const dates = [...days.keys()].sort();
  const flights = rows.reduce((sum, row) => sum + row.flights, 0);
  const title =
    flights === 0
      ? 'No flights'
      : `${whole(flights)} flights from ${airports.size} airports, ` +
        `${DAY.format(new Date(dates[0]))} to ${DAY.format(new Date(dates.at(-1) as string))}`;
  return [
    bold(title),
    '',
    bold('Worst days') + dim('  by mean delay'),
    ...worstDays(days),
    '',
    bold('Busiest airports'),
    ...busiestAirports(airports, days.size),
  ];
}

function worstDays(days: ReadonlyMap<string, readonly AirportDay[]>): string[] {
  const all = [...days].map(([day, rows]) => ({ day, rows, figures: sum(rows) }));
  const least = LEAST_FLIGHTS_SHARE * Math.max(0, ...all.map(({ figures }) => figures.flights));
  const worst = all
    .filter(({ figures }) => figures.flights >= least)
    .sort((a, b) => meanDelay(b.figures) - meanDelay(a.figures))
    .slice(0, ROWS);
  return table(
    [{ title: 'day', align: 'left' }, ...FIGURE_COLUMNS, { title: 'worst airport', align: 'left' }],
    worst.map(({ day, rows, figures }) => {
      const date = new Date(day);
      const hardest = hardestHit(rows);
      return [
        `${WEEKDAY.format(date)} ${day}`,
        ...figureCells(figures),
        `${hardest.origin}  ${minutes(meanDelay(hardest))} mean of ${whole(hardest.flights)} flights`,
      ];
    }),
  );
}

function busiestAirports(
  airports: ReadonlyMap<string, readonly AirportDay[]>,
  days: number,
): string[] {
  const busiest = [...airports]
    .map(([origin, rows]) => ({ origin, figures: sum(rows) }))
    .sort((a, b) => b.figures.flights - a.figures.flights)
    .slice(0, ROWS);
  return table(
    [
      { title: 'airport', align: 'left' },
      ...FIGURE_COLUMNS,
      { title: 'flights a day', align: 'right' },
    ],
    busiest.map(({ origin, figures }) => [
      origin,
      ...figureCells(figures),
      whole(Math.round(figures.flights / days)),
    ]),
  );
}

const FIGURE_COLUMNS: readonly Column[] = [
  { title: 'flights', align: 'right' },
  { title: 'mean delay', align: 'right' },
  { title: 'over 15 min', align: 'right' },
  { title: 'worst delay', align: 'right' },
];

function figureCells(figures: Figures): string[] {
  return [
    whole(figures.flights),
    minutes(meanDelay(figures)),
    `${((100 * figures.over15) / figures.flights).toFixed(1)} %`,
    hours(figures.maxDelay),
  ];
}

/** The airport with the highest mean delay among those with a fair part of the day's flights. */
function hardestHit(rows: readonly AirportDay[]): AirportDay {
  const least = LEAST_FLIGHTS_SHARE * Math.max(...rows.map(row => row.flights));
  return rows
    .filter(row => row.flights >= least)
    .reduce((worst, row) => (meanDelay(row) > meanDelay(worst) ? row : worst));
}

function meanDelay(figures: Figures): number {
  return figures.delaySum / figures.flights;
}

function minutes(value: number): string {
  return `${value.toFixed(1)} min`;
}

function hours(value: number): string {
  const whole = Math.trunc(value / 60);
  return whole === 0 ? `${value} min` : `${whole} h ${String(value % 60).padStart(2, '0')} min`;
}

function sum(rows: readonly AirportDay[]): Figures {
  const total = { flights: 0, delaySum: 0, over15: 0, maxDelay: Number.NEGATIVE_INFINITY };
  for (const row of rows) {
    total.flights += row.flights;
    total.delaySum += row.delaySum;
    total.over15 += row.over15;
    total.maxDelay = Math.max(total.maxDelay, row.maxDelay);
  }
  return total;
}

function groupBy(
  rows: readonly AirportDay[],
  by: (row: AirportDay) => string,
): Map<string, AirportDay[]> {
  return Map.groupBy(rows, by);
}

function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map(row => row[i].length)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${columns
      .map(({ align }, i) =>
        align === 'left' ? cells[i].padEnd(widths[i]) : cells[i].padStart(widths[i]),
      )
      .join('  ')
      .trimEnd()}`;
  return [dim(line(columns.map(({ title }) => title))), ...rows.map(line)];
}
