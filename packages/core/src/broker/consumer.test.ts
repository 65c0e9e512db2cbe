import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import type { RecordView } from '../record/view.ts';
import type { ConsumeOptions } from './consumer.ts';
import type { TopicOptions } from './options.ts';
import { Topic } from './topic.ts';

const small = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 512 };

function topicWith(records: number, options: Partial<TopicOptions> = {}): Topic {
  const topic = Topic.create('t', { ...small, ...options });
  for (let i = 0; i < records; i++) topic.append({ key: `k${i}`, value: `v${i}` });
  return topic;
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof StreamError ? error.code : String(error);
  }
  return undefined;
}

/** All that a member of the group reads now, in batches of two. */
function readAll(topic: Topic, options: ConsumeOptions): string[] {
  const consumer = topic.consume({ maxRecords: 2, ...options });
  const all: string[] = [];
  for (let batch = consumer.poll(); batch; batch = consumer.poll()) {
    for (const { text } of batch) all.push(text);
  }
  consumer.close();
  return all;
}

describe.each(['block', 'overwrite'] as const)('at least once, in a topic to %s', overflow => {
  const topicOf = (records: number) => topicWith(records, { overflow });
  const consumerOf = (topic: Topic) => topic.consume({ group: 'g', maxRecords: 2 });

  test('a batch in whose midst the loop fails is read again', async () => {
    const topic = topicOf(5);
    const failing = async (): Promise<void> => {
      for await (const batch of consumerOf(topic)) if (batch.firstOffset > 0) throw new Error('no');
    };
    await expect(failing()).rejects.toThrow('no');
    expect(readAll(topic, { group: 'g' })).toEqual(['v2', 'v3', 'v4']);
  });

  test('so is one that a loop is left with by break, unless it was committed', async () => {
    const topic = topicOf(5);
    for await (const _ of consumerOf(topic)) break;
    for await (const batch of consumerOf(topic)) {
      expect(batch.firstOffset).toBe(0);
      batch.commit();
      break;
    }
    expect(readAll(topic, { group: 'g' })).toEqual(['v2', 'v3', 'v4']);
  });

  test('and one in the hands of a consumer whose scope is left', async () => {
    const topic = topicOf(3);
    {
      await using consumer = consumerOf(topic);
      expect(consumer.poll()?.length).toBe(2);
    }
    expect(readAll(topic, { group: 'g' })).toEqual(['v0', 'v1', 'v2']);
  });

  test('what is committed by hand, and no more, is done', () => {
    const topic = topicOf(5);
    const consumer = topic.consume({ group: 'g', maxRecords: 2, autoCommit: false });
    consumer.poll()?.commit();
    consumer.poll();
    expect(consumer.committed(0)).toBe(2);
    expect(consumer.position(0)).toBe(4);
    expect(topic.lag('g')).toBe(3);
    consumer.close();
    expect(readAll(topic, { group: 'g' })).toEqual(['v2', 'v3', 'v4']);
  });

  test('close says that the last batch is done', () => {
    const topic = topicOf(3);
    const consumer = consumerOf(topic);
    expect(consumer.poll()?.length).toBe(2);
    consumer.close();
    expect(readAll(topic, { group: 'g' })).toEqual(['v2']);
  });
});

