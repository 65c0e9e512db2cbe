import { describe, expect, test } from 'vitest';
import { linesOf, ndjson, runCommand } from './command-line.ts';

const module = (name: string): string => `tests/integration/cli/modules/${name}.ts`;

const readings = [
  { sensor: 'a', at: 100, value: 1 },
  { sensor: 'b', at: 200, value: 2 },
  { sensor: 'a', at: 900, value: 3 },
  { sensor: 'a', at: 2_100, value: 4 },
];
const sums = [
  { sensor: 'a', start: 0, sum: 4 },
  { sensor: 'a', start: 2_000, sum: 4 },
  { sensor: 'b', start: 0, sum: 2 },
];

function byText(rows: readonly unknown[]): string[] {
  return rows.map(row => JSON.stringify(row)).sort();
}

describe('lite-streams run', () => {
  test('a pipeline module turns NDJSON on standard input into NDJSON on standard output', async () => {
    const { code, stdout, stderr } = await runCommand(['run', module('sums')], {
      input: linesOf(...readings),
    });
    expect(code).toBe(0);
    expect(byText(ndjson(stdout))).toEqual(byText(sums));
    expect(stderr).toMatch(/records +4 in, 3 out/);
  });

  test('more shards and processors give the same', async () => {
    const { stdout } = await runCommand(
      ['run', module('sums'), '--shards', '3', '--processors', '2', '--key', 'sensor'],
      { input: linesOf(...readings) },
    );
    expect(byText(ndjson(stdout))).toEqual(byText(sums));
  });

  test('records in and out keep key, timestamp and headers; text is a JSON string', async () => {
    const record = { key: 'k', value: 'hello', timestamp: 77, headers: { source: 'x' } };
    const { stdout } = await runCommand(['run', module('upper'), '--output-format', 'records'], {
      input: linesOf(record),
    });
    expect(ndjson(stdout)).toMatchObject([{ key: 'k', value: 'HELLO', timestamp: 77 }]);
    const values = await runCommand(['run', module('upper')], {
      input: linesOf(record, '"plain"'),
    });
    expect(values.stdout).toBe('"HELLO"\n"PLAIN"\n');
  });

  test('a call of user code that takes long is warned of on standard error', async () => {
    const { code, stdout, stderr } = await runCommand(['run', module('blocking')], {
      input: linesOf(600),
      env: { LITE_STREAMS_SLOW_CALL_MS: '50' },
    });
    expect(code).toBe(0);
    expect(stdout).toBe('600\n');
    expect(stderr).toMatch(
      /warning: Pipeline "blocking": Task 0 .* has been at the record at offset/,
    );
  });

  test('options say what a line is, and which members are key and time', async () => {
    const { stdout } = await runCommand(
      [
        'run',
        module('upper'),
        ...['--input-format', 'values', '--key', 'key', '--timestamp', 'at'],
        ...['--output-format', 'records'],
      ],
      { input: linesOf({ key: 7, value: 'x', at: '2001-01-01T00:00:00Z' }) },
    );
    expect(ndjson(stdout)).toMatchObject([
      { key: '7', timestamp: 978_307_200_000, value: { KEY: 7, VALUE: 'X' } },
    ]);
  });

  test('a line that does not parse is named; what came before it has been processed', async () => {
    const input = linesOf(readings[0], '{"sensor": ', readings[1]);
    const failing = await runCommand(['run', module('sums')], { input });
    expect(failing.code).toBe(1);
    expect(failing.stderr).toContain('standard input:2: not JSON');
    expect(ndjson(failing.stdout)).toEqual([{ sensor: 'a', start: 0, sum: 1 }]);

    const skipping = await runCommand(['run', module('sums'), '--on-error', 'skip'], { input });
    expect(skipping.code).toBe(0);
    expect(skipping.stderr).toContain('skipped: standard input:2');
    expect(ndjson(skipping.stdout)).toHaveLength(2);
  });

  test('a record that the pipeline throws on is told with its cause and where it came from', async () => {
    const input = linesOf({ ...readings[0], value: 13 }, readings[1]);
    const failing = await runCommand(['run', module('sums')], { input });
    expect(failing.code).toBe(1);
    expect(failing.stderr).toContain('the record at offset');
    expect(failing.stderr).toContain('unlucky');
    expect(failing.stderr).toContain('the pipeline refused 1 record');
    expect(ndjson(failing.stdout)).toEqual([{ sensor: 'b', start: 0, sum: 2 }]);

    const skipping = await runCommand(['run', module('sums'), '--on-error', 'skip'], { input });
    expect(skipping.code).toBe(0);
    expect(skipping.stderr).toContain('unlucky');
  });

  test.each([
    ['there is no such file', 'no-such-module', 'MODULE_NOT_LOADED'],
    ['throws on load', 'throws-on-load', 'cannot be loaded today'],
    ['has no default export', 'no-default', 'MODULE_NO_DEFAULT'],
  ])('a module that %s fails with its name and the reason', async (_, name, reason) => {
    const { code, stdout, stderr } = await runCommand(['run', module(name)], {
      input: linesOf(...readings),
    });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(name);
    expect(stderr).toContain(reason);
  });

  test('no input gives no output', async () => {
    expect(await runCommand(['run', module('sums')])).toMatchObject({ code: 0, stdout: '' });
  });
});
