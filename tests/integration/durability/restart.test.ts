import { once } from 'node:events';
import type { Topic } from '@lite-streams/core';
import { Engine, type EngineOptions } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeDisk } from '../../../packages/workers/src/storage/node-disk.ts';
import { ShardLog } from '../../../packages/workers/src/storage/shard-log.ts';
import {
  shardDirectory,
  topicIdentity,
} from '../../../packages/workers/src/storage/topic-storage.ts';
import { ScratchDirectory } from './scratch-directory.ts';

let directory: ScratchDirectory;
beforeEach(() => {
  directory = new ScratchDirectory();
});
afterEach(() => directory[Symbol.dispose]());

function start(options: EngineOptions = {}): Promise<Engine> {
  return Engine.start({ directory: directory.path, shards: 2, processors: 1, ...options });
}

/** Every value that a group has not read yet, by shard, in order. */
function read(topic: Topic, group = 'reader', most = Number.POSITIVE_INFINITY): string[][] {
  const found: string[][] = topic.shards.map(() => []);
  let left = most;
  const consumer = topic.consume({ group });
  while (left > 0) {
    const batch = consumer.poll();
    if (batch === undefined) break;
    for (const { text } of batch) found[batch.shard].push(text);
    left -= batch.length;
  }
  consumer.close();
  return found;
}

function total(found: readonly string[][]): number {
  return found.reduce((sum, { length }) => sum + length, 0);
}

async function send(topic: Topic, from: number, to: number): Promise<void> {
  const producer = topic.producer();
  for (let i = from; i < to; i++) void producer.send({ key: `k${i}`, value: String(i) });
  await producer.close();
}

describe('a durable topic', () => {
  test('goes on where it ended, with its options, its records and its groups', async () => {
    let ends: number[];
    {
      await using engine = await start();
      const topic = engine.topic('events', { shards: 3, retentionMs: 86_400_000 });
      await send(topic, 0, 2_000);
      expect(total(read(topic, 'first'))).toBe(2_000);
      await send(topic, 2_000, 3_000);
      ends = topic.stats().map(({ end }) => end);
    }
    await using engine = await start();
    expect(engine.topics()).toEqual(['events']);
    const topic = engine.topic('events');
    expect(topic.options).toMatchObject({ shards: 3, retentionMs: 86_400_000, durable: true });
    // One mark in each shard says that whoever appended before is gone.
    expect(topic.stats().map(({ end }) => end)).toEqual(ends.map(end => end + 1));
    await send(topic, 3_000, 3_500);
    const seen = read(topic, 'first').flat().map(Number);
    expect(seen.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 1_500 }, (_, i) => 2_000 + i),
    );
    expect(total(read(topic, 'second'))).toBe(3_500);
  });

  test('that was ended stays ended', async () => {
    {
      await using engine = await start();
      const topic = engine.topic('over');
      await send(topic, 0, 10);
      topic.end();
    }
    await using engine = await start();
    const topic = engine.topic('over');
    expect(() => topic.append({ value: 'more' })).toThrow(
      expect.objectContaining({ code: 'TOPIC_ENDED' }),
    );
    let records = 0;
    for await (const batch of topic.consume({ group: 'late' })) records += batch.length;
    expect(records).toBe(10);
  });

  test('holds no producer back for a group that is far behind, which misses nothing', async () => {
    await using engine = await start({ shards: 1, slots: 64, shardBytes: 16_384, acks: 'os' });
    const topic = engine.topic('long');
    const slow = topic.consume({ group: 'slow' });
    await send(topic, 0, 5_000);
    const seen: number[] = [];
    for (let batch = slow.poll(); batch !== undefined; batch = slow.poll()) {
      expect(batch.lost).toBe(0);
      for (const { text } of batch) seen.push(Number(text));
      // What is read last is in the ring; more comes meanwhile.
      if (seen.length > 4_900 && seen.length < 4_990) topic.append({ value: String(5_000) });
    }
    slow.close();
    expect(seen.slice(0, 5_000)).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  });

  test('is read from its earliest, from a time and from an offset, on disk as in memory', async () => {
    await using engine = await start({ shards: 1, slots: 64, shardBytes: 16_384 });
    const topic = engine.topic('timed');
    const producer = topic.producer();
    for (let i = 0; i < 1_000; i++) producer.sendSync({ value: String(i), timestamp: i * 10 });
    await producer.close();
    const first = (
      from: Parameters<Topic['consume']>[0]['from'],
      group: string,
    ): string | undefined => {
      const consumer = topic.consume({ group, from });
      const text = consumer.poll()?.at(0)?.text;
      consumer.close();
      return text;
    };
    expect(topic.stats()[0].earliest).toBe(0);
    expect(first('earliest', 'a')).toBe('0');
    expect(first({ timestamp: 1_234 }, 'b')).toBe('124');
    expect(first({ timestamp: 9_985 }, 'c')).toBe('999');
    expect(first({ offset: 501 }, 'd')).toBe('500');
    expect(() => topic.consume({ group: 'e', from: { offset: 2_000 } })).toThrow(
      expect.objectContaining({ code: 'OFFSET_OUT_OF_RANGE' }),
    );
    const consumer = topic.consume({ group: 'f', from: 'latest' });
    consumer.seek(0, { timestamp: 20 });
    expect(consumer.poll()?.at(0)?.text).toBe('2');
    consumer.close();
  });

  test.each([2 ** 31 - 700, 2 ** 32 - 700, 2 ** 40])(
    'goes on at offset %d and beyond',
    async firstOffset => {
      const storage = { directory: directory.path, topic: 'wraps' };
      {
        await using engine = await start({ shards: 1, slots: 64, shardBytes: 16_384 });
        engine.topic('other');
      }
      const options = { shard: 0, identity: topicIdentity('wraps'), firstOffset };
      ShardLog.open(nodeDisk, shardDirectory(storage, 0), options).close();
      for (let round = 0; round < 2; round++) {
        await using engine = await start({ shards: 1, slots: 64, shardBytes: 16_384 });
        const topic = engine.topic('wraps');
        expect(topic.stats()[0].earliest).toBe(firstOffset);
        await send(topic, round * 1_000, round * 1_000 + 1_000);
        expect(topic.stats()[0].end).toBeGreaterThan(firstOffset + round * 1_000);
        const seen = read(topic, `reader ${round}`)[0].map(Number);
        expect(seen).toEqual(Array.from({ length: (round + 1) * 1_000 }, (_, i) => i));
      }
    },
  );

  test('loses and repeats nothing when its owner dies', async () => {
    await using engine = await start({ slots: 1_024, shardBytes: 262_144 });
    const topic = engine.topic('owned');
    const producer = topic.producer();
    const sent = 20_000;
    let acknowledged = 0;
    for (let i = 0; i < sent; i++) {
      const done = producer.send({ key: `k${i % 16}`, value: String(i) });
      if (i % 500 === 499) {
        await done;
        acknowledged = i;
      }
      if (i === 6_000 || i === 13_000) {
        const replaced = once(engine.events, 'thread-replaced');
        killThread(engine, 'owner', 0);
        await replaced;
      }
    }
    await producer.close();
    expect(acknowledged).toBe(sent - 1);
    const seen = read(topic);
    for (const values of seen) {
      const numbers = values.map(Number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    expect(new Set(seen.flat()).size).toBe(sent);
    expect(total(seen)).toBe(sent);
  });

  test('acknowledges what append did not wait for', async () => {
    await using engine = await start();
    const topic = engine.topic('acks');
    const offset = topic.append({ key: 'k', value: 'v' });
    await topic.acknowledged({ shard: topic.shardOf('k'), offset });
    expect(topic.shards[topic.shardOf('k')].logged('durable')).toBeGreaterThan(offset);
    await topic.acknowledged();
  });

  test.each(['memory', 'os', 'disk'] as const)('acknowledges at the level %s', async acks => {
    await using engine = await start({ acks });
    const topic = engine.topic('levels');
    const producer = topic.producer();
    await producer.send({ key: 'k', value: 'v' });
    const shard = topic.shards[topic.shardOf('k')];
    if (acks !== 'memory') {
      expect(shard.logged(acks === 'os' ? 'written' : 'durable')).toBe(shard.published());
    }
    producer.sendSync({ key: 'k', value: 'w' });
    producer.flushSync();
    await producer.close();
  });
});

