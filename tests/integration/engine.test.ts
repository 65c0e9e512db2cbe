import { execFile } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { describe, expect, test } from 'vitest';

const small = { processors: 1, shards: 2 } as const;
const copy = new URL('./engine/pipeline-copy.ts', import.meta.url);

describe('topics of an engine', () => {
  test('a record is visible when append returns', async () => {
    await using engine = await Engine.start(small);
    const topic = engine.topic('flights');
    expect(topic.append({ key: 'JFK', value: 'first', headers: { source: 'tower' } })).toBe(0);
    const [record] = topic.latest({ key: 'JFK' }).copy();
    expect(record).toMatchObject({ key: 'JFK', headers: { source: 'tower' } });
    expect(Buffer.from(record.value).toString()).toBe('first');
  });

  test('a name stands for one topic, and its options for as long as it lives', async () => {
    await using engine = await Engine.start(small);
    const topic = engine.topic('flights', { shards: 3 });
    expect(topic.shardCount).toBe(3);
    expect(engine.topic('flights')).toBe(topic);
    expect(engine.topic('flights', { shards: 3 })).toBe(topic);
    expect(() => engine.topic('flights', { shards: 4 })).toThrow(
      expect.objectContaining({
        code: 'TOPIC_EXISTS',
        message: expect.stringContaining('shards = 3'),
      }),
    );
    expect(engine.topics()).toEqual(['flights']);
  });

  test('what a topic is made of comes from its own options over those of the engine', async () => {
    await using engine = await Engine.start({ ...small, retentionRecords: 3 });
    expect(engine.topic('a').options).toMatchObject({ shards: 2, retentionRecords: 3 });
    expect(engine.topic('b', { shards: 1 }).options).toMatchObject({
      shards: 1,
      retentionRecords: 3,
    });
    expect(() => engine.topic('c', { shards: 0 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
    expect(() => engine.topic('c', { processors: 2 } as object)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('processors'),
      }),
    );
    expect(engine.topic('tiny', { shardBytes: 4096 }).options.maxRecordBytes).toBe(1024);
    expect(() => engine.topic('', {})).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  test('a topic that the memory cannot hold is refused, and the engine goes on', async () => {
    // Each memory of WebAssembly reserves about 10 GB of addresses, which the limit is about.
    const program = fileURLToPath(new URL('./engine/program-without-memory.ts', import.meta.url));
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `ulimit -v 300000000; exec ${JSON.stringify(process.execPath)} ${JSON.stringify(program)}`,
    ]);
    expect(JSON.parse(stdout)).toEqual({ code: 'OUT_OF_MEMORY', named: true, offset: 0 });
  });

  test('the owner appends the end of a topic, and its readers come to an end', async () => {
    await using engine = await Engine.start(small);
    const topic = engine.topic('flights');
    topic.append({ key: 'a', value: '1' });
    topic.end();
    const seen: (string | undefined)[] = [];
    for await (const batch of topic.consume({ group: 'g' })) {
      for (const record of batch) seen.push(record.text);
    }
    expect(seen).toEqual(['1']);
    expect(() => topic.append({ value: '2' })).toThrow(
      expect.objectContaining({ code: 'TOPIC_ENDED' }),
    );
  });
});

describe('the configuration of an engine', () => {
  test('is resolved once and frozen', async () => {
    await using engine = await Engine.start({ ...small, userRetries: 7 });
    expect(engine.config).toMatchObject({ processors: 1, shards: 2, userRetries: 7 });
    expect(Object.isFrozen(engine.config)).toBe(true);
  });

  test.each([
    [{ shards: 0 }, 'shards'],
    [{ processors: 0 }, 'processors'],
    [{ overflow: 'drop' as 'block' }, 'overflow'],
    [{ shard: 1 } as object, 'shard'],
    [{ shardBytes: 1024, maxRecordBytes: 1024 }, 'maxRecordBytes'],
  ])('%o is refused before any thread starts', async (options, named) => {
    const starting = Engine.start(options);
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(starting).rejects.toThrow(named);
  });
});

describe('the end of an engine', () => {
  test('what producers have taken and pipelines have read is out before it stops', async () => {
    const engine = await Engine.start(small);
    const job = await engine.run(copy);
    const producer = engine.topic('in').producer({ lingerMs: 60_000 });
    for (let i = 0; i < 1_000; i++) void producer.send({ key: String(i), value: 'x' });
    await engine.stop();
    expect(job.stats()).toMatchObject({ in: 1_000, out: 1_000, state: 'stopped', lag: 0 });
  });

  test('a second stop does not wait for what cannot drain', async () => {
    const engine = await Engine.start({ ...small, stopTimeoutMs: 60_000, slots: 64 });
    const out = engine.topic('out');
    out.createGroup('nobody reads');
    const job = await engine.run(copy);
    for (let i = 0; i < 100; i++) engine.topic('in').tryAppend({ key: 'k', value: 'x' });
    const first = engine.stop();
    const second = engine.stop();
    await Promise.all([first, second]);
    expect(job.state).toBe('stopped');
  });

  test('nothing can be begun after it', async () => {
    const engine = await Engine.start(small);
    const topic = engine.topic('a');
    await engine.stop();
    await engine.stop();
    const closed = expect.objectContaining({ code: 'CLOSED' });
    expect(() => engine.topic('b')).toThrow(closed);
    expect(() => engine.descriptor()).toThrow(closed);
    expect(() => topic.append({ value: 'x' })).toThrow(
      expect.objectContaining({ code: 'TOPIC_ENDED' }),
    );
    await expect(engine.run(copy)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('whoever reads is told that there is no more', async () => {
    const engine = await Engine.start(small);
    const topic = engine.topic('a');
    const reading = (async () => {
      for await (const _ of topic.consume({ group: 'g' }));
      return 'end';
    })();
    await engine.stop();
    expect(await reading).toBe('end');
  });

  test('a process that has stopped its engine ends by itself, and nothing was printed', async () => {
    const program = fileURLToPath(new URL('./engine/program.ts', import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ records: 10, left: [] });
  });
});

describe('events', () => {
  test('listeners and diagnostics_channel are told the same', async () => {
    const published: unknown[] = [];
    const listener = (message: unknown) => published.push(message);
    subscribe('lite-streams:thread-exited', listener);
    try {
      await using engine = await Engine.start(small);
      const exited = once(engine.events, 'thread-exited');
      const replaced = once(engine.events, 'thread-replaced');
      killThread(engine, 'owner', 0);
      const [about] = await exited;
      expect(about).toMatchObject({ role: 'owner' });
      expect(published).toContain(about);
      const [{ replaces, thread }] = await replaced;
      expect(replaces).toBe(about.thread);
      expect(thread).not.toBe(about.thread);
    } finally {
      unsubscribe('lite-streams:thread-exited', listener);
    }
  });
});

describe('when threads of the engine die', () => {
  test('two owners replace one another', async () => {
    await using engine = await Engine.start({ ...small, owners: 2 });
    const topic = engine.topic('a');
    for (const index of [1, 0]) {
      const replaced = once(engine.events, 'thread-replaced');
      killThread(engine, 'owner', index);
      expect((await replaced)[0]).toMatchObject({ role: 'owner' });
    }
    topic.end();
    for await (const _ of topic.consume({ group: 'g' }));
  });

  test('the supervisor among them: every job fails, and so does what is begun after', async () => {
    const engine = await Engine.start(small);
    const job = await engine.run(copy);
    const failed = once(engine.events, 'failed');
    const running = engine.run(copy, { name: 'second' });
    // No port is in this message, which no code of the engine would send.
    const { supervised } = engine as unknown as { supervised: { send(message: object): void } };
    supervised.send({ kind: 'attach', thread: 99 });
    expect((await failed)[0].error).toMatchObject({ code: 'THREAD_FAILED' });
    await expect(job.drained()).rejects.toMatchObject({ code: 'THREAD_FAILED' });
    await expect(running).rejects.toMatchObject({ code: 'THREAD_FAILED' });
    await expect(engine.run(copy)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => engine.topic('new')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await engine.stop();
  });
});
