import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EXIT } from './exit-code.ts';
import { runProgram } from './program.ts';
import { packageVersion } from './version.ts';

let out = '';
let err = '';

beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    err += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const run = (...args: string[]) => runProgram(['node', 'lite-streams', ...args]);

describe('the command line', () => {
  test('the version is all that --version prints', async () => {
    expect(await run('--version')).toBe(EXIT.ok);
    expect(out).toBe(`${packageVersion()}\n`);
    expect(err).toBe('');
  });

  test.each([
    [[], ['producer', 'consumer', 'run', 'explain', 'bench']],
    [['producer'], ['--count', '--rate', '--keys', '--size', '--threads', '--seed', '--topic']],
    [['consumer'], ['--window', '--transform', '--input', '--on-error', '--json', '--group']],
    [['run'], ['<module>', '--input', '--on-error', '--output-format']],
    [['explain'], ['<module>', '--mermaid', '--shards', '--processors']],
    [['inspect'], ['<directory>', '--json']],
    [['repair'], ['<directory>', '--dry-run']],
    [['bench'], ['--seconds', '--json']],
  ])('%j --help explains', async (command, parts) => {
    expect(await run(...command, '--help')).toBe(EXIT.ok);
    for (const part of parts) expect(out).toContain(part);
    expect(err).toBe('');
  });

  test.each([
    [[], 'Usage:'],
    [['frobnicate'], 'frobnicate'],
    [['run'], "missing required argument 'module'"],
    [['producer', 'surplus'], 'too many arguments'],
    [['producer', '--frobnicate'], '--frobnicate'],
    [['producer', '--count', 'many'], 'many'],
    [['producer', '--count', '-3'], '--count'],
    [['producer', '--count'], '--count'],
    [['producer', '--rate', '0x10'], '--rate'],
    [['consumer', '--window', '1 fortnight'], '1 fortnight'],
    [['consumer', '--transform', 'sideways'], 'sideways'],
    [['consumer', '--shards', '0'], '--shards'],
    [['consumer', '--window', '0s'], '--window'],
    [['consumer', '--follow'], "means nothing without '--dir'"],
    [['producer', '--acks', 'os'], "means nothing without '--dir'"],
    [['producer', '--input', 'x', '-n', '5'], "'--count' means nothing with '--input'"],
    [['consumer', '--on-error', 'skip'], "'--on-error' means nothing without '--input'"],
    [['consumer', '--dir', 'd', '-w', '1s'], "'--window' means nothing with '--dir'"],
    [['run', 'module.ts', '--on-error', 'panic'], 'panic'],
  ])('%j is a mistake of usage that is named', async (args, named) => {
    expect(await run(...args)).toBe(EXIT.usage);
    expect(err).toContain(named);
    expect(out).toBe('');
  });
});
