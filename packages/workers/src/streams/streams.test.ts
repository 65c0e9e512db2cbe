import { once } from 'node:events';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type RecordCopy, type RecordInput, Topic } from '@lite-streams/core';
import { describe, expect, test } from 'vitest';
import { toReadable, toWritable } from './node-streams.ts';
import { toReadableStream, toWritableStream } from './web-streams.ts';

const RECORDS = 500;
const small = { shards: 2, slots: 64, shardBytes: 8192, maxRecordBytes: 512 };

function filled(records = RECORDS): Topic {
  const topic = Topic.create('t', { ...small, shards: 1, slots: 1024, shardBytes: 65_536 });
  for (let i = 0; i < records; i++) topic.append({ key: 'k', value: `v${i}` });
  return topic;
}

const textOf = ({ value }: RecordCopy): string => Buffer.from(value).toString();
const expected = Array.from({ length: RECORDS }, (_, i) => `v${i}`);

/** What a group has yet to read. */
function rest(topic: Topic, group: string): string[] {
  const consumer = topic.consume({ group });
  const all: string[] = [];
  for (let batch = consumer.poll(); batch; batch = consumer.poll()) {
    for (const { text } of batch) all.push(text);
  }
  consumer.close();
  return all;
}

function* inputs(): Generator<RecordInput> {
  for (let i = 0; i < RECORDS; i++) yield { key: `k${i % 7}`, value: `v${i}` };
}

/** A topic without room for all that is sent, and what arrives in it, sorted as it was sent. */
function tight(): { topic: Topic; arrived: Promise<string[]> } {
  const topic = Topic.create('t', small);
  const consumer = topic.consume({ group: 'all' });
  const arrived = (async () => {
    const all: string[] = [];
    for await (const batch of consumer) for (const { text } of batch) all.push(text);
    return all.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  })();
  return { topic, arrived };
}

