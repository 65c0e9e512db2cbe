import { describe, expect, test } from 'vitest';
import { linesOf, ndjson, runCommand } from './command-line.ts';

interface Row {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  readonly values: readonly string[];
}

const total = (rows: readonly Row[]): number => rows.reduce((sum, { count }) => sum + count, 0);

describe('lite-streams consumer', () => {
  test('the consumer flow of the reference: records are sent, transformed and counted in windows', async () => {
    const { code, stdout, stderr } = await runCommand([
      'consumer',
      ...['--count', '1000', '--rate', '2000', '--window', '100ms', '--keys', '3', '--json'],
    ]);
    expect(code).toBe(0);
    const rows = ndjson<Row>(stdout);
    expect(total(rows)).toBe(1_000);
    for (const { key, start, end, count, values } of rows) {
      expect(key).toMatch(/^key-[012]$/);
      expect(start % 100).toBe(0);
      expect(end).toBe(start + 100);
      expect(values).toHaveLength(Math.min(2, count));
      for (const value of values) expect(value).toMatch(/^PAYLOAD-\d+ [A-Z0-9]+$/);
    }
    // Half a second of records: their windows follow each other.
    expect(new Set(rows.map(({ start }) => start)).size).toBeGreaterThanOrEqual(5);
    expect(stderr).toMatch(/records +1,000 in = 1,000 in \d+ windows \+ 0 late/);
    expect(stderr).toMatch(/latency +p50 .* from the intended send time/);
  });

  test('several senders, shards and processors lose nothing and make nothing late', async () => {
    const { code, stdout, stderr } = await runCommand([
      'consumer',
      ...['-n', '20k', '-r', '0', '-t', '3', '--shards', '5', '--processors', '2', '--json'],
      ...['--window', '10ms', '--keys', '50'],
    ]);
    expect(code).toBe(0);
    expect(total(ndjson<Row>(stdout))).toBe(20_000);
    expect(stderr).toContain('20,000 in = 20,000 in ');
  });

  test('without --json results are rows for people', async () => {
    const { stdout } = await runCommand([
      'consumer',
      '-n',
      '100',
      '-r',
      '0',
      '-k',
      '1',
      '--values',
      '1',
    ]);
    const [title, row] = stdout.trimEnd().split('\n');
    expect(title.trim().split(/\s\s+/)).toEqual(['window from', 'key', 'count', 'values']);
    expect(row).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}key-0 +\d+ {2}PAYLOAD-0 /);
    expect(stdout).not.toContain('\u001b');
  });

  test('records of NDJSON go into the windows of their own time; late ones are counted', async () => {
    const input = linesOf(
      { key: 'a', value: 'one', timestamp: 500 },
      { key: 'a', value: 'two', timestamp: 900 },
      { key: 'a', value: 'three', timestamp: 1_200 },
      { key: 'a', value: 'too late', timestamp: 100 },
      { key: 'b', value: 'four', timestamp: '1970-01-01T00:00:02.500Z' },
    );
    const args = ['consumer', '--input', '-', '--json', '--shards', '1', '--window', '1s'];
    const { code, stdout, stderr } = await runCommand([...args, '--transform', 'none'], { input });
    expect(code).toBe(0);
    expect(ndjson<Row>(stdout)).toEqual([
      { key: 'a', start: 0, end: 1_000, count: 2, values: ['one', 'two'] },
      { key: 'a', start: 1_000, end: 2_000, count: 1, values: ['three'] },
      { key: 'b', start: 2_000, end: 3_000, count: 1, values: ['four'] },
    ]);
    expect(stderr).toMatch(/records +5 in = 4 in 3 windows \+ 1 late/);
  });

  test('it takes what a producer writes, out of order across shards as it is', async () => {
    const produced = await runCommand(['producer', '-n', '2000', '-r', '20k', '-t', '2', '--json']);
    const { code, stdout } = await runCommand(
      ['consumer', '--input', '-', '--disorder', '1h', '--json', '--window', '1h'],
      { input: produced.stdout },
    );
    expect(code).toBe(0);
    expect(total(ndjson<Row>(stdout))).toBe(2_000);
  });

  test('a line that is no record is named after the results of those before it', async () => {
    const input = linesOf({ key: 'a', value: 'fine', timestamp: 1 }, 'oops');
    const { code, stdout, stderr } = await runCommand(['consumer', '--input', '-', '--json'], {
      input,
    });
    expect(code).toBe(1);
    expect(ndjson<Row>(stdout)).toMatchObject([{ key: 'a', count: 1, values: ['FINE'] }]);
    expect(stderr).toContain('standard input:2: not JSON');
  });
});
