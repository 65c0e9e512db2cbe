import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryLock } from './directory-lock.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lite-streams-'));
  path = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const locked = expect.objectContaining({ code: 'DIRECTORY_LOCKED' });

test('one holder at a time, in one process as in several', () => {
  const lock = DirectoryLock.take(path, 'It');
  expect(() => DirectoryLock.take(path, 'It')).toThrow(locked);
  lock.release();
  expect(existsSync(path)).toBe(false);
  DirectoryLock.take(path, 'It').release();
});

test('the lock of a process that is gone is taken over', () => {
  const module = new URL('./directory-lock.ts', import.meta.url).href;
  const code = `
    const { DirectoryLock } = await import(${JSON.stringify(module)});
    DirectoryLock.take(${JSON.stringify(path)}, 'It');
    process.kill(process.pid, 'SIGKILL');`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code]);
  expect(signal).toBe('SIGKILL');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: expect.any(Number) });
  DirectoryLock.take(path, 'It').release();
});

test('a number of a process that has come round again is another process', () => {
  DirectoryLock.take(path, 'It');
  const holder = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, `${JSON.stringify({ ...holder, began: '1', id: 'other' })}\n`);
  const lock = DirectoryLock.take(path, 'It');
  lock.release();
});

test('whoever cannot be looked at is alive', () => {
  DirectoryLock.take(path, 'It');
  const holder = JSON.parse(readFileSync(path, 'utf8'));
  for (const other of [
    { ...holder, host: 'elsewhere' },
    { ...holder, within: `${holder.within.split(' ')[0]} pid:[1]` },
  ]) {
    writeFileSync(path, `${JSON.stringify(other)}\n`);
    expect(() => DirectoryLock.take(path, 'It')).toThrow(locked);
  }
  writeFileSync(path, 'by hand');
  expect(() => DirectoryLock.take(path, 'It')).toThrow(/something else/);
});

test('what was taken over is not given back by who had it', () => {
  const lock = DirectoryLock.take(path, 'It');
  rmSync(path);
  const other = DirectoryLock.take(path, 'It');
  lock.release();
  expect(existsSync(path)).toBe(true);
  other.release();
});
