import type { Pipeline } from 'lite-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { moduleOf, queryNamed, sinkOf } from '../../bench/nexmark/catalog.ts';
import { Generator } from '../../bench/nexmark/generator/generator.ts';
import { Oracle } from '../../bench/nexmark/oracle/duckdb.ts';
import { firstDifference, lastOf, type Row } from '../../bench/nexmark/oracle/rows.ts';
import { QueryRun } from '../../bench/nexmark/query-run.ts';
import { settingsEnvironment } from '../../bench/nexmark/settings.ts';

const EVENTS = 20_000;
const generator = { eventsPerSecond: 400, disorder: 200 };

let oracle: Oracle;

beforeAll(async () => {
  // Producer threads take it from here.
  Object.assign(process.env, settingsEnvironment({ generator }));
  oracle = await Oracle.of(new Generator(generator), EVENTS);
});
afterAll(() => oracle.close());

test.each([
  ['q5', { producers: 2, processors: 2, shards: 2 }],
  ['q6', { producers: 3, processors: 2, shards: 3 }],
  ['q8', { producers: 2, processors: 3, shards: 2 }],
  ['q11', { producers: 2, processors: 2, shards: 3 }],
  ['q20', { producers: 2, processors: 2, shards: 4 }],
])('%s on threads has the rows of DuckDB: %o', async (name, options) => {
  const query = queryNamed(name);
  const module = (await import(moduleOf(query).href)) as { default: Pipeline };
  const { serde } = sinkOf(query, module.default);
  const rows: Row[] = [];
  const run = await QueryRun.start(query, options, record => {
    rows.push({ ...(serde.decode(record) as Row) });
  });
  await run.replay(0, EVENTS / 2, false);
  await run.replay(EVENTS / 2, EVENTS, true);
  const { deadLetters, late } = await run.stats();
  await run.close();
  expect({ deadLetters, late }).toEqual({ deadLetters: 0, late: 0 });
  const final = query.lastOf === undefined ? rows : lastOf(rows, query.lastOf);
  expect(firstDifference(final, await oracle.rows(name))).toBeUndefined();
});
