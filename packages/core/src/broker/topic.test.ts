import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { KERNEL } from '../shard/layout.ts';
import { Topic } from './topic.ts';

const small = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 512 };

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof StreamError ? error.code : String(error);
  }
  return undefined;
}

function values(topic: Topic, group: string): string[] {
  const consumer = topic.consume({ group });
  const all: string[] = [];
  for (let batch = consumer.poll(); batch; batch = consumer.poll()) {
    for (const record of batch) all.push(record.text);
  }
  consumer.close();
  return all;
}

describe('append', () => {
  test('a record is visible when append returns, at dense offsets', () => {
    const topic = Topic.create('t', small);
    expect(topic.append({ key: 'a', value: 'one', timestamp: 5, headers: { h: 'x' } })).toBe(0);
    expect(topic.append({ key: 'b', value: 'two' })).toBe(1);
    const [one, two] = topic.latest({ shard: 0 }).copy();
    expect(one).toMatchObject({ key: 'a', timestamp: 5, headers: { h: 'x' }, offset: 0, shard: 0 });
    expect(Buffer.from(one.value).toString()).toBe('one');
    expect(two.offset).toBe(1);
  });

  test('a retention of 3 keeps the last 3 of 10', () => {
    const topic = Topic.create('t', { ...small, retentionRecords: 3 });
    for (let i = 0; i < 10; i++) topic.append({ key: 'k', value: `v${i}` });
    expect(Array.from(topic.latest({ key: 'k' }), r => r.text)).toEqual(['v7', 'v8', 'v9']);
    expect(values(topic, 'g')).toEqual(['v7', 'v8', 'v9']);
  });

  test('without a group the oldest records make room', () => {
    const topic = Topic.create('t', small);
    for (let i = 0; i < 1000; i++) expect(topic.append({ value: `v${i}` })).toBe(i);
    const kept = Array.from(topic.latest({ shard: 0 }), r => r.text);
    expect(kept.at(-1)).toBe('v999');
    expect(kept.length).toBe(15);
  });

  test('a group gates the ring: SHARD_FULL at once, -1 from tryAppend, room after commit', () => {
    const topic = Topic.create('t', small);
    const consumer = topic.consume({ group: 'g' });
    let appended = 0;
    while (topic.tryAppend({ value: `v${appended}` }) >= 0) appended++;
    expect(appended).toBe(15);
    expect(codeOf(() => topic.append({ value: 'x' }))).toBe('SHARD_FULL');
    const batch = consumer.poll();
    expect(batch?.length).toBe(15);
    expect(topic.tryAppend({ value: 'x' })).toBe(-1);
    expect(consumer.poll()).toBeUndefined();
    expect(topic.append({ value: 'x' })).toBe(15);
  });

  test('sequences wrap at 2^31 and 2^32, offsets do not', () => {
    for (const firstOffset of [2 ** 31 - 20, 2 ** 32 - 20, 2 ** 40 - 7]) {
      const topic = Topic.create('t', small, { firstOffset });
      const consumer = topic.consume({ group: 'g' });
      let read = firstOffset;
      for (let i = 0; i < 200; i++) {
        expect(topic.append({ value: `v${i}` })).toBe(firstOffset + i);
        if (i % 7 !== 0) continue;
        for (let batch = consumer.poll(); batch; batch = consumer.poll()) {
          for (const record of batch) {
            expect(record.offset).toBe(read);
            expect(record.text).toBe(`v${read - firstOffset}`);
            read++;
          }
        }
      }
      expect(topic.stats()[0].end).toBe(firstOffset + 200);
    }
  });
});

describe('producer', () => {
  test('records arrive in order once the promise of their batch resolves', async () => {
    const topic = Topic.create('t', { ...small, shards: 2, slots: 1024, shardBytes: 65_536 });
    const producer = topic.producer({ batchRecords: 8 });
    let last: Promise<void> | undefined;
    for (let i = 0; i < 100; i++) last = producer.send({ key: `k${i % 5}`, value: `v${i}` });
    await last;
    await producer.close();
    const seen = values(topic, 'g');
    expect(seen.length).toBe(100);
    expect(codeOf(() => producer.offer({ value: 'x' }))).toBe('CLOSED');
  });

  test('a full shard holds send back until a group has read on', async () => {
    const topic = Topic.create('t', small);
    const consumer = topic.consume({ group: 'g' });
    const producer = topic.producer({ batchRecords: 2 });
    const sent: number[] = [];
    const sending = (async () => {
      for (let i = 0; i < 100; i++) {
        await producer.send({ value: `v${i}` });
        sent.push(i);
      }
      await producer.close();
      topic.end();
    })();
    const seen: string[] = [];
    for await (const batch of consumer) for (const record of batch) seen.push(record.text);
    await sending;
    expect(seen).toEqual(sent.map(i => `v${i}`));
    expect(seen.length).toBe(100);
  });
});

