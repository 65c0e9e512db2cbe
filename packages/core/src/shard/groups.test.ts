import { describe, expect, test } from 'vitest';
import { RecordView } from '../record/view.ts';
import { RecordWriter } from '../record/writer.ts';
import { Appender, takeCell } from './appender.ts';
import { CopiedRun } from './copied-run.ts';
import { GroupCursor } from './group-cursor.ts';
import { GroupReader } from './group-reader.ts';
import { KERNEL, KIND } from './layout.ts';
import { Shard } from './shard.ts';
import { SlotRun } from './slot-run.ts';

const SLOTS = 16;

function makeShard(overwrite: boolean, producers = 4): Shard {
  return Shard.create({
    shard: 0,
    slots: SLOTS,
    dataBytes: 2_048,
    maxRecordBytes: 512,
    producers,
    groups: 2,
    members: 2,
    overwrite,
  });
}

class Writer {
  next = 0;
  private readonly appender: Appender;
  private readonly shard: Shard;

  constructor(shard: Shard, producer = 1) {
    takeCell(shard, producer, 1);
    this.shard = shard;
    this.appender = new Appender(shard, producer);
  }

  /** Appends so many records of which each holds its number. */
  append(records = 1): number {
    const { scratch } = this.shard;
    const at = scratch.alloc(64 * records);
    const writer = new RecordWriter({ maxRecordBytes: 64 });
    let bytes = 0;
    for (let i = 0; i < records; i++) {
      bytes += writer.write(scratch, at + bytes, 64, null, `${this.next + i}`, 0, null);
    }
    const result = this.appender.append(at, records, bytes);
    if (result >= 0) this.next += records;
    scratch.free(at, 64 * records);
    return result;
  }
}

function texts(reader: GroupReader): string[] {
  const view = new RecordView();
  const all: string[] = [];
  for (let i = 0; i < reader.run.count; i++) {
    if (reader.run.kind(i) === KIND.data) all.push(reader.run.view(i, view).text);
  }
  return all;
}

describe('a gating group', () => {
  test('holds producers back until it has committed', () => {
    const shard = makeShard(false);
    const writer = new Writer(shard);
    const cursor = new GroupCursor(shard, 0);
    expect(cursor.state).toBe(KERNEL.GROUP_FREE);
    cursor.open(0, 1);
    expect(cursor.state).toBe(KERNEL.GROUP_GATING);
    const reader = new GroupReader(cursor, 0);
    expect(writer.append(SLOTS - 1)).toBe(0);
    expect(writer.append()).toBe(KERNEL.FULL);
    expect(cursor.lag()).toBe(SLOTS - 1);
    expect(reader.poll(4)).toBe(4);
    expect(texts(reader)).toEqual(['0', '1', '2', '3']);
    expect(writer.append()).toBe(KERNEL.FULL);
    expect(reader.commit(2)).toBe(0);
    expect(cursor.committed()).toBe(2);
    expect(writer.append(3)).toBe(KERNEL.FULL);
    expect(writer.append(2)).toBe(0);
    expect(reader.commit(4)).toBe(0);
    expect(cursor.committed()).toBe(4);
    expect(reader.poll(64)).toBe(SLOTS - 3);
    expect(reader.poll(64)).toBe(0);
    reader.close();
  });

  test('tells of those who wait for room when it commits', () => {
    const shard = makeShard(false);
    const writer = new Writer(shard);
    const cursor = new GroupCursor(shard, 0);
    cursor.open(0, 1);
    const reader = new GroupReader(cursor, 0);
    shard.countWaiter('records', 1);
    expect(writer.append()).toBe(KERNEL.WAKE_READERS);
    shard.countWaiter('records', -1);
    shard.countWaiter('room', 1);
    reader.poll(1);
    expect(reader.commit(1)).toBe(KERNEL.WAKE_PRODUCERS);
    expect(cursor.drop()).toBeUndefined();
    expect(cursor.state).toBe(KERNEL.GROUP_FREE);
  });

  test('tells of those who wait for room when it took back a lease that it stored in vain', () => {
    const whole = makeShard(false);
    // Only another worker of the group, between two loads, brings the kernel to say so.
    const shard = Shard.attach(whole.memory, () => ({ ...whole.kernel, poll: () => -1 }));
    const reader = new GroupReader(new GroupCursor(shard, 0), 0);
    expect(reader.poll(1)).toBe(0);
    expect(reader.wake).toBe(KERNEL.WAKE_PRODUCERS);
  });

  test('holds for each worker what that one has polled', () => {
    const shard = makeShard(false);
    const writer = new Writer(shard);
    const cursor = new GroupCursor(shard, 0);
    cursor.open(0, 1);
    const [first, second] = [new GroupReader(cursor, 0), new GroupReader(cursor, 1)];
    writer.append(3);
    expect(first.poll(1)).toBe(1);
    expect(second.poll(2)).toBe(2);
    second.commit(3);
    expect(cursor.committed()).toBe(0);
    first.commit(1);
    expect(cursor.committed()).toBe(3);
  });

  test('polls again what was not committed before a rewind', () => {
    const shard = makeShard(false);
    const writer = new Writer(shard);
    const cursor = new GroupCursor(shard, 0);
    cursor.open(0, 1);
    const reader = new GroupReader(cursor, 1);
    writer.append(5);
    reader.poll(4);
    reader.commit(1);
    reader.rewind();
    expect(cursor.next()).toBe(1);
    expect(reader.poll(64)).toBe(4);
    expect(texts(reader)).toEqual(['1', '2', '3', '4']);
  });

  test('that begins in a full ring keeps all but what its mark needs', () => {
    const shard = makeShard(false);
    const writer = new Writer(shard);
    while (writer.next < 40) writer.append();
    const cursor = new GroupCursor(shard, 0);
    const from = cursor.open(shard.physicalEarliest(), 1);
    expect(from).toBe(40 - SLOTS + 2);
    for (let i = 0; i < SLOTS; i++) writer.append();
    const reader = new GroupReader(cursor, 0);
    reader.poll(64);
    expect(texts(reader)).toEqual(Array.from({ length: SLOTS - 2 }, (_, i) => `${from + i}`));
  });

  test('that finds no cell for its mark begins where no claim can reach', () => {
    const shard = makeShard(false, 2);
    const writer = new Writer(shard);
    while (writer.next < 40) writer.append();
    const cursor = new GroupCursor(shard, 0);
    const from = cursor.open(shard.physicalEarliest(), 1);
    expect(from).toBe(40 - SLOTS + 1 + SLOTS / 4);
    expect(cursor.next()).toBe(from);
  });

  test('that begins behind an open claim of a whole ring begins at the end', () => {
    const shard = makeShard(false, 2);
    const writer = new Writer(shard);
    while (writer.next < 40) writer.append();
    // As if somebody had claimed all there is, and slept.
    shard.i32[KERNEL.TAIL >> 2] += SLOTS - 1;
    expect(new GroupCursor(shard, 0).open(30, 1)).toBe(40);
  });
});

