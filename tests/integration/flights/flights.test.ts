import { beforeAll, describe, expect, test } from 'vitest';
import { airportDaysOfDuckDB, replayFlights, rowsOf, sortedRows } from './airport-days.ts';

// Past the end of the first row group of the file.
const LIMIT = 280_000;

describe('the flights', () => {
  let expected: string[];

  beforeAll(async () => {
    expected = sortedRows(await airportDaysOfDuckDB(LIMIT));
  });

  test.each([
    ['1 producer', ['--producers', '1']],
    ['2 producers and processors', ['--producers', '2', '--processors', '2']],
    ['3 producers and 7 shards', ['--producers', '3', '--shards', '7']],
  ])('come to the rows of DuckDB, none late: %s', async (_, flags) => {
    const { code, stdout, stderr } = await replayFlights('--json', '--limit', `${LIMIT}`, ...flags);
    expect(code, stderr).toBe(0);
    const rows = rowsOf(stdout);
    expect(sortedRows(rows)).toEqual(expected);
    expect(Object.keys(rows[0])).toEqual([
      'origin',
      'day',
      'flights',
      'delaySum',
      'over15',
      'maxDelay',
    ]);
    expect(stderr).toContain('in 280,000 = processed 280,000 + late 0   lag 0');
  });

  test('are a table of the worst days and the busiest airports', async () => {
    const { code, stdout, stderr } = await replayFlights('--limit', '20_000');
    expect(code).toBe(0);
    expect(stdout).toContain('20,000 flights from ');
    for (const title of ['Worst days', 'Busiest airports', 'mean delay', 'over 15 min']) {
      expect(stdout).toContain(title);
    }
    expect(stdout).toContain('2 producers → 4 shards → ');
    expect(stdout).toContain('every flight accounted for');
    expect(stdout + stderr).not.toContain('\u001b');
  });

  test('can be none', async () => {
    expect(await replayFlights('--limit', '0', '--json')).toMatchObject({ code: 0, stdout: '' });
  });

  test.each([['--producers', '0'], ['--limit', 'all'], ['--shards', '1.5'], ['--frobnicate']])(
    'refuse %s %s',
    async (...flags) => {
      const { code, stdout, stderr } = await replayFlights(...flags);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain(flags[0]);
      expect(stderr).toContain('Usage:');
    },
  );
});
