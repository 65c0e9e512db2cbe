import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUERIES } from '../../bench/nexmark/catalog.ts';
import { Generator } from '../../bench/nexmark/generator/generator.ts';
import { Oracle } from '../../bench/nexmark/oracle/duckdb.ts';
import { firstDifference, type Row } from '../../bench/nexmark/oracle/rows.ts';
import { replay } from '../../bench/nexmark/replay.ts';

const EVENTS = 5_000;

// Fifty seconds of events over a midnight, or over the beginning of the day.
const MIDNIGHT = Date.UTC(2020, 0, 2) - 20_000;
const MORNING = Date.UTC(2020, 0, 1, 8) - 20_000;

const inputs = [
  { name: 'in order', generator: { eventsPerSecond: 100, baseMs: MORNING } },
  { name: 'with disorder', generator: { eventsPerSecond: 100, baseMs: MIDNIGHT, disorder: 100 } },
];

/** Both are varied at once: every number of each is met with every query. */
const engines = [
  { producers: 1, processors: 1, shards: 1 },
  { producers: 3, processors: 2, shards: 2 },
  { producers: 2, processors: 3, shards: 4 },
];

describe.each(inputs)('$name', ({ generator }) => {
  let oracle: Oracle;
  const right = new Map<string, Row[]>();

  beforeAll(async () => {
    oracle = await Oracle.of(new Generator(generator), EVENTS);
    for (const { name } of QUERIES) right.set(name, await oracle.rows(name));
  });
  afterAll(() => oracle.close());

  test.each(QUERIES)('$name ($what) has rows at all', ({ name }) => {
    expect(right.get(name)?.length).toBeGreaterThan(0);
  });

  describe.each(engines)('$producers producers, $processors processors', engine => {
    test.each(QUERIES)('$name has the rows of DuckDB', async query => {
      const rows = await replay(query, { events: EVENTS, generator, ...engine });
      expect(firstDifference(rows, right.get(query.name) ?? [])).toBeUndefined();
    });
  });
});