test('records without a key fill a batch of one shard, then of the next', async () => {
  const topic = Topic.create('t', { ...small, shards: 3 });
  const producer = topic.producer({ batchRecords: 2 });
  for (let i = 0; i < 6; i++) producer.sendSync({ value: `v${i}` });
  producer.closeSync();
  const kept = [0, 1, 2].map(shard => Array.from(topic.latest({ shard }), r => r.text));
  expect(kept).toEqual([
    ['v0', 'v1'],
    ['v2', 'v3'],
    ['v4', 'v5'],
  ]);
});

test('senders that wait for room keep their order', async () => {
  const topic = Topic.create('t', small);
  const consumer = topic.consume({ group: 'g' });
  const producer = topic.producer({ batchRecords: 2 });
  const sends = Array.from({ length: 100 }, (_, i) => producer.send({ value: `v${i}` }));
  const closing = Promise.all(sends).then(() => producer.close());
  const seen: string[] = [];
  while (seen.length < 100) {
    const next = await consumer.next();
    for (const record of next.value ?? []) seen.push(record.text);
  }
  await closing;
  expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => `v${i}`));
});

test('so many calls of send may wait for room, and one more is an error that takes nothing', async () => {
  const topic = Topic.create('t', { ...small, maxWaitingSends: 1_024 });
  const consumer = topic.consume({ group: 'g' });
  const producer = topic.producer({ batchRecords: 2 });
  const sends: Promise<void>[] = [];
  const send = () => sends.push(producer.send({ value: `v${sends.length}` }));
  while (producer.offer({ value: 'fills' }));
  for (let i = 0; i < 1_024; i++) send();
  for (let i = 0; i < 2; i++) expect(codeOf(send)).toBe('TOO_MANY_WAITING');
  const seen: string[] = [];
  const read = async (count: number) => {
    while (seen.length < count) {
      const { value: batch } = await consumer.next();
      for (const { text } of batch ?? []) if (text !== 'fills') seen.push(text);
    }
  };
  await read(1_000);
  // Those that have found room no longer wait.
  send();
  await read(1_025);
  await Promise.all(sends);
  expect(seen).toEqual(sends.map((_, i) => `v${i}`));
  await producer.close();
  expect(codeOf(() => topic.producer({ maxWaitingSends: 5 }))).toBe('INVALID_OPTION');
});

describe('groups', () => {
  test('members share the shards, stickily, and hand them over without loss', () => {
    const topic = Topic.create('t', { ...small, shards: 4 });
    const a = topic.consume({ group: 'g', member: 'a' });
    expect(a.assignment).toEqual([0, 1, 2, 3]);
    const b = topic.consume({ group: 'g', member: 'b' });
    for (let shard = 0; shard < 4; shard++) topic.append({ value: `s${shard}`, shard });
    const seen: string[] = [];
    for (let round = 0; round < 8; round++) {
      for (const consumer of [a, b]) {
        const batch = consumer.poll();
        for (const record of batch ?? []) seen.push(record.text);
      }
    }
    expect(seen.sort()).toEqual(['s0', 's1', 's2', 's3']);
    expect([...a.assignment, ...b.assignment].sort()).toEqual([0, 1, 2, 3]);
    expect(a.assignment.length).toBe(2);
    expect(codeOf(() => topic.consume({ group: 'g', member: 'a' }))).toBe('DUPLICATE_MEMBER');
    b.close();
    a.poll();
    expect(a.assignment.length).toBe(4);
  });

  test('a commit under an older assignment is FENCED, and the records are read again', () => {
    const topic = Topic.create('t', { ...small, shards: 2 });
    topic.append({ value: 'x', shard: 1 });
    const a = topic.consume({ group: 'g', member: 'a', autoCommit: false });
    const batch = a.poll();
    expect(batch?.length).toBe(1);
    const b = topic.consume({ group: 'g', member: 'b' });
    a.poll();
    expect(codeOf(() => batch?.commit())).toBe('FENCED');
    expect(b.poll()?.at(0)?.text).toBe('x');
  });

  test('a group that begins at the earliest of a full ring misses nothing but what its mark displaces', () => {
    const topic = Topic.create('t', { ...small, slots: 64, shardBytes: 65_536 });
    for (let i = 0; i < 60; i++) topic.append({ value: `v${i}` });
    expect(values(topic, 'g')).toEqual(Array.from({ length: 60 }, (_, i) => `v${i}`));
    const full = Topic.create('t', { ...small, slots: 64, shardBytes: 65_536 });
    for (let i = 0; i < 500; i++) full.append({ value: `v${i}` });
    const seen = values(full, 'g');
    expect(seen.length).toBe(62);
    expect(seen.at(-1)).toBe('v499');
  });

  test('lag counts records of users, and seek reads on from elsewhere', () => {
    const topic = Topic.create('t', small);
    for (let i = 0; i < 5; i++) topic.append({ value: `v${i}`, timestamp: i * 10 });
    const consumer = topic.consume({ group: 'g' });
    expect(topic.lag('g')).toBe(5);
    expect(consumer.poll()?.length).toBe(5);
    expect(consumer.poll()).toBeUndefined();
    expect(topic.lag('g')).toBe(0);
    consumer.seek(0, { timestamp: 25 });
    expect(consumer.poll()?.at(0)?.text).toBe('v3');
    consumer.seek(0, { offset: 1 });
    expect(consumer.poll()?.at(0)?.text).toBe('v1');
    expect(codeOf(() => consumer.seek(0, { offset: 99 }))).toBe('OFFSET_OUT_OF_RANGE');
    consumer.seek(0, 'earliest');
    expect(consumer.poll()?.at(0)?.text).toBe('v0');
    consumer.pause();
    topic.append({ value: 'v5' });
    expect(consumer.poll()).toBeUndefined();
    consumer.resume();
    expect(consumer.poll()?.at(0)?.text).toBe('v5');
  });

  test('where the oldest are overwritten, readers are told exactly how many they lost', () => {
    const topic = Topic.create('t', { ...small, overflow: 'overwrite' });
    const consumer = topic.consume({ group: 'g' });
    for (let i = 0; i < 100; i++) topic.append({ value: `v${i}` });
    const batch = consumer.poll();
    expect((batch?.lost ?? 0) + (batch?.length ?? 0)).toBe(100);
    expect(batch?.at(0)?.text).toBe(`v${batch?.lost}`);
  });
});

