import { describe, expect, test } from 'vitest';
import type { TopicHistory } from '../shard/history.ts';
import { KERNEL, LOG } from '../shard/layout.ts';
import { Topic } from './topic.ts';

// Every call that waits ends by its signal, with ABORTED.

const small = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 512 };
const enough = { code: 'ABORTED', cause: 'enough' };

/** A topic in which a group that has read nothing leaves no room. */
function full(): Topic {
  const topic = Topic.create('t', small);
  topic.createGroup('slow');
  while (topic.tryAppend({ value: 'old' }) >= 0);
  return topic;
}

function valuesOf(topic: Topic): string[] {
  const consumer = topic.consume({ group: 'slow' });
  const all: string[] = [];
  for (let batch = consumer.poll(); batch; batch = consumer.poll()) {
    for (const { text } of batch) all.push(text);
  }
  consumer.close();
  return all.filter(text => text !== 'old');
}

describe('send', () => {
  test('of a record that found no room gives it up; those around it are sent', async () => {
    const topic = full();
    const producer = topic.producer({ batchRecords: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const before = producer.send({ value: 'before' });
    const given = [
      producer.send({ value: 'a' }, { signal }),
      producer.send({ value: 'b' }, { signal }),
    ];
    const after = producer.send({ value: 'after' });
    await Promise.resolve();
    controller.abort('enough');
    for (const one of given) await expect(one).rejects.toMatchObject(enough);
    await expect(producer.send({ value: 'c' }, { signal })).rejects.toMatchObject(enough);
    const seen = valuesOf(topic);
    await Promise.all([before, after]);
    expect([...seen, ...valuesOf(topic)]).toEqual(['before', 'after']);
    await producer.close();
  });

  test('whose signal does not fire is as any other', async () => {
    const topic = Topic.create('t', small);
    const producer = topic.producer();
    await producer.send({ value: 'a' }, { signal: new AbortController().signal });
    await producer.close();
    expect(valuesOf(topic)).toEqual(['a']);
  });
});

test('flush and close end their wait, and what was taken goes out all the same', async () => {
  const topic = full();
  const producer = topic.producer();
  producer.offer({ value: 'a' });
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [producer.flush({ signal }), topic.flush({ signal }), producer.close({ signal })];
  await Promise.resolve();
  controller.abort('enough');
  for (const wait of waits) await expect(wait).rejects.toMatchObject(enough);
  const seen = valuesOf(topic);
  await producer.close();
  expect([...seen, ...valuesOf(topic)]).toEqual(['a']);
});

/** Of a topic of which nothing is on disk yet, and whose log nobody writes. */
const history: TopicHistory = {
  shard: () => ({ read: () => 0, offsetOfTimestamp: () => -1, close: () => {} }),
  committed: () => undefined,
  forget: () => false,
};

test('acknowledged', async () => {
  const topic = Topic.create('t', { ...small, durable: true }, { history });
  const offset = topic.append({ value: 'a' });
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [
    topic.acknowledged(undefined, { signal }),
    topic.acknowledged({ shard: 0, offset }, { signal }),
  ];
  await Promise.resolve();
  controller.abort('enough');
  for (const wait of waits) await expect(wait).rejects.toMatchObject(enough);
  await expect(topic.acknowledged({ shard: 0, offset: Number.NaN })).rejects.toMatchObject({
    code: 'OFFSET_OUT_OF_RANGE',
  });
});

test('an acknowledgement of long ago is one, however much has been appended since', async () => {
  const topic = Topic.create('t', { ...small, durable: true }, { history });
  const producer = topic.producer();
  const [{ i32 }] = topic.shards;
  producer.offer({ value: 'a' });
  const flushed = producer.flush();
  // Others append, and the log has written, as many records as sequences cannot tell.
  for (const word of [KERNEL.TAIL, KERNEL.PUBLISHED, LOG.written, LOG.durable]) {
    i32[word >> 2] = 3 * 2 ** 30;
  }
  i32[KERNEL.ERA >> 2] = 3;
  topic.bell.ring();
  await flushed;
  await topic.acknowledged({ shard: 0, offset: 1 });
});
