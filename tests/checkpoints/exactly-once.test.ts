import { expect, test } from 'vitest';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { ScratchDirectory } from '../integration/durability/scratch-directory.ts';
import { endure, faultsOf } from './exactly-once.ts';

test('a process that is killed again and again gives every output once, to a topic and outside, over a change of processors', async () => {
  using directory = new ScratchDirectory();
  const verdict = await endure({
    directory: directory.path,
    records: 3_000,
    kills: 5,
    processors: [1, 3, 2],
    longestLifeMs: 900,
    rate: 40,
    random: seededRandom(1).next,
  });
  expect(faultsOf(verdict)).toEqual([]);
  expect(verdict.outputs).toBeGreaterThan(1_000);
  expect(verdict.outside.again).toBeGreaterThan(0);
});

test('so does one whose processors are killed while it runs, and which runs again when all is done', async () => {
  using directory = new ScratchDirectory();
  const verdict = await endure({
    directory: directory.path,
    records: 3_000,
    kills: 0,
    processors: [2],
    longestLifeMs: 0,
    threadEveryMs: 400,
    rate: 20,
    random: seededRandom(2).next,
  });
  expect(faultsOf(verdict)).toEqual([]);
  expect(verdict.outside.again).toBeGreaterThan(0);
  const again = await endure({
    directory: directory.path,
    records: 3_000,
    kills: 0,
    processors: [3],
    longestLifeMs: 0,
    rate: 20,
    random: seededRandom(2).next,
  });
  expect(faultsOf(again)).toEqual([]);
  expect(again.outputs).toBe(verdict.outputs);
});