test('an ended topic refuses appends and tells readers that there is no more', async () => {
  const topic = Topic.create('t', { ...small, shards: 2 });
  topic.append({ value: 'a' });
  topic.end();
  expect(codeOf(() => topic.append({ value: 'b' }))).toBe('TOPIC_ENDED');
  const seen: string[] = [];
  for await (const batch of topic.consume({ group: 'g' })) for (const r of batch) seen.push(r.text);
  expect(seen).toEqual(['a']);
});

test('a shard whose words contradict one another is poisoned, and everybody is told', () => {
  const topic = Topic.create('t', small);
  topic.append({ value: 'a' });
  const consumer = topic.consume({ group: 'g' });
  expect(consumer.poll()?.length).toBe(1);
  topic.shards[0].i32[KERNEL.PUBLISHED >> 2] += 5;
  expect(codeOf(() => topic.maintain())).toBe('SHARD_POISONED');
  expect(codeOf(() => topic.append({ value: 'b' }))).toBe('SHARD_POISONED');
  topic.shards[0].i32[KERNEL.PUBLISHED >> 2] -= 5;
  expect(codeOf(() => consumer.poll())).toBe('SHARD_POISONED');
});

test('a handle of another build of the layout is refused', () => {
  const topic = Topic.create('t', small);
  topic.shards[0].i32[1] = 99;
  expect(codeOf(() => Topic.attach(topic.descriptor()))).toBe('LAYOUT_MISMATCH');
});

test('closing a handle tells waiting senders and consumers', async () => {
  const topic = Topic.create('t', small);
  topic.createGroup('slow');
  const producer = topic.producer({ batchRecords: 2 });
  const outcomes = Array.from({ length: 40 }, (_, i) =>
    producer.send({ value: `v${i}` }).then(
      () => 'sent',
      (error: StreamError) => error.code,
    ),
  );
  const other = Topic.attach(topic.descriptor());
  const consumer = other.consume({ group: 'empty', from: 'latest' });
  await Promise.resolve();
  const waiting = consumer.next().catch((error: StreamError) => error.code);
  other.close();
  topic.close();
  const settled = await Promise.all(outcomes);
  expect(settled.filter(outcome => outcome === 'CLOSED').length).toBeGreaterThan(0);
  expect(settled.every(outcome => outcome === 'sent' || outcome === 'CLOSED')).toBe(true);
  expect(await waiting).toBe('CLOSED');
});

test('control records alone never fill a shard whose consumer commits by hand', () => {
  const topic = Topic.create('t', { ...small, shards: 1 });
  const consumer = topic.consume({ group: 'g', autoCommit: false });
  const producer = topic.producer();
  for (let i = 0; i < 100; i++) {
    producer.watermark(i);
    expect(consumer.poll()).toBeUndefined();
  }
  producer.closeSync();
});

