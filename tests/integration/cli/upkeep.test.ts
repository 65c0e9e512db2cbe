import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScratchDirectory } from '../durability/scratch-directory.ts';
import { runCommand } from './command-line.ts';

let directory: ScratchDirectory;
beforeEach(() => {
  directory = new ScratchDirectory();
});
afterEach(() => directory[Symbol.dispose]());

test('inspect tells what is damaged, repair keeps the rest, and the engine reads it', async () => {
  const { path } = directory;
  const made = ['--dir', path, '--count', '2000', '--shards', '1'];
  expect((await runCommand(['producer', ...made])).code).toBe(0);
  const sound = await runCommand(['inspect', path]);
  expect(sound.code).toBe(0);
  expect(sound.stdout).toContain('sound');

  const file = join(path, 'topics/events/0/0000000000000000.log');
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(file, bytes);
  const damaged = await runCommand(['inspect', path, '--json']);
  expect(damaged.code).toBe(1);
  const [found] = damaged.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(found.damages).toHaveLength(1);
  const refused = await runCommand(['producer', '--dir', path, '--count', '1']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('lite-streams repair');

  expect((await runCommand(['repair', path, '--dry-run'])).stdout).toContain('lost');
  const repaired = await runCommand(['repair', path]);
  expect(repaired.code).toBe(0);
  expect(repaired.stdout).toContain('.damaged');
  expect((await runCommand(['repair', path])).stdout).toContain('nothing to repair');
  const read = await runCommand(['consumer', '--dir', path, '--json']);
  expect(read.code).toBe(0);
  const left = read.stdout.trim().split('\n').length;
  const { lostFrom, lostTo } = found.damages[0];
  expect(left).toBeGreaterThan(2_000 - (lostTo - lostFrom) - 1);
  expect(left).toBeLessThan(2_000);
});

test('a directory without a log is refused', async () => {
  const nothing = await runCommand(['inspect', join(directory.path, 'nothing')]);
  expect(nothing.code).toBe(1);
  expect(nothing.stderr).toContain('does not exist');
});
