import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Topic } from '@lite-streams/core';
import { Engine, type LogConsumer, openLog } from '@lite-streams/workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ScratchDirectory } from './scratch-directory.ts';

let directory: ScratchDirectory;
beforeEach(() => {
  directory = new ScratchDirectory();
});
afterEach(() => directory[Symbol.dispose]());

const options = { shards: 2, processors: 1, slots: 256, shardBytes: 65_536 };
/** The owner thread looks at retention now and then. */
const LONG = { timeout: 30_000 };
const withCode = (code: string): unknown => expect.objectContaining({ code });

async function send(topic: Topic, from: number, to: number): Promise<void> {
  const producer = topic.producer();
  for (let i = from; i < to; i++)
    void producer.send({ key: `k${i}`, value: String(i), timestamp: i });
  await producer.close();
}

describe('a reader of a directory', () => {
  test('reads while an engine writes, to the end of the topic', async () => {
    await using engine = await Engine.start({ ...options, directory: directory.path });
    const topic = engine.topic('events');
    await send(topic, 0, 500);
    const consumer = openLog(directory.path).topic('events').consume({ group: 'team' });
    const seen = new Set<string>();
    const all = (async () => {
      for await (const batch of consumer) for (const { text } of batch) seen.add(text);
    })();
    await send(topic, 500, 2_000);
    topic.end();
    await all;
    expect(seen.size).toBe(2_000);
    consumer.close();
    // The same files keep what groups of an engine have read.
    expect(topic.consume({ group: 'team' }).lag()).toBe(0);
  });

  test('goes on where its group stopped, and begins where it is told', async () => {
    await using engine = await Engine.start({ ...options, directory: directory.path });
    await send(engine.topic('events'), 0, 1_000);
    const topic = openLog(directory.path).topic('events');
    const first = topic.consume({ group: 'team', maxRecords: 100, follow: false });
    let read = 0;
    for (let i = 0; i < 3; i++) read += (await first.next()).value?.length ?? 0;
    expect(() => topic.consume({ group: 'team' })).toThrow(withCode('DIRECTORY_LOCKED'));
    first.close();
    const second = topic.consume({ group: 'team', follow: false });
    for await (const batch of second) read += batch.length;
    second.close();
    expect(read).toBe(1_000);
    expect((await topic.consume({ from: 'latest', follow: false }).next()).done).toBe(true);
    const late = topic.consume({ from: { timestamp: 900 }, follow: false });
    let later = 0;
    for await (const batch of late) later += batch.length;
    expect(later).toBe(100);
    const { earliest, end } = topic.range(0);
    expect(earliest).toBe(0);
    expect(() => topic.consume({ from: { offset: end + 1 } })).toThrow(
      withCode('OFFSET_OUT_OF_RANGE'),
    );
    expect(() => openLog(directory.path).topic('none')).toThrow(withCode('UNKNOWN_TOPIC'));
  });

  test('whose records are removed before it has read them goes on as onOutOfRange says', async () => {
    await using engine = await Engine.start({
      ...options,
      shards: 1,
      directory: directory.path,
      segmentBytes: 4_096,
      retentionRecords: 100,
    });
    const written = engine.topic('events');
    await send(written, 0, 10);
    const topic = openLog(directory.path).topic('events');
    const policies = [undefined, 'error', 'latest'] as const;
    const readers = policies.map(onOutOfRange => topic.consume({ onOutOfRange }));
    await send(written, 10, 2_000);
    await vi.waitFor(() => expect(topic.range(0).earliest).toBeGreaterThan(1_000), LONG);
    const [first, error, latest] = readers;
    const next = async (reader: LogConsumer) => (await reader.next()).value;
    const batch = await next(first);
    expect(batch?.lost).toBe(batch?.firstOffset);
    expect(batch?.lost).toBeGreaterThan(1_000);
    for (let i = 0; i < 2; i++) {
      await expect(next(error)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      expect(error.position(0)).toBe(0);
    }
    let lost = 0;
    const waiting = (async () => {
      for await (const { lost: missing, length, ...rest } of latest) {
        lost += missing;
        if (length > 0) return rest.firstOffset;
      }
      return undefined;
    })();
    const { end } = topic.range(0);
    await vi.waitFor(() => expect(latest.position(0)).toBe(end), LONG);
    await send(written, 2_000, 2_001);
    expect(await waiting).toBeGreaterThanOrEqual(end);
    expect(lost).toBe(end);
    for (const reader of readers) reader.close();
    const bad = { onOutOfRange: 'newest' as never };
    expect(() => topic.consume(bad)).toThrow(withCode('INVALID_OPTION'));
  });

  test('is ended by its signal', async () => {
    await using engine = await Engine.start({ ...options, directory: directory.path });
    await send(engine.topic('events'), 0, 1);
    const abort = new AbortController();
    const topic = openLog(directory.path).topic('events');
    const consumer = topic.consume({ from: 'latest', signal: abort.signal });
    const next = consumer.next();
    abort.abort();
    await expect(next).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('a directory that cannot be used', () => {
  const start = (path = directory.path): Promise<Engine> =>
    Engine.start({ ...options, directory: path });

  test('is refused when another engine writes it', async () => {
    await using engine = await start();
    expect(engine.config.directory).toBe(directory.path);
    await expect(start()).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
  });

  test('is refused when its files are not ours, or it is a file', async () => {
    writeFileSync(join(directory.path, 'notes.txt'), 'mine');
    await expect(start()).rejects.toMatchObject({
      code: 'STORAGE_MISMATCH',
      message: expect.stringContaining('notes.txt'),
    });
    await expect(start(join(directory.path, 'notes.txt'))).rejects.toMatchObject({
      code: 'STORAGE_MISMATCH',
    });
    expect(() => openLog(directory.path)).toThrow(withCode('STORAGE_MISMATCH'));
    expect(() => openLog(join(directory.path, 'none'))).toThrow(withCode('STORAGE_MISMATCH'));
    expect(readFileSync(join(directory.path, 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('is refused when it has another format version', async () => {
    await (await start()).stop();
    const line = `${JSON.stringify({ product: 'lite-streams', format: 99 })}\n`;
    const check = crc32(line).toString(16).padStart(8, '0');
    writeFileSync(join(directory.path, 'engine.json'), `${line}${check}\n`);
    await expect(start()).rejects.toMatchObject({
      code: 'STORAGE_MISMATCH',
      message: expect.stringContaining('99'),
    });
    writeFileSync(join(directory.path, 'engine.json'), line);
    await expect(start()).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
  });

  test('is refused when a topic in it is another one, or another file', async () => {
    await using engine = await start();
    await send(engine.topic('one'), 0, 10);
    await engine.stop();
    const topics = join(directory.path, 'topics');
    cpSync(join(topics, 'one'), join(topics, 'two'), { recursive: true });
    const again = await start();
    expect(() => again.topics()).toThrow(withCode('STORAGE_MISMATCH'));
    expect(again.topic('one').stats()).toHaveLength(2);
    expect(() => again.topic('two')).toThrow(withCode('STORAGE_MISMATCH'));
    await again.stop();
  });

  test.skipIf(process.getuid?.() === 0)('is refused without rights', async () => {
    const path = join(directory.path, 'closed');
    mkdirSync(path);
    chmodSync(path, 0o500);
    await expect(start(path)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  test('cannot be made below a file', async () => {
    writeFileSync(join(directory.path, 'file'), '');
    await expect(start(join(directory.path, 'file', 'below'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
  });
});