describe('a reader that may be overtaken', () => {
  test('gets what is left, and is told how much is not', () => {
    const shard = makeShard(true);
    const writer = new Writer(shard);
    const cursor = new GroupCursor(shard, 0);
    expect(cursor.open(0, 1)).toBe(0);
    const reader = new GroupReader(cursor, 0);
    writer.append(3);
    expect(reader.poll(2)).toBe(2);
    expect(reader.commit(2)).toBe(0);
    while (writer.next < 40) writer.append();
    expect(reader.poll(4)).toBe(4);
    expect(reader.lost).toBe(40 - SLOTS + 1 - 2);
    expect(texts(reader)[0]).toBe(`${40 - SLOTS + 1}`);
    expect(reader.poll(64)).toBe(SLOTS - 5);
    expect(reader.lost).toBe(0);
    expect(reader.poll(64)).toBe(0);
    reader.close();
  });

  test('is told of a loss with the next records, or whoever reads after it is', () => {
    const shard = makeShard(true);
    const writer = new Writer(shard);
    const cursor = new GroupCursor(shard, 0);
    cursor.open(0, 1);
    const reader = new GroupReader(cursor, 0);
    writer.append(1);
    // As if all the ring were claimed, and nothing of it published yet.
    shard.i32[KERNEL.TAIL >> 2] += SLOTS - 1;
    expect(reader.poll(4)).toBe(0);
    expect(reader.lost).toBe(0);
    expect(cursor.next()).toBe(1);
    reader.rewind();
    expect(cursor.next()).toBe(0);
    reader.rewind();
    expect(cursor.next()).toBe(0);
    expect(reader.poll(4)).toBe(0);
    shard.i32[KERNEL.TAIL >> 2] -= SLOTS - 1;
    writer.append(1);
    expect(reader.poll(4)).toBe(1);
    expect(reader.lost).toBe(1);
  });
});

describe('copies of a run', () => {
  test('of nothing are empty', () => {
    const shard = makeShard(true);
    const run = new SlotRun(shard);
    expect(new CopiedRun(shard).take(0, 0, run)).toBe(0);
    expect(run.count).toBe(0);
    expect(run.bytesToMove()).toBe(0);
  });

  test('that are too large for the guess are taken again with room for the whole ring', () => {
    const whole = makeShard(true);
    const rooms: number[] = [];
    const shard = Shard.attach(whole.memory, () => ({
      ...whole.kernel,
      copyOut: (from, count, slotsTo, dataTo, room) => {
        rooms.push(room);
        return rooms.length === 1 ? -1 : whole.kernel.copyOut(from, count, slotsTo, dataTo, room);
      },
    }));
    new Writer(shard).append(2);
    const run = new SlotRun(shard);
    expect(new CopiedRun(shard).take(0, 2, run)).toBe(0);
    expect(rooms).toEqual([112, 2_048]);
    expect(run.view(1, new RecordView()).text).toBe('1');
  });

  test('whose slots were overwritten while the size was guessed take room for the whole ring', () => {
    const shard = makeShard(true);
    new Writer(shard).append(2);
    // The first slot as its next lap would have it.
    shard.i32[(shard.plan.slotsAt + KERNEL.SLOT_GRANULE) >> 2] = 1_000;
    shard.i32[KERNEL.TAIL >> 2] = SLOTS;
    const run = new SlotRun(shard);
    expect(new CopiedRun(shard).take(0, 2, run)).toBe(1);
    expect(run.view(0, new RecordView()).text).toBe('1');
  });
});

test('what a run says of its records', () => {
  const shard = makeShard(false);
  const writer = new Writer(shard, 2);
  const cursor = new GroupCursor(shard, 0);
  cursor.open(0, 1);
  writer.append(2);
  new Appender(shard, 2).appendControl(KIND.watermark, 77);
  const reader = new GroupReader(cursor, 0);
  reader.poll(64);
  const { run } = reader;
  expect(run.count).toBe(3);
  expect(run.countData()).toBe(2);
  expect(run.producer(0)).toBe(2);
  expect(run.storedBytes(0)).toBe(56);
  expect(run.kind(2)).toBe(KIND.watermark);
  expect(run.view(2, new RecordView()).timestamp).toBe(77);
});