describe('out', () => {
  test('a Node.js stream of records that stay, however slowly they are taken', async () => {
    const topic = filled();
    topic.end();
    const seen: RecordCopy[] = [];
    const slow = new Writable({
      objectMode: true,
      write(record: RecordCopy, _, done) {
        seen.push(record);
        setImmediate(done);
      },
    });
    await pipeline(toReadable(topic.consume({ group: 'g', maxRecords: 7 })), slow);
    expect(seen.map(textOf)).toEqual(expected);
    expect(topic.groups()[0]).toMatchObject({ members: [], lag: 0 });
  });

  test('a Web stream', async () => {
    const topic = filled();
    topic.end();
    const seen: string[] = [];
    for await (const record of toReadableStream(topic.consume({ group: 'g', maxRecords: 7 }))) {
      seen.push(textOf(record));
    }
    expect(seen).toEqual(expected);
    expect(topic.lag('g')).toBe(0);
  });

  test.each([
    ['a Node.js stream', toReadable],
    ['a Web stream', toReadableStream],
  ])('%s that is left early leaves what it has not handed on', async (_, make) => {
    const topic = filled();
    const seen: string[] = [];
    for await (const record of make(topic.consume({ group: 'g', maxRecords: 10 }))) {
      seen.push(textOf(record as RecordCopy));
      if (seen.length === 25) break;
    }
    expect(topic.groups()[0].members).toEqual([]);
    // At least once: the batch in whose midst it was left comes again as a whole.
    expect(rest(topic, 'g')).toEqual(expected.slice(20));
  });

  test('a stream that waits for records can be destroyed, and cancelled', async () => {
    const topic = filled(1);
    const readable = toReadable(topic.consume({ group: 'node' }));
    await once(readable, 'data');
    readable.destroy();
    await once(readable, 'close');
    const reader = toReadableStream(topic.consume({ group: 'web' })).getReader();
    await reader.read();
    const waiting = reader.read();
    await reader.cancel();
    expect((await waiting).done).toBe(true);
    expect(topic.groups().map(({ members }) => members)).toEqual([[], []]);
  });

  test('what ends the consumer is an error of the stream', async () => {
    const topic = filled(1);
    const controller = new AbortController();
    const { signal } = controller;
    const readable = toReadable(topic.consume({ group: 'node', signal }));
    readable.resume();
    const reader = toReadableStream(topic.consume({ group: 'web', signal })).getReader();
    await reader.read();
    const waiting = reader.read();
    const failed = once(readable, 'error');
    controller.abort();
    expect(await failed).toMatchObject([{ code: 'ABORTED' }]);
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('in', () => {
  test('a Node.js stream waits for room, and has finished when all are acknowledged', async () => {
    const { topic, arrived } = tight();
    const upper = new Transform({
      objectMode: true,
      transform: (record: RecordInput, _, done) => done(null, { ...record, headers: { h: 'x' } }),
    });
    await pipeline(Readable.from(inputs()), upper, toWritable(topic.producer()));
    expect(topic.stats().map(({ openProducers }) => openProducers)).toEqual([0, 0]);
    topic.end();
    expect(await arrived).toEqual(expected);
  });

  test('a Web stream', async () => {
    const { topic, arrived } = tight();
    await ReadableStream.from(inputs()).pipeTo(toWritableStream(topic.producer()));
    expect(topic.stats().map(({ openProducers }) => openProducers)).toEqual([0, 0]);
    topic.end();
    expect(await arrived).toEqual(expected);
  });

  test.each([
    ['an array', () => [...inputs()]],
    ['a generator', inputs],
    ['a Node.js stream', () => Readable.from(inputs())],
    ['a Web stream', () => ReadableStream.from(inputs())],
  ])('sendAll takes %s', async (_, make) => {
    const { topic, arrived } = tight();
    const producer = topic.producer({ batchRecords: 8 });
    expect(await producer.sendAll(make() as Iterable<RecordInput>)).toBe(RECORDS);
    await producer.close();
    topic.end();
    expect(await arrived).toEqual(expected);
  });

  test('sendAll ends by its signal, and lets go of what it takes from', async () => {
    const topic = filled(0);
    const producer = topic.producer();
    const controller = new AbortController();
    const { signal } = controller;
    const source = new Readable({ objectMode: true, read() {} });
    source.push({ value: 'a' });
    const sending = producer.sendAll(source, { signal });
    setImmediate(() => controller.abort('enough'));
    await expect(sending).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    source.push({ value: 'b' });
    await new Promise(resolve => source.once('close', resolve));
    await expect(producer.sendAll([{ value: 'c' }], { signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await producer.close();
    expect(rest(topic, 'g')).toEqual(['a']);
  });

  test('a record that cannot be is an error of the stream; those before it are sent', async () => {
    const bad = [{ value: 'a' }, { value: 5 as never }];
    const failure = { code: 'INVALID_VALUE' };
    const ways: [string, (topic: Topic) => Promise<unknown>][] = [
      ['node', topic => pipeline(Readable.from(bad), toWritable(topic.producer()))],
      ['web', topic => ReadableStream.from(bad).pipeTo(toWritableStream(topic.producer()))],
      ['sendAll', topic => topic.producer().sendAll(bad)],
    ];
    for (const [group, send] of ways) {
      const topic = filled(0);
      await expect(send(topic)).rejects.toMatchObject(failure);
      await topic.flush();
      expect(rest(topic, group)).toEqual(['a']);
    }
  });

  test('a stream that is destroyed while it waits for room closes its producer', async () => {
    const topic = Topic.create('t', small);
    topic.createGroup('slow');
    const writable = toWritable(topic.producer(), { highWaterMark: 1 });
    writable.on('error', () => {});
    for (const record of inputs()) writable.write(record);
    await new Promise(setImmediate);
    writable.destroy();
    await once(writable, 'close');
    const writer = toWritableStream(topic.producer()).getWriter();
    const writes = Array.from(inputs(), record => writer.write(record).catch(() => {}));
    await writer.abort();
    await Promise.all(writes);
    topic.maintain();
    expect(topic.consume({ group: 'slow' }).poll()?.length).toBeGreaterThan(0);
  });
});
