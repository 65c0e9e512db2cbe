import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { KERNEL } from '../shard/layout.ts';
import { Topic } from './topic.ts';

const small = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 512 };
const STOPPED = { code: 'SHARD_STOPPED' };

function stop(topic: Topic, shard: number): void {
  topic.shards[shard].setState(KERNEL.STATE_STOPPED);
}

function kept(topic: Topic, shard: number): string[] {
  return Array.from(topic.latest({ shard }), ({ text }) => text);
}

describe('records that were offered, and that a shard has refused in the background', () => {
  function refused() {
    const topic = Topic.create('t', { ...small, shards: 3 });
    const producer = topic.producer();
    for (let shard = 0; shard < 3; shard++) producer.offer({ value: `v${shard}`, shard });
    stop(topic, 1);
    return { topic, producer };
  }

  test('are told of by the next flush, which has sent those of the others', async () => {
    const { topic, producer } = refused();
    await Promise.resolve();
    await expect(producer.flush()).rejects.toMatchObject(STOPPED);
    expect([kept(topic, 0), kept(topic, 2)]).toEqual([['v0'], ['v2']]);
    await producer.flush();
    await producer.close();
  });

  test('are told of by a flush that waits for them, and not again', async () => {
    const { topic, producer } = refused();
    await expect(producer.flush()).rejects.toMatchObject(STOPPED);
    expect([kept(topic, 0), kept(topic, 2)]).toEqual([['v0'], ['v2']]);
    await producer.close();
  });

  test.each(['close', 'closeSync', 'flushSync'] as const)('are told of by %s', async how => {
    const { topic, producer } = refused();
    await Promise.resolve();
    const told = async () => await producer[how]();
    await expect(told()).rejects.toMatchObject(STOPPED);
    expect([kept(topic, 0), kept(topic, 2)]).toEqual([['v0'], ['v2']]);
  });

  test('are told of when others wait for room', async () => {
    const topic = Topic.create('t', { ...small, shards: 2 });
    const consumer = topic.consume({ group: 'g' });
    const producer = topic.producer({ batchRecords: 2 });
    let filled = 0;
    while (producer.offer({ value: `v${filled}`, shard: 1 })) filled++;
    producer.offer({ value: 'lost', shard: 0 });
    stop(topic, 0);
    await Promise.resolve();
    const closing = expect(producer.close()).rejects.toMatchObject(STOPPED);
    const seen: string[] = [];
    while (seen.length < filled) {
      for (const { text } of (await consumer.next()).value ?? []) seen.push(text);
    }
    await closing;
    expect(seen).not.toContain('lost');
  });
});

describe('a send whose shard has stopped', () => {
  test.each([
    { how: 'the batch is full', options: { batchRecords: 1 }, value: 'v' },
    { how: 'the batch has no room for it', options: { batchBytes: 512 }, value: 'v'.repeat(400) },
    { how: 'it has a key', options: { batchRecords: 1 }, value: 'v', key: 'k' },
  ])('rejects and does not throw: $how', async ({ options, ...record }) => {
    const topic = Topic.create('t', small);
    const producer = topic.producer(options);
    const first = producer.send(record);
    stop(topic, 0);
    const second = producer.send(record);
    await expect(second).rejects.toMatchObject(STOPPED);
    await expect(first).rejects.toMatchObject(STOPPED);
    expect(() => producer.send({ value: 7 as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
    await expect(producer.close()).rejects.toMatchObject(STOPPED);
  });

  test('rejects with a signal, too', async () => {
    const topic = Topic.create('t', small);
    const producer = topic.producer({ batchRecords: 1 });
    producer.offer({ value: 'v' });
    stop(topic, 0);
    const { signal } = new AbortController();
    await expect(producer.send({ value: 'v' }, { signal })).rejects.toMatchObject(STOPPED);
    await expect(producer.close()).rejects.toMatchObject(STOPPED);
  });

  test('that nobody awaits is told of by the next flush, with what else has gone', async () => {
    const topic = Topic.create('t', small);
    const producer = topic.producer({ batchRecords: 1 });
    producer.offer({ value: 'offered' });
    stop(topic, 0);
    // Rejections that nobody handles end the test run.
    void producer.send({ value: 'v' });
    await delay(1);
    await expect(producer.flush()).rejects.toMatchObject(STOPPED);
    await producer.close();
  });
});

test.each(['flushSync', 'closeSync'] as const)('%s sends what other shards take', how => {
  const topic = Topic.create('t', { ...small, shards: 3 });
  const producer = topic.producer();
  for (let shard = 0; shard < 3; shard++) producer.sendSync({ value: `v${shard}`, shard });
  stop(topic, 1);
  expect(() => producer[how]()).toThrow(expect.objectContaining(STOPPED));
  expect([kept(topic, 0), kept(topic, 2)]).toEqual([['v0'], ['v2']]);
});

test('a record that is taken just after its shard had room again is not acknowledged before it is in the log', async () => {
  const topic = Topic.create('t', small);
  const consumer = topic.consume({ group: 'g' });
  const producer = topic.producer({ batchRecords: 4 });
  while (producer.offer({ value: 'x' }));
  const [place] = topic.roomPlaces;
  const countWaiter = place.countWaiter.bind(place);
  let sent: Promise<string | undefined> | undefined;
  place.countWaiter = delta => {
    countWaiter(delta);
    if (delta === -1) sent ??= producer.send({ value: 'late' }).then(() => kept(topic, 0).at(-1));
  };
  while (sent === undefined) {
    consumer.poll();
    await delay(1);
  }
  expect(await sent).toBe('late');
  await producer.close();
});

test('what a producer had planned for later is over when it is closed', async () => {
  const topic = Topic.create('t', small);
  const first = topic.producer({ lingerMs: 20 });
  first.offer({ value: 'first' });
  await first.close();
  // Its memory is that of the first.
  const second = topic.producer({ lingerMs: 60_000 });
  second.offer({ value: 'second' });
  await delay(60);
  expect(kept(topic, 0)).toEqual(['first']);
  second.closeSync();
  expect(kept(topic, 0)).toEqual(['first', 'second']);
});
