import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import manifest from '../../../packages/cli/package.json' with { type: 'json' };
import { type Ended, ndjson, RunningCommand, runCommand } from './command-line.ts';

const module = (name: string): string => `tests/integration/cli/modules/${name}.ts`;

describe('Ctrl-C', () => {
  test('the first one drains: all that was sent is counted and shown', async () => {
    const command = new RunningCommand([
      'consumer',
      ...['--count', 'unlimited', '--rate', '2000', '--window', '50ms', '--json'],
      // Three of the four shards get no record, and must not hold the windows back.
      ...['--keys', '1', '--shards', '4'],
    ]);
    await command.shows('"count":');
    command.process.kill('SIGINT');
    const { code, stdout, stderr } = await command.ended();
    expect(code).toBe(130);
    const rows = ndjson<{ count: number }>(stdout);
    const counted = rows.reduce((sum, { count }) => sum + count, 0);
    const [, taken] = /records +([\d,]+) in = /.exec(stderr) ?? [];
    expect(counted).toBe(Number(taken?.replaceAll(',', '')));
    expect(stderr).toContain('Ctrl-C again leaves at once');
  });

  test('it ends an input that waits for more lines', async () => {
    const command = new RunningCommand(['run', module('upper')]);
    command.process.stdin.write('"one"\n');
    await command.shows('"ONE"');
    command.process.kill('SIGINT');
    expect(await command.ended()).toMatchObject({ code: 130, stdout: '"ONE"\n' });
  });

  test('the second one leaves at once', async () => {
    const command = new RunningCommand(['run', module('slow')]);
    command.process.stdin.write('"never done"\n');
    await command.shows('busy');
    command.process.kill('SIGINT');
    await command.shows('Ctrl-C again');
    const askedMs = performance.now();
    command.process.kill('SIGINT');
    expect(await command.ended()).toMatchObject({ code: 130, stdout: '' });
    expect(performance.now() - askedMs).toBeLessThan(5_000);
  });

  test('SIGTERM drains too, with an exit code of its own', async () => {
    const command = new RunningCommand(['producer', '-n', 'unlimited', '-r', '1000', '--json']);
    await command.shows('"offset":');
    command.process.kill('SIGTERM');
    const { code, stderr } = await command.ended();
    expect(code).toBe(143);
    expect(stderr).toContain('appended');
  });
});

/** A file that is always full; not every system has one. */
const FULL = '/dev/full';

describe.skipIf(!existsSync(FULL))('an output that cannot be written', () => {
  const endedFull = async (...args: string[]): Promise<Ended> => {
    const file = openSync(FULL, 'w');
    try {
      const command = new RunningCommand(args, {}, file);
      command.process.stdin.end('"one"\n');
      return await command.ended();
    } finally {
      closeSync(file);
    }
  };

  test.each([
    ['--help'],
    ['explain', 'examples/delays/pipeline.ts'],
    ['producer', '-n', '10', '--json'],
    ['producer', '-n', '200000', '--json'],
    ['consumer', '-n', '100', '-r', '0', '--json'],
    ['run', module('upper')],
  ])('is a failure of %j that is told', async (...args) => {
    const { code, stderr } = await endedFull(...args);
    expect(stderr).toContain('standard output could not be written: ENOSPC');
    expect(code).toBe(1);
  });

  test('leaves to its group what consumer --dir did not write', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lite-streams-full-'));
    try {
      await runCommand(['producer', '--dir', dir, '-n', '50']);
      expect(await endedFull('consumer', '--dir', dir, '--json')).toMatchObject({ code: 1 });
      const { code, stdout } = await runCommand(['consumer', '--dir', dir, '--json']);
      expect(code).toBe(0);
      expect(ndjson(stdout)).toHaveLength(50);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('a reader that goes away', () => {
  test.each([['--help'], ['explain', 'examples/delays/pipeline.ts']])(
    'at once is no failure of %j',
    async (...args) => {
      const command = new RunningCommand(args);
      command.process.stdout.destroy();
      expect(await command.ended()).toMatchObject({ code: 0, stderr: '' });
    },
  );

  test.each([
    ['producer', '-n', 'unlimited', '--json'],
    ['consumer', '-n', 'unlimited', '-r', '20000', '-w', '1ms', '--json'],
  ])('is no failure of %s', async (...args) => {
    const command = new RunningCommand(args);
    await once(command.process.stdout, 'data');
    command.process.stdout.destroy();
    const { code, stderr } = await command.ended();
    expect(stderr).not.toMatch(/EPIPE|Error/);
    expect(code).toBe(0);
  });
});

describe('exit codes and usage', () => {
  test('--version prints the version of the package and nothing else', async () => {
    expect(await runCommand(['--version'])).toMatchObject({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
  });

  test('a mistake of usage is named, and nothing goes to standard output', async () => {
    const { code, stdout, stderr } = await runCommand(['producer', '--count', 'many']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('many');
  });

  test('a bad environment variable is named with its value and what it takes', async () => {
    const { code, stderr } = await runCommand(['producer'], { env: { STREAM_SHARDS: 'lots' } });
    expect(code).toBe(2);
    for (const part of ['STREAM_SHARDS', '"lots"', '1 to 1024']) expect(stderr).toContain(part);
  });

  test('STREAM_SHARDS sets the shards, and --shards beats it', async () => {
    const env = { STREAM_SHARDS: '7' };
    const seven = await runCommand(['producer', '-n', '10'], { env });
    expect(seven.stderr).toMatch(/by shard .*6: /);
    const two = await runCommand(['producer', '-n', '10', '--shards', '2'], { env });
    expect(two.stderr).toMatch(/by shard +0: \d+ +1: \d+\n/);
  });

  test('bench measures and checks, as JSON', async () => {
    const { code, stdout } = await runCommand(['bench', '--seconds', '0.05', '--json']);
    expect(code).toBe(0);
    const { machine, results } = JSON.parse(stdout);
    expect(machine.cores).toBeGreaterThan(0);
    const names = results.map(({ name }: { name: string }) => name);
    expect(names).toEqual([
      'append',
      'producer-send',
      'pipe-1x1-16B',
      'latency-10.0k-p50',
      'latency-10.0k-p99',
    ]);
    for (const { value, samples, unit } of results) {
      expect(value).toBeGreaterThan(0);
      expect(samples.length).toBeGreaterThan(0);
      expect(unit).toMatch(/^(ns|µs|records\/s)$/);
    }
  });
});
