import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScratchDirectory } from '../durability/scratch-directory.ts';
import { linesOf, ndjson, RunningCommand, runCommand } from './command-line.ts';

interface Line {
  readonly key: string;
  readonly value: string;
  readonly shard: number;
  readonly offset: number;
}

let directory: ScratchDirectory;
beforeEach(() => {
  directory = new ScratchDirectory();
});
afterEach(() => directory[Symbol.dispose]());

function lines(from: number, to: number): string {
  const records: { key: string; value: string }[] = [];
  for (let i = from; i < to; i++) records.push({ key: `k${i % 7}`, value: `value ${i}` });
  return linesOf(...records);
}

test('a producer and a consumer meet in a directory, and the consumer goes on where it stopped', async () => {
  const dir = ['--dir', directory.path];
  const consumer = new RunningCommand(['consumer', ...dir, '--follow', '--json']);
  await consumer.shows('Waiting for the topic "events"');
  const producer = new RunningCommand(['producer', ...dir, '--input', '-']);
  producer.process.stdin.write(lines(0, 50));
  // It is read while the producer still runs.
  await consumer.shows('"value 49"');
  expect(producer.process.exitCode).toBe(null);
  producer.process.stdin.end(lines(50, 100));
  expect((await producer.ended()).code).toBe(0);
  await consumer.shows('"value 99"');
  consumer.process.kill('SIGINT');
  const first = await consumer.ended();
  expect(first.stderr).toContain('100 records read');
  const seen = ndjson<Line>(first.stdout);
  expect(new Set(seen.map(({ value }) => value)).size).toBe(100);

  const more = await runCommand(['producer', ...dir, '--input', '-'], { input: lines(100, 130) });
  expect(more.code).toBe(0);
  const second = await runCommand(['consumer', ...dir, '--json']);
  const rest = ndjson<Line>(second.stdout).map(({ value }) => value);
  expect(rest.toSorted()).toEqual(Array.from({ length: 30 }, (_, i) => `value ${100 + i}`));
  const again = await runCommand(['consumer', ...dir, '--json', '--group', 'other']);
  expect(ndjson(again.stdout)).toHaveLength(130);
});

test('a directory that another process writes, or that is not an engine’s, is refused', async () => {
  const dir = ['--dir', directory.path];
  const writer = new RunningCommand(['producer', ...dir, '--input', '-']);
  writer.process.stdin.write(lines(0, 1));
  const reader = new RunningCommand(['consumer', ...dir, '--follow']);
  await reader.shows('value 0');
  const second = await runCommand(['producer', ...dir, '--count', '1']);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('DIRECTORY_LOCKED');
  const sameGroup = await runCommand(['consumer', ...dir]);
  expect(sameGroup.stderr).toContain('DIRECTORY_LOCKED');
  reader.process.kill('SIGKILL');
  writer.process.kill('SIGKILL');
  await Promise.all([writer.ended(), reader.ended()]);
  // The locks of processes that are gone stop nobody.
  expect((await runCommand(['producer', ...dir, '--count', '1'])).code).toBe(0);
  const after = await runCommand(['consumer', ...dir, '--json', '--group', 'after']);
  expect(ndjson<Line>(after.stdout)).toHaveLength(2);
  const strange = await runCommand(['producer', '--dir', 'packages', '--count', '1']);
  expect(strange.stderr).toContain('STORAGE_MISMATCH');
});
