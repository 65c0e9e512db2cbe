import { expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Topic } from './topic.ts';

test.each([
  ['INVALID_TIMESTAMP', { key: 'k', value: 'v', timestamp: '5' }],
  ['INVALID_TIMESTAMP', { key: 'k', value: 'v', timestamp: 5n }],
  ['INVALID_TIMESTAMP', { key: 'k', value: 'v', timestamp: new Date() }],
  ['INVALID_TIMESTAMP', { key: 'k', value: 'v', timestamp: true }],
  ['INVALID_KEY', { key: 5, value: 'v' }],
  ['INVALID_VALUE', { key: 'k', value: { a: 1 } }],
  ['INVALID_HEADER', { key: 'k', value: 'v', headers: { h: 1 } }],
  ['INVALID_VALUE', 'just text'],
  ['INVALID_VALUE', 5],
])('%s: nothing of a bad record is left in the topic (%#)', (code, record) => {
  const topic = Topic.create('input', { shards: 1 });
  expect(() => topic.append(record as never)).toThrow(StreamError);
  try {
    topic.append(record as never);
  } catch (error) {
    expect((error as StreamError).code).toBe(code);
  }
  const producer = topic.producer();
  expect(() => producer.offer(record as never)).toThrow(expect.objectContaining({ code }));
  producer.closeSync();
  expect(topic.append({ key: 'k', value: 'good' })).toBe(2);
  expect(topic.latest({ shard: 0 }).length).toBe(1);
  topic.close();
});
