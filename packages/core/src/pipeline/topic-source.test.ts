import { expect, test } from 'vitest';
import { Topic } from '../broker/topic.ts';
import { storeRelease } from '../memory/atomics.ts';
import type { TopicHistory } from '../shard/history.ts';
import { KERNEL, LOG } from '../shard/layout.ts';
import { TopicSource } from './topic-source.ts';

const small = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 512 };
/** All that is read here is in memory. */
const history: TopicHistory = {
  shard: () => ({ read: () => 0, offsetOfTimestamp: () => -1, close: () => {} }),
  committed: () => undefined,
  forget: () => false,
};

function sourceOf(topic: Topic): TopicSource {
  for (const value of ['a', 'b', 'c']) topic.append({ value });
  const source = new TopicSource(topic, 0, 'g');
  expect(source.poll(10)).toBe(3);
  return source;
}

test.each([
  { acks: 'disk', word: LOG.durable, other: LOG.written },
  { acks: 'os', word: LOG.written, other: LOG.durable },
  { acks: 'memory', word: LOG.written, other: LOG.durable },
] as const)('with acks $acks, records that were read are kept once the log has them', one => {
  const { acks, word, other } = one;
  const topic = Topic.create('t', { ...small, durable: true, acks }, { history });
  const [shard] = topic.shards;
  const source = sourceOf(topic);
  storeRelease(shard.i32, other >> 2, shard.published());
  expect([0, 1, 3].map(offset => source.isKept(offset))).toEqual([true, false, false]);
  storeRelease(shard.i32, word >> 2, shard.sequenceOf(2));
  expect([2, 3].map(offset => source.isKept(offset))).toEqual([true, false]);
  storeRelease(shard.i32, word >> 2, shard.published());
  expect(source.isKept(3)).toBe(true);
  expect(source.keptPlaces).toEqual(topic.logPlaces);
});

test('what a log that has stopped will never get is an error, and not a wait without end', () => {
  const topic = Topic.create('t', { ...small, durable: true }, { history });
  const source = sourceOf(topic);
  topic.shards[0].setState(KERNEL.STATE_STOPPED);
  expect(() => source.isKept(1)).toThrow(expect.objectContaining({ code: 'SHARD_STOPPED' }));
});

test('in memory nothing is waited for', () => {
  const source = sourceOf(Topic.create('t', small));
  expect(source.isKept(3)).toBe(true);
  expect(source.keptPlaces).toEqual([]);
});