describe('what cannot be is INVALID_OPTION', () => {
  test.each([
    [{ shards: 0 }, 'shards is 0; it takes a whole number from 1 to 1024'],
    [{ shards: 1.5 }, 'shards is 1.5'],
    [{ maxGroups: -1 }, 'maxGroups is -1'],
    [{ overflow: 'drop' }, 'overflow is "drop"; it takes one of "block", "overwrite"'],
    [{ partitioner: 'md5' }, 'partitioner is "md5"'],
    [{ retentionRecords: -1 }, 'retentionRecords is -1'],
    [{ acks: 'all' }, 'acks is "all"'],
    [{ slot: 16 }, 'A topic has no option "slot". It has shards,'],
    [{ durable: true }, 'durable is true; only an engine with a directory keeps topics'],
  ])('options of a topic: %j', (options, message) => {
    expect(() => Topic.create('t', options as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });

  test.each([
    { batchRecords: 0 },
    { batchRecords: 1.5 },
    { batchRecords: Number.POSITIVE_INFINITY },
    { batchBytes: '5' },
    { lingerMs: Number.NaN },
  ])('options of a producer: %o', options => {
    const topic = Topic.create('t', small);
    expect(codeOf(() => topic.producer(options as never))).toBe('INVALID_OPTION');
    expect(topic.stats()[0].openProducers).toBe(0);
  });
});

test('a key that is none has no shard and no records', () => {
  const topic = Topic.create('t', small);
  expect(codeOf(() => topic.shardOf(5 as never))).toBe('INVALID_KEY');
  expect(codeOf(() => topic.latest({ key: 5 as never }))).toBe('INVALID_KEY');
});

test('who is held back can ask by which group, and since when', () => {
  const topic = Topic.create('t', small, { now: () => 5_000 });
  expect(topic.heldBackBy(0)).toBeUndefined();
  topic.createGroup('slow');
  topic.createGroup('quick');
  const quick = topic.consume({ group: 'quick' });
  while (topic.tryAppend({ value: 'x' }) >= 0);
  quick.poll();
  quick.commit();
  topic.maintain();
  expect(topic.heldBackBy(0)).toMatchObject({
    group: 'slow',
    shard: 0,
    committed: 0,
    end: 15,
    lag: 15,
    since: 5_000,
  });
  expect(() => topic.append({ value: 'x' })).toThrow(/the group "slow" has 15 records of it left/);
  expect(codeOf(() => topic.heldBackBy(1))).toBe('SHARD_OUT_OF_RANGE');
  const overwriting = Topic.create('t', { ...small, overflow: 'overwrite' });
  overwriting.createGroup('slow');
  expect(overwriting.heldBackBy(0)).toBeUndefined();
});

/** As if so many records, a multiple of the slots, had been appended and overwritten. */
function leap(topic: Topic, records: number): void {
  for (const { i32 } of topic.shards) {
    const offset = topic.stats()[0].end + records;
    i32[KERNEL.TAIL >> 2] += records;
    i32[KERNEL.PUBLISHED >> 2] += records;
    i32[KERNEL.ERA >> 2] = Math.floor(offset / 2 ** 30);
  }
}

describe.each([undefined, 1_000])('records by the milliards, kept for %s ms', retentionMs => {
  test('new readers begin at what is there, and idle ones know what they lost', () => {
    let nowMs = 0;
    const topic = Topic.create(
      't',
      { ...small, overflow: 'overwrite', retentionMs },
      { now: () => nowMs },
    );
    const idle = topic.consume({ group: 'idle' });
    let appended = 0;
    for (let round = 0; round < 7; round++) {
      nowMs += 60_000;
      topic.maintain();
      for (let i = 0; i < 3; i++, appended++) topic.append({ value: `v${appended}` });
      const kept = Array.from(topic.latest({ shard: 0 }), ({ text }) => text);
      const newest = [`v${appended - 3}`, `v${appended - 2}`, `v${appended - 1}`];
      expect(kept.slice(-3)).toEqual(newest);
      expect(values(topic, `round ${round}`).slice(-3)).toEqual(newest);
      const [{ earliest, end }] = topic.stats();
      expect(end - earliest).toBeLessThan(16);
      expect(end).toBe(round * 2 ** 29 + appended);
      leap(topic, 2 ** 29);
      topic.maintain();
    }
    expect(topic.lag('idle')).toBe(7 * 2 ** 29 + appended);
    expect(idle.position(0)).toBe(0);
    topic.append({ value: 'last' });
    const batch = idle.poll();
    expect(batch?.lost).toBe(7 * 2 ** 29 + appended);
    expect(batch?.at(0)?.text).toBe('last');
    expect(idle.poll()).toBeUndefined();
    expect(idle.committed(0)).toBe(7 * 2 ** 29 + appended + 1);
  });
});
