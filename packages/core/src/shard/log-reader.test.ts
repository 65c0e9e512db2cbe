import { describe, expect, test } from 'vitest';
import { storeWide } from '../memory/atomics.ts';
import { RecordWriter } from '../record/writer.ts';
import { Appender, takeCell } from './appender.ts';
import type { ShardHistory } from './history.ts';
import { KERNEL, LOG } from './layout.ts';
import { LogCursor } from './log-cursor.ts';
import { LogReader } from './log-reader.ts';
import { Shard } from './shard.ts';
import { ShardScan } from './shard-scan.ts';

const APPENDED = 40;

/** A disk that has nothing any more. */
const nothing: ShardHistory = { read: () => 0, offsetOfTimestamp: () => -1, close: () => {} };

/** A ring of 16 slots through which more than that has gone; the log begins at `logStart`. */
function makeShard(logStart: number): Shard {
  const shard = Shard.create({
    shard: 0,
    slots: 16,
    dataBytes: 2_048,
    maxRecordBytes: 512,
    producers: 2,
    groups: 2,
    members: 2,
    overwrite: true,
  });
  takeCell(shard, 1, 1);
  const appender = new Appender(shard, 1);
  const writer = new RecordWriter({ maxRecordBytes: 64 });
  const at = shard.scratch.alloc(64);
  for (let i = 0; i < APPENDED; i++) {
    const bytes = writer.write(shard.scratch, at, 64, null, `${i}`, 0, null);
    expect(appender.append(at, 1, bytes)).toBeGreaterThanOrEqual(0);
  }
  shard.scratch.free(at, 64);
  storeWide(shard.i64, LOG.start >> 3, logStart);
  return shard;
}

describe('a reader of a durable shard that is behind the ring', () => {
  test('goes on at the start of the log when retention has taken what is before it, and counts it', () => {
    const shard = makeShard(30);
    const cursor = new LogCursor(shard, 0);
    cursor.openAt(0);
    const reader = new LogReader(cursor, nothing);
    expect(reader.poll(100)).toBe(APPENDED - 30);
    expect(reader.lost).toBe(30);
    expect(reader.run.offset).toBe(30);
    reader.unpoll();
    expect(cursor.nextOffset()).toBe(0);
    expect(reader.poll(100)).toBe(APPENDED - 30);
    expect(reader.lost).toBe(30);
    reader.close();
  });

  test('says so when the log ought to have what it has not', () => {
    const cursor = new LogCursor(makeShard(0), 0);
    cursor.openAt(0);
    const reader = new LogReader(cursor, nothing);
    expect(() => reader.poll(100)).toThrow(
      expect.objectContaining({
        code: 'LOG_DAMAGED',
        message: expect.stringContaining('Offset 0'),
      }),
    );
    reader.close();
  });

  test('has a group that holds nobody back, until it is dropped', () => {
    const cursor = new LogCursor(makeShard(0), 0);
    cursor.openAt(3);
    expect(cursor.state).toBe(KERNEL.GROUP_LOSSY);
    cursor.drop();
    expect(cursor.state).toBe(KERNEL.GROUP_FREE);
  });
});

test('a scan of what is gone says from where on', () => {
  const scan = new ShardScan(makeShard(0), undefined);
  expect(() => scan.visit(7, APPENDED, () => {})).toThrow(
    expect.objectContaining({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('offset 7'),
    }),
  );
  scan.close();
});
