import { describe, expect, test } from 'vitest';
import { scratch } from '../memory/scratch.ts';
import { RecordWriter } from '../record/writer.ts';
import { type Partitioner, Router } from './partitioner.ts';
import { Topic } from './topic.ts';

function shardsOf(partitioner: Partitioner, shards: number, keys: (string | null)[]): number[] {
  const memory = scratch();
  const writer = new RecordWriter({ maxRecordBytes: 1024 });
  const at = memory.alloc(1024);
  const router = new Router(partitioner, shards);
  return keys.map(key => {
    writer.write(memory, at, 1024, key, 'v', 0, undefined);
    return router.route(writer, memory.u8);
  });
}

describe('partitioners', () => {
  // The published 32-bit FNV-1a of "", "a" and "foobar" is 0x811c9dc5, 0xe40c292c and 0xbf9cf968.
  test('fnv1a: the unsigned hash of the key modulo the shards, as in the reference', () => {
    expect(shardsOf('fnv1a', 7, ['', 'a', 'foobar'])).toEqual(
      [0x811c9dc5, 0xe40c292c, 0xbf9cf968].map(hash => hash % 7),
    );
    expect(shardsOf('fnv1a', 8, ['', 'a', 'foobar'])).toEqual([5, 4, 0]);
  });

  // Kafka's own vectors: murmur2("21") = -973932308, ("foobar") = -790332482, ("abc") = 479470107.
  test("murmur2: Kafka's default, the positive hash modulo the shards", () => {
    expect(shardsOf('murmur2', 10, ['21', 'foobar', 'abc'])).toEqual(
      [-973932308, -790332482, 479470107].map(hash => (hash & 0x7fffffff) % 10),
    );
  });

  test('records without a key go round robin, and with roundrobin all do', () => {
    expect(shardsOf('fnv1a', 3, [null, null, null, null])).toEqual([0, 1, 2, 0]);
    expect(shardsOf('roundrobin', 3, ['a', 'a', 'a', 'a'])).toEqual([0, 1, 2, 0]);
  });

  test('every way of appending agrees with shardOf, for text of all kinds', () => {
    const keys = ['', 'a', 'key-12345', 'é', '日本', 'x'.repeat(100), 'emoji 😀', '\u007f'];
    for (const partitioner of ['fnv1a', 'murmur2'] as const) {
      for (const shards of [1, 3, 4]) {
        const topic = Topic.create('t', { shards, slots: 64, shardBytes: 8192, partitioner });
        const producer = topic.producer();
        for (const key of keys) {
          topic.append({ key, value: 'appended' });
          producer.sendSync({ key, value: 'sent' });
          topic.append({ key: Buffer.from(key), value: 'bytes' });
        }
        producer.flushSync();
        for (const key of keys) {
          const found = Array.from(topic.latest({ key }), record => record.text);
          expect(found.sort()).toEqual(['appended', 'bytes', 'sent']);
        }
        producer.closeSync();
      }
    }
  });
});
