import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { engineConfig, topicOptions } from './engine-config.ts';

const invalid = expect.objectContaining({ code: 'INVALID_OPTION' });

test('processors leave a core to whoever feeds them, unless it is said how many', () => {
  const most = Math.max(1, availableParallelism() - 1);
  expect(engineConfig({}, {}).processors).toBe(most);
  expect(engineConfig({}, { LITE_STREAMS_PROCESSORS: '5' }).processors).toBe(5);
  expect(engineConfig({ processors: 3 }, { LITE_STREAMS_PROCESSORS: '5' }).processors).toBe(3);
});

test('options beat the environment, which beats the default; the result is frozen', () => {
  expect(engineConfig({}, {}).shards).toBe(4);
  expect(engineConfig({}, { STREAM_SHARDS: '7' }).shards).toBe(7);
  expect(engineConfig({ shards: 2 }, { STREAM_SHARDS: '7' }).shards).toBe(2);
  expect(engineConfig({}, {})).toSatisfy(Object.isFrozen);
  expect(() => engineConfig({}, { STREAM_SHARDS: 'many' })).toThrow(/STREAM_SHARDS.*many/);
});

test("a topic's own options beat those of the engine", () => {
  const config = engineConfig({ shards: 2, overflow: 'overwrite' }, {});
  const options = topicOptions(config, { shards: 3, retentionMs: 500 });
  expect(options).toMatchObject({ shards: 3, overflow: 'overwrite', retentionMs: 500 });
  expect(options).not.toHaveProperty('processors');
});

test('small shards have smaller records, unless it is said how large', () => {
  const config = engineConfig({}, {});
  expect(topicOptions(config, { shardBytes: 4096 }).maxRecordBytes).toBe(1024);
  expect(topicOptions(config, { shardBytes: 4096, maxRecordBytes: 64 }).maxRecordBytes).toBe(64);
  expect(engineConfig({ shardBytes: 4096 }, {}).maxRecordBytes).toBe(1024);
  expect(() => topicOptions(config, { shardBytes: 4096, maxRecordBytes: 4096 })).toThrow(invalid);
});

test('what is no option of a topic is refused', () => {
  const config = engineConfig({}, {});
  expect(() => topicOptions(config, { owners: 2 } as object)).toThrow(/"owners"/);
});
