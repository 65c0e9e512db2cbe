import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Engine, openLog } from '@lite-streams/workers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScratchDirectory } from './scratch-directory.ts';

const WRITER = new URL('./writer.ts', import.meta.url);
const KILLS = 5;

let directory: ScratchDirectory;
beforeEach(() => {
  directory = new ScratchDirectory();
});
afterEach(() => directory[Symbol.dispose]());

/** Lets a writer write until so many of its acknowledgements have come, kills it, and returns the last. */
async function writeAndDie(from: number, acknowledgements: number): Promise<number> {
  const writer: ChildProcess = fork(WRITER, [directory.path, String(from)]);
  let last = from - 1;
  let left = acknowledgements;
  const gone = once(writer, 'exit');
  writer.on('message', (number: number) => {
    last = Math.max(last, number);
    if (left-- === 0) writer.kill('SIGKILL');
  });
  const [, signal] = await gone;
  expect(signal).toBe('SIGKILL');
  return last;
}

/** Every number that is there, by shard. */
async function numbers(): Promise<number[][]> {
  const topic = openLog(directory.path).topic('numbers');
  const found: number[][] = Array.from({ length: topic.shardCount }, () => []);
  for await (const batch of topic.consume({ follow: false })) {
    for (const { text } of batch) found[batch.shard].push(Number(text));
  }
  return found;
}

test('kill -9 loses nothing acknowledged, repeats nothing, and leaves no hole', async () => {
  let next = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const acknowledged = await writeAndDie(next, 3 + 20 * kill);
    const found = await numbers();
    for (const [shard, values] of found.entries()) {
      expect(values).toEqual(values.map((_, i) => 2 * i + shard));
      expect(2 * values.length + shard).toBeGreaterThan(acknowledged);
    }
    // The shards end at different numbers: goes on behind the longer one, and fills up the other.
    const [even, odd] = found.map(({ length }) => length);
    next = 2 * Math.max(even, odd);
    await using engine = await Engine.start({ directory: directory.path, processors: 1 });
    const topic = engine.topic('numbers');
    for (let i = even; i < next / 2; i++) topic.append({ value: String(2 * i), shard: 0 });
    for (let i = odd; i < next / 2; i++) topic.append({ value: String(2 * i + 1), shard: 1 });
    await topic.acknowledged();
  }
});