describe('a signal', () => {
  test('ends a wait, and the consumer leaves its group', async () => {
    const topic = topicWith(1);
    const controller = new AbortController();
    const consumer = topic.consume({ group: 'g', signal: controller.signal });
    expect((await consumer.next()).value?.length).toBe(1);
    const waiting = consumer.next();
    controller.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    await expect(consumer.next()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(topic.groups()[0]).toMatchObject({ members: [], lag: 0 });
  });

  test('lets the batch in hand be finished and committed', () => {
    const topic = topicWith(3);
    const controller = new AbortController();
    const { signal } = controller;
    const consumer = topic.consume({ group: 'g', maxRecords: 2, autoCommit: false, signal });
    const batch = consumer.poll();
    controller.abort();
    expect(batch?.at(1)?.text).toBe('v1');
    batch?.commit();
    expect(codeOf(() => consumer.poll())).toBe('ABORTED');
    expect(codeOf(() => consumer.seek(0, 'earliest'))).toBe('ABORTED');
    expect(readAll(topic, { group: 'g' })).toEqual(['v2']);
  });

  test('that has fired before ends the consumer at its first batch', async () => {
    const topic = topicWith(1);
    const consumer = topic.consume({ group: 'g', signal: AbortSignal.abort() });
    await expect(consumer.next()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(topic.lag('g')).toBe(1);
  });
});

describe('in development', () => {
  test('a view, and its batch, say so when they are used after the next batch was asked for', () => {
    const topic = Topic.create('t', small, { development: true });
    for (const value of ['a', 'b', 'c']) topic.append({ key: 'k', value, headers: { h: value } });
    const consumer = topic.consume({ group: 'g', maxRecords: 2 });
    const first = consumer.poll();
    const view = first?.at(1) as RecordView;
    const copy = view.copy();
    expect(view.text).toBe('b');
    const second = consumer.poll();
    for (const use of [
      () => view.text,
      () => view.key,
      () => view.header('h'),
      () => view.copy(),
      () => first?.at(0),
      () => first?.copy(),
      () => [...(first ?? [])],
    ]) {
      expect(codeOf(use)).toBe('STALE_VIEW');
    }
    expect(copy).toMatchObject({ key: 'k', headers: { h: 'b' } });
    expect(second?.at(0)?.text).toBe('c');
    consumer.close();
    expect(codeOf(() => second?.at(0))).toBe('STALE_VIEW');
  });
});

describe('an offset that is not in the log', () => {
  const far = { offset: 1000 };

  test('is an error where a new group names it, and makes no group', () => {
    const topic = topicWith(3);
    expect(codeOf(() => topic.consume({ group: 'g', from: far }))).toBe('OFFSET_OUT_OF_RANGE');
    expect(topic.groups()).toEqual([]);
  });

  test('or what onOutOfRange says', () => {
    const topic = topicWith(3);
    const from = (onOutOfRange: 'earliest' | 'latest') =>
      readAll(topic, { group: onOutOfRange, from: far, onOutOfRange });
    expect(from('earliest')).toEqual(['v0', 'v1', 'v2']);
    expect(from('latest')).toEqual([]);
    const consumer = topic.consume({ group: 'latest', onOutOfRange: 'earliest' });
    consumer.seek(0, far);
    expect(consumer.position(0)).toBe(0);
  });

  test('onOutOfRange takes three words', () => {
    const options = { group: 'g', onOutOfRange: 'newest' as never };
    expect(codeOf(() => topicWith(1).consume(options))).toBe('INVALID_OPTION');
  });
});

describe('a group behind what has been overwritten', () => {
  test('whose member leaves before a batch is done leaves its loss to the next one too', () => {
    const { topic, consumer } = behind();
    expect(consumer.poll()?.lost).toBe(85);
    void consumer.return();
    expect(topic.lag('g')).toBe(100);
    const batch = topic.consume({ group: 'g' }).poll();
    expect(batch?.lost).toBe(85);
    expect(batch?.at(0)?.text).toBe('v86');
  });

  /** A group that has read `v0`, and then a hundred records more. */
  const behind = (onOutOfRange?: 'error' | 'earliest' | 'latest') => {
    const topic = topicWith(1, { overflow: 'overwrite' });
    const consumer = topic.consume({ group: 'g', onOutOfRange });
    consumer.poll();
    for (let i = 1; i <= 100; i++) topic.append({ value: `v${i}` });
    return { topic, consumer };
  };

  test.each([undefined, 'earliest'] as const)('goes on at the earliest (%s)', policy => {
    const batch = behind(policy).consumer.poll();
    expect(batch?.lost).toBe(85);
    expect(batch?.at(0)?.text).toBe('v86');
  });

  test('is told by an error, until it seeks', () => {
    const { consumer } = behind('error');
    for (let i = 0; i < 2; i++) expect(codeOf(() => consumer.poll())).toBe('OFFSET_OUT_OF_RANGE');
    expect(consumer.position(0)).toBe(1);
    consumer.seek(0, 'earliest');
    const batch = consumer.poll();
    expect(batch?.lost).toBe(0);
    expect(batch?.at(0)?.text).toBe('v86');
  });

  test('goes on at the end, and is told how many it has passed over', () => {
    const { topic, consumer } = behind('latest');
    expect(consumer.poll()).toBeUndefined();
    topic.append({ value: 'new' });
    const batch = consumer.poll();
    expect(batch?.at(0)?.text).toBe('new');
    expect(batch?.lost).toBe(100);
  });
});