describe('a pipeline between durable topics', () => {
  const copy = new URL('../engine/pipeline-copy.ts', import.meta.url);

  test('goes on where it stopped, far behind the ring at first', async () => {
    const small = { slots: 256, shardBytes: 65_536, owners: 2, processors: 2 };
    {
      await using engine = await start(small);
      await send(engine.topic('in'), 0, 4_000);
      const job = await engine.run(copy);
      await job.caughtUp();
      await send(engine.topic('in'), 4_000, 4_500);
    }
    await using engine = await start(small);
    const topic = engine.topic('in');
    const job = await engine.run(copy);
    await send(topic, 4_500, 6_000);
    await job.caughtUp();
    expect(job.stats().in).toBeLessThan(2_100);
    const seen = read(engine.topic('out')).flat();
    expect(new Set(seen).size).toBe(6_000);
    expect(seen).toHaveLength(6_000);
    topic.end();
    await job.drained();
  });

  test('reads again what it had not committed when its process died, and misses nothing', async () => {
    {
      await using engine = await start();
      await send(engine.topic('in'), 0, 1_000);
      const job = await engine.run(copy);
      await job.caughtUp();
      await send(engine.topic('in'), 1_000, 2_000);
      await job.caughtUp();
      // The scope stops it a second time, which ends every thread at once, as if the process had died.
      void engine.stop();
    }
    await using engine = await start();
    const job = await engine.run(copy);
    await job.caughtUp();
    expect(new Set(read(engine.topic('out')).flat()).size).toBe(2_000);
  });
});

describe('topics in memory', () => {
  test('stand beside durable ones, and are gone at the end', async () => {
    {
      await using engine = await start();
      const topic = engine.topic('fleeting', { durable: false });
      expect(topic.options.durable).toBe(false);
      await send(topic, 0, 10);
      expect(total(read(topic))).toBe(10);
    }
    await using engine = await start();
    expect(engine.topics()).toEqual([]);
  });

  test('cannot be durable without a directory', async () => {
    await expect(Engine.start({ durable: true })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await using engine = await Engine.start({ processors: 1 });
    expect(() => engine.topic('t', { durable: true })).toThrow(/directory/);
  });
});
