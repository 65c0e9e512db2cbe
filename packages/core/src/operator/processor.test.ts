import { expect, test } from 'vitest';
import { Topic } from '../broker/topic.ts';
import { Processor } from './processor.ts';

const shout = new Processor({ transform: text => text.toUpperCase() });

test('transforms one value, or gives it as it is', () => {
  expect(shout.process('hello')).toBe('HELLO');
  expect(new Processor().process('hello')).toBe('hello');
  expect(shout.process(Buffer.from('bytes'))).toBe('BYTES');
  expect(shout.process({ value: 'text' })).toBe('TEXT');
  expect(shout.process({ value: new Uint8Array([0x61]) })).toBe('A');
  expect(shout.process({ value: null })).toBe('');
});

test('transforms a window: how many, and all values in order', () => {
  expect(shout.processWindow(['a', { value: 'b' }])).toEqual({ count: 2, payloads: ['A', 'B'] });
  const lazily = (function* () {
    yield 'b';
  })();
  expect(shout.processWindow(lazily)).toEqual({ count: 1, payloads: ['B'] });
  expect(shout.processWindow(new Set(['a']))).toEqual({ count: 1, payloads: ['A'] });
  expect(new Processor().processWindow([])).toEqual({ count: 0, payloads: [] });
});

test('takes the batches and copies of a topic', () => {
  using topic = Topic.create('words', { shards: 1 });
  for (const value of ['one', 'two', 'three']) topic.append({ key: 'k', value });
  const consumer = topic.consume({ group: 'test' });
  const batch = consumer.poll();
  if (batch === undefined) throw new Error('no batch');
  expect(shout.processWindow(batch)).toEqual({ count: 3, payloads: ['ONE', 'TWO', 'THREE'] });
  expect(shout.processWindow(batch.copy()).payloads).toEqual(['ONE', 'TWO', 'THREE']);
  const first = batch.at(0);
  expect(first && shout.process(first)).toBe('ONE');
});
