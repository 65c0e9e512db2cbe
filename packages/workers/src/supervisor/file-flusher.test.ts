import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { FileFlusher, flushFile } from './file-flusher.ts';

const directory = mkdtempSync(join(tmpdir(), 'lite-streams-flusher-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('files are flushed one after another, each once for all that asked while it waited', async () => {
  const begun: string[] = [];
  const finish: (() => void)[] = [];
  const flusher = new FileFlusher(path => {
    begun.push(path);
    return new Promise(resolve => finish.push(resolve));
  });
  for (const path of ['a', 'b', 'b', 'a']) flusher.flush(path);
  expect(begun).toEqual(['a']);
  for (let flushes = 1; flushes <= 3; flushes++) {
    expect(finish).toHaveLength(flushes);
    finish[flushes - 1]();
    await turn();
  }
  // What was written to it after its flush began needs another one.
  expect(begun).toEqual(['a', 'b', 'a']);
  flusher.flush('c');
  expect(begun).toEqual(['a', 'b', 'a', 'c']);
});

test('a file that is gone is passed over', async () => {
  const path = join(directory, 'log');
  writeFileSync(path, 'records');
  await expect(flushFile(path)).resolves.toBeUndefined();
  await expect(flushFile(join(directory, 'gone'))).resolves.toBeUndefined();
});
