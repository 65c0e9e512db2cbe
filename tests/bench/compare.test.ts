import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { compareReports } from '../../bench/runner/compare.ts';
import { thisMachine } from '../../bench/runner/machine.ts';
import type { Unit } from '../../bench/runner/measurable.ts';
import { parseNanoseconds } from '../../bench/runner/reference.ts';
import type { Report, Result } from '../../bench/runner/report.ts';
import { median, spread } from '../../bench/runner/statistics.ts';

function result(name: string, unit: Unit, value: number, ratios: Result['ratios'] = {}): Result {
  return { name, unit, value, samples: 5, relativeError: 0, ratios, targets: [] };
}

function report(...results: Result[]): Report {
  return { machine: thisMachine(), at: '2026-01-01T00:00:00.000Z', quick: false, results };
}

test('a slower machine is no regression: the ratio to what was measured in turn with it counts', () => {
  const before = report(result('append', 'ns', 100, { calibration: 2 }));
  const after = report(result('append', 'ns', 300, { calibration: 2.1 }));
  const [change] = compareReports(before, after, 0.25);
  expect(change).toMatchObject({ by: 'calibration', regressed: false });
  expect(change.worse).toBeCloseTo(0.05);
});

test('a figure that lost against the same baseline has regressed, whatever its unit', () => {
  const pipe = 'pipe-1x1-16B';
  const peer = 'post-message-object';
  const before = report(
    result('append', 'ns', 100, { Broker_AppendRecord: 1.5, calibration: 2 }),
    result(pipe, 'records/s', 10e6, { [peer]: 24, calibration: 1 }),
  );
  const after = report(
    result('append', 'ns', 90, { Broker_AppendRecord: 2, calibration: 2 }),
    result(pipe, 'records/s', 12e6, { [peer]: 12, calibration: 1 }),
  );
  const changes = compareReports(before, after, 0.25);
  expect(changes.map(({ by, regressed }) => [by, regressed])).toEqual([
    ['Broker_AppendRecord', true],
    [peer, true],
  ]);
  expect(changes[1].worse).toBeCloseTo(1);
});

test('what both reports do not have in common is compared by its value, less of a rate being worse', () => {
  const before = report(result('keyed-window', 'records/s', 3e6, { calibration: 1 }));
  const after = report(result('keyed-window', 'records/s', 2e6));
  expect(compareReports(before, after, 0.25)).toMatchObject([{ by: 'nothing', regressed: true }]);
});

test('the errors of both figures widen what is allowed', () => {
  const noisy = { ...result('append', 'ns', 100), relativeError: 0.3 };
  const [change] = compareReports(report(noisy), report({ ...noisy, value: 150 }), 0.25);
  expect(change).toMatchObject({ regressed: false });
  expect(change.allowed).toBeCloseTo(0.85);
});

test('peers are not held to anything', () => {
  const before = report(result('rxjs-group-buffer', 'records/s', 3e6));
  expect(
    compareReports(before, report(result('rxjs-group-buffer', 'records/s', 1e6)), 0.25),
  ).toEqual([]);
});

test('the figures of a Go benchmark are read, and those of others whose names begin alike are not', () => {
  const output = [
    'goos: linux',
    'BenchmarkProcessor_Process-2         \t14456763\t        83.89 ns/op',
    'BenchmarkProcessor_ProcessWindow-2   \t     416\t   2782051 ns/op',
    'BenchmarkProcessor_Process           \t14456763\t        80 ns/op',
  ].join('\n');
  expect(parseNanoseconds(output, 'Processor_Process')).toEqual([83.89, 80]);
});

test('a median is the middle, a spread half the distance between rounds', () => {
  expect(median([5, 1, 9])).toBe(5);
  expect(median([])).toBeNaN();
  expect(spread([[10], [12], [9, 10, 14]])).toBeCloseTo(0.1);
});

const directory = mkdtempSync(join(tmpdir(), 'lite-streams-compare-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('the exit status tells a regression, an error of usage and neither apart', () => {
  const main = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  const write = (name: string, value: number) => {
    const file = join(directory, name);
    writeFileSync(file, JSON.stringify(report(result('append', 'ns', value))));
    return file;
  };
  const before = write('before.json', 100);
  const slower = write('slower.json', 200);
  const worse = run('--compare', before, slower);
  expect(worse.stdout).toMatch(/append +\+100\.0 % worse .*REGRESSED/);
  expect(worse.status).toBe(1);
  expect(run('--compare', slower, before).status).toBe(0);
  const unknown = run('--only', 'apend');
  expect(unknown.stderr).toContain('no bench is named apend; there are: append,');
  expect(unknown.status).toBe(2);
});
