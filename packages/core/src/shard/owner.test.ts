import { describe, expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { RecordWriter } from '../record/writer.ts';
import { Appender, cellState, OWNER_CELL, takeCell, takenBy } from './appender.ts';
import { GroupCursor } from './group-cursor.ts';
import { GroupReader } from './group-reader.ts';
import { CELL, CONSTANT, GROUP, KERNEL, KIND } from './layout.ts';
import { ShardOwner } from './owner.ts';
import { Shard } from './shard.ts';
import { ABORTED } from './slot-run.ts';

const OWNER_THREAD = 9;

function makeShard(overwrite = true): Shard {
  return Shard.create({
    shard: 0,
    slots: 16,
    dataBytes: 4_096,
    maxRecordBytes: 256,
    producers: 4,
    groups: 2,
    members: 1,
    overwrite,
  });
}

function append(shard: Shard, producer: number, records = 1): number {
  const at = shard.scratch.alloc(256 * records);
  const writer = new RecordWriter({ maxRecordBytes: 256 });
  let bytes = 0;
  for (let i = 0; i < records; i++) {
    bytes += writer.write(shard.scratch, at + bytes, 256, null, `${producer}`, 0, null);
  }
  const result = new Appender(shard, producer).append(at, records, bytes);
  shard.scratch.free(at, 256 * records);
  return result;
}

/** What a producer that dies right after its claim leaves: its intent, and a tail that has moved. */
function abandonClaim(shard: Shard, producer: number, slots: number, granules: number): void {
  const { i32 } = shard;
  const tail = KERNEL.TAIL >> 2;
  const intent = (shard.cellAddress(producer) + KERNEL.CELL_INTENT) >> 2;
  i32[intent] = i32[tail];
  i32[intent + 1] = i32[tail + 1];
  i32[tail] += slots;
  i32[tail + 1] += granules;
}

function kinds(shard: Shard, from: number): number[] {
  const cursor = new GroupCursor(shard, 0);
  cursor.open(from, 1);
  const reader = new GroupReader(cursor, 0);
  const count = reader.poll(64);
  const all = Array.from({ length: count }, (_, i) => reader.run.kind(i));
  reader.close();
  return all;
}

describe('a thread that has exited', () => {
  test('leaves claims that become aborted slots, and producers that are ended', () => {
    const shard = makeShard();
    const owner = new ShardOwner(shard, OWNER_THREAD);
    takeCell(shard, 1, 7);
    takeCell(shard, 2, 8);
    append(shard, 1);
    abandonClaim(shard, 1, 3, 5);
    expect(append(shard, 2)).toBe(0);
    expect(shard.published()).toBe(1);
    expect(owner.step(0)).toBe(0);
    expect(shard.published()).toBe(1);
    owner.threadExited(7);
    expect(owner.step(0)).not.toBe(0);
    expect(kinds(shard, 0)).toEqual([0, ABORTED, ABORTED, ABORTED, 0, KIND.producerEnd]);
    expect(shard.i32[KERNEL.ABORTED >> 2]).toBe(3);
    expect(cellState(shard, 1)).toBe(KERNEL.CELL_FREE);
    expect(cellState(shard, 2)).toBe(KERNEL.CELL_LIVE);
    expect(append(shard, 2, 2)).toBe(0);
    expect(shard.published()).toBe(shard.claimed());
  });

  test('while it took a cell leaves the cell to others', () => {
    const shard = makeShard();
    const owner = new ShardOwner(shard, OWNER_THREAD);
    const state = (shard.cellAddress(1) + KERNEL.CELL_STATE) >> 2;
    shard.i32[state] = takenBy(7);
    expect(takeCell(shard, 1, 8)).toBe(false);
    owner.threadExited(7);
    owner.step(0);
    expect(takeCell(shard, 1, 8)).toBe(true);
  });

  test('does not take a cell with it that another thread is taking', () => {
    const shard = makeShard();
    const owner = new ShardOwner(shard, OWNER_THREAD);
    shard.i32[(shard.cellAddress(1) + CELL.thread) >> 2] = 7;
    shard.i32[(shard.cellAddress(1) + KERNEL.CELL_STATE) >> 2] = takenBy(8);
    owner.threadExited(7);
    expect(cellState(shard, 1)).toBe(takenBy(8));
  });

  test('behind an open claim of a live one is ended once that is published', () => {
    const shard = makeShard();
    const owner = new ShardOwner(shard, OWNER_THREAD);
    takeCell(shard, 1, 7);
    takeCell(shard, 2, 8);
    abandonClaim(shard, 1, 1, 2);
    abandonClaim(shard, 2, 1, 2);
    owner.threadExited(8);
    owner.step(0);
    expect(shard.published()).toBe(0);
    expect(cellState(shard, 2)).toBe(KERNEL.CELL_DEAD);
    owner.threadExited(7);
    owner.step(0);
    expect(kinds(shard, 0)).toEqual([ABORTED, ABORTED, KIND.producerEnd, KIND.producerEnd]);
  });
});

describe('an owner', () => {
  test('takes up what its predecessor left open', () => {
    const shard = makeShard();
    new ShardOwner(shard, OWNER_THREAD);
    abandonClaim(shard, OWNER_CELL, 1, 2);
    const successor = new ShardOwner(shard, OWNER_THREAD + 1);
    expect(shard.published()).toBe(1);
    expect(shard.i32[(shard.cellAddress(OWNER_CELL) + CELL.thread) >> 2]).toBe(OWNER_THREAD + 1);
    expect(successor.step(0)).toBe(0);
  });

  test('leaves its cell alone while the claim there of its predecessor waits for another one', () => {
    const shard = makeShard();
    new ShardOwner(shard, OWNER_THREAD);
    takeCell(shard, 1, 7);
    abandonClaim(shard, 1, 1, 2);
    abandonClaim(shard, OWNER_CELL, 1, 2);
    const successor = new ShardOwner(shard, OWNER_THREAD + 1);
    shard.setState(KERNEL.STATE_ENDED);
    expect(successor.step(0)).toBe(0);
    expect(successor.pending).toBe(true);
    expect(shard.published()).toBe(0);
    successor.threadExited(7);
    successor.step(0);
    expect(successor.pending).toBe(false);
    expect(shard.state()).toBe(KERNEL.STATE_SEALED);
    expect(kinds(shard, 0)).toEqual([ABORTED, ABORTED, KIND.producerEnd, KIND.topicEnd]);
  });

  test('publishes what a producer stamped before it died', () => {
    const shard = makeShard();
    const owner = new ShardOwner(shard, OWNER_THREAD);
    takeCell(shard, 1, 7);
    append(shard, 1);
    shard.i32[KERNEL.PUBLISHED >> 2] = 0;
    owner.step(0);
    expect(shard.published()).toBe(1);
  });

  test('ends producers that found no room to end, and the topic, as soon as there is some', () => {
    const shard = makeShard(false);
    const owner = new ShardOwner(shard, OWNER_THREAD);
    const cursor = new GroupCursor(shard, 0);
    cursor.open(0, 1);
    takeCell(shard, 1, 7);
    while (append(shard, 1) === 0);
    expect(new Appender(shard, 1).end(0)).toBe(0);
    expect(cellState(shard, 1)).toBe(KERNEL.CELL_CLOSING);
    shard.setState(KERNEL.STATE_ENDED);
    expect(append(shard, 1)).toBe(KERNEL.REFUSED);
    owner.step(0);
    expect(shard.state()).toBe(KERNEL.STATE_ENDED);
    const reader = new GroupReader(cursor, 0);
    reader.poll(64);
    reader.commit(cursor.next());
    owner.step(0);
    expect(shard.state()).toBe(KERNEL.STATE_SEALED);
    expect(reader.poll(64)).toBe(2);
    expect([reader.run.kind(0), reader.run.kind(1)]).toEqual([KIND.producerEnd, KIND.topicEnd]);
    expect(reader.run.producer(0)).toBe(1);
  });

  test('moves the floor of retention by age', () => {
    const shard = makeShard();
    const owner = new ShardOwner(shard, OWNER_THREAD, { retentionMs: 640 });
    takeCell(shard, 1, 7);
    for (let ms = 0; ms <= 1_280; ms += 10) {
      append(shard, 1);
      owner.step(ms);
    }
    const floor = shard.i32[KERNEL.EARLIEST >> 2];
    expect(floor).toBeGreaterThan(60);
    expect(floor).toBeLessThan(68);
  });

  test('notes when a group has last committed', () => {
    const shard = makeShard(false);
    const owner = new ShardOwner(shard, OWNER_THREAD);
    const cursor = new GroupCursor(shard, 1);
    cursor.open(0, 1);
    const moved = (shard.groupAddress(1) + GROUP.movedAtSeconds) >> 2;
    owner.step(5_000);
    owner.step(9_000);
    expect(shard.i32[moved]).toBe(5);
    takeCell(shard, 1, 7);
    append(shard, 1);
    const reader = new GroupReader(cursor, 0);
    reader.poll(1);
    reader.commit(1);
    owner.step(12_000);
    expect(shard.i32[moved]).toBe(12);
  });

  test('poisons a shard that contradicts itself, so that everybody is told', () => {
    const breaks: ((shard: Shard) => void)[] = [
      shard => {
        shard.i32[CONSTANT.magic >> 2] = 0;
      },
      shard => {
        shard.i32[KERNEL.PUBLISHED >> 2] = 1;
      },
      shard => {
        shard.i32[KERNEL.TAIL >> 2] = 16;
      },
    ];
    for (const broken of breaks) {
      const shard = makeShard();
      const owner = new ShardOwner(shard, OWNER_THREAD);
      takeCell(shard, 1, 7);
      owner.step(0);
      broken(shard);
      expect(() => owner.step(0)).toThrow(StreamError);
      expect(shard.state()).toBe(KERNEL.STATE_POISONED);
      expect(append(shard, 1)).toBe(KERNEL.REFUSED);
      expect(() => owner.step(0)).toThrow(/poisoned/);
    }
  });
});
