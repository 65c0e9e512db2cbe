// What the reference promises in its own tests, promised here: one test for each, by what it is about.

import { type Consumer, Engine, resolveConfig, StreamError } from 'lite-streams';
import { testPipeline } from 'lite-streams/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import processorPipeline, { upperCase } from '../../examples/processor/pipeline.ts';
import { Processor } from '../../examples/processor/processor.ts';
import { ndjson, runCommand } from './cli/command-line.ts';

const processorModule = new URL('../../examples/processor/pipeline.ts', import.meta.url);

async function textsOf(consumer: Consumer): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of consumer) {
    for (const record of batch) texts.push(record.text);
  }
  return texts;
}

describe('broker', () => {
  test('append and get: a record is there, by its key, when append has returned', async () => {
    await using engine = await Engine.start({ shards: 2, processors: 1 });
    const topic = engine.topic('records');
    topic.append({ key: 'foo', value: 'bar' });
    topic.append({ key: 'baz', value: 'qux' });
    expect(topic.latest({ key: 'foo' }).copy()).toMatchObject([{ key: 'foo' }]);
    expect(topic.latest({ key: 'foo' }).at(0).text).toBe('bar');
    expect(topic.latest({ key: 'baz' }).at(0).text).toBe('qux');
  });

  test('retention of 3 keeps the last 3 of 10', async () => {
    await using engine = await Engine.start({ shards: 1, processors: 1 });
    const topic = engine.topic('records', { retentionRecords: 3 });
    for (const letter of 'abcdefghij') topic.append({ key: 'foo', value: letter });
    const values = Array.from(topic.latest({ shard: 0 }), record => record.text);
    expect(values).toEqual(['h', 'i', 'j']);
    topic.end();
    expect(await textsOf(topic.consume({ group: 'new', from: 'earliest' }))).toEqual([
      'h',
      'i',
      'j',
    ]);
  });

  test('ingestion through the batched producer', async () => {
    await using engine = await Engine.start({ shards: 1, processors: 1 });
    const topic = engine.topic('records');
    await using producer = topic.producer();
    await producer.send({ key: 'foo', value: 'bar' });
    expect(topic.latest({ key: 'foo' }).at(0).text).toBe('bar');
  });
});

describe('configuration', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('there are 4 shards by default', async () => {
    vi.stubEnv('STREAM_SHARDS', undefined);
    expect(resolveConfig().shards).toBe(4);
    await using engine = await Engine.start();
    expect(engine.topic('records').shardCount).toBe(4);
  });

  test('STREAM_SHARDS=7 makes them 7', async () => {
    vi.stubEnv('STREAM_SHARDS', '7');
    await using engine = await Engine.start();
    expect(engine.config.shards).toBe(7);
    expect(engine.topic('records').shardCount).toBe(7);
  });

  test('a bad value is an error, where the reference falls back to its default', async () => {
    vi.stubEnv('STREAM_SHARDS', 'seven');
    const error = await Engine.start().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StreamError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(String(error)).toMatch(/STREAM_SHARDS.*"seven".*1 to 1024/);
  });
});

describe('processor', () => {
  test('a transform is applied; without one a record stays as it is', () => {
    expect(new Processor(text => text.toUpperCase()).process('foo')).toBe('FOO');
    expect(new Processor().process('bar')).toBe('bar');
  });

  test('a windowed transform counts and joins what the transform made', () => {
    const lowerCase = new Processor(text => text.toLowerCase());
    const window = [{ payload: 'A' }, { payload: 'B' }];
    expect(lowerCase.processWindow(window)).toBe('Count: 2, Payloads: a;b;');
  });

  test('and both do so on a stream, window by window', () => {
    using stream = testPipeline(processorPipeline);
    for (const [i, payload] of ['a', 'b', 'c'].entries()) {
      stream.push(payload, { key: 'key-2', timestamp: i * 600 });
    }
    stream.end();
    expect(stream.output()).toEqual([
      'key-2: Count: 2, Payloads: A;B;',
      'key-2: Count: 1, Payloads: C;',
    ]);
  });
});

describe('record', () => {
  test('metadata: headers travel with their record', async () => {
    await using engine = await Engine.start({ shards: 1, processors: 1 });
    const topic = engine.topic('records');
    topic.append({ key: 'id', value: 'payload', timestamp: 123, headers: { foo: 'bar' } });
    const [record] = topic.latest({ key: 'id' }).copy();
    expect(record).toMatchObject({ key: 'id', timestamp: 123, headers: { foo: 'bar' } });
  });
});

describe('flows from end to end', () => {
  test('producer: what is sent through a producer can be read', async () => {
    await using engine = await Engine.start({ shards: 2, processors: 1 });
    const topic = engine.topic('records');
    const consumer = topic.consume({ group: 'readers' });
    const producer = topic.producer();
    void producer.send({ key: 'int-key', value: 'int-payload' });
    await producer.close();
    topic.end();
    expect(await textsOf(consumer)).toEqual(['int-payload']);
    expect(topic.latest({ key: 'int-key' }).at(0).text).toBe('int-payload');
  });

  test('consumer: what is sent is processed on another thread and read', async () => {
    await using engine = await Engine.start({ shards: 1, processors: 1 });
    const payloads = engine.topic('payloads');
    const job = await engine.run(processorModule);
    payloads.append({ key: 'c-key', value: 'hello' });
    payloads.end();
    await job.drained();
    const windows = engine.topic('windows');
    windows.end();
    expect(await textsOf(windows.consume({ group: 'readers' }))).toEqual([
      `c-key: ${upperCase.processWindow([{ payload: 'hello' }])}`,
    ]);
  });

  test('the two commands: a producer of five records, a consumer of windows', async () => {
    const produced = await runCommand(['producer', '--count', '5', '--rate', '20', '--json']);
    expect(produced.code).toBe(0);
    expect(ndjson(produced.stdout)).toHaveLength(5);
    const consumed = await runCommand(['consumer', '--input', '-', '--disorder', '1s', '--json'], {
      input: produced.stdout,
    });
    expect(consumed.code).toBe(0);
    const windows = ndjson<{ count: number; values: string[] }>(consumed.stdout);
    expect(windows.reduce((sum, { count }) => sum + count, 0)).toBe(5);
    for (const { values } of windows) expect(values[0]).toMatch(/^PAYLOAD-\d /);
  });
});
