import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Threads load faster from it. With coverage, which would be less exact, there is none. */
const compileCache =
  process.env.NODE_V8_COVERAGE === undefined
    ? { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }
    : {};

/** What `pnpm start` left. */
export interface Replayed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the main example as `pnpm start` does, with its flags. */
export async function replayFlights(...flags: readonly string[]): Promise<Replayed> {
  const started = spawn(process.execPath, ['examples/flights/main.ts', ...flags], {
    cwd: root,
    env: { ...process.env, ...compileCache },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(started.stdout),
    text(started.stderr),
    once(started, 'close'),
  ]);
  return { code, stdout, stderr };
}

/** A row as one line, its members in a fixed order. */
export interface AirportDay {
  readonly origin: string;
  readonly day: string;
  readonly flights: number;
  readonly delaySum: number;
  readonly over15: number;
  readonly maxDelay: number;
}

/** The rows that DuckDB makes of the first `limit` flights. */
export async function airportDaysOfDuckDB(limit: number): Promise<AirportDay[]> {
  const manifest = findPackageJSON('vega-datasets', import.meta.url) as string;
  const file = join(dirname(manifest), 'data', 'flights-3m.parquet');
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    const result = await connection.runAndReadAll(`
      SELECT origin,
             strftime(date, '%Y-%m-%d')  AS day,
             count(*)::INT               AS flights,
             sum(delay)::INT             AS "delaySum",
             count_if(delay > 15)::INT   AS over15,
             max(delay)::INT             AS "maxDelay"
      FROM (SELECT * FROM read_parquet('${file}') LIMIT ${limit})
      GROUP BY ALL`);
    return result.getRowObjectsJS() as unknown as AirportDay[];
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

/** Rows in an order of their own, each as text: two lists of the same rows are equal. */
export function sortedRows(rows: readonly AirportDay[]): string[] {
  return rows
    .map(({ origin, day, flights, delaySum, over15, maxDelay }) =>
      [origin, day, flights, delaySum, over15, maxDelay].join(' '),
    )
    .sort();
}

export function rowsOf(ndjson: string): AirportDay[] {
  return ndjson
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as AirportDay);
}
