import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fnv1a } from '../record/hash.ts';
import { firstKeyGroup, KEY_GROUPS, keyGroupOf, keyHash, taskOfKeyGroup } from './key-groups.ts';
import { MemorySnapshot } from './memory-snapshot.ts';
import { TASK_STATE } from './snapshot.ts';
import { KeyedStore } from './store.ts';

describe('key groups', () => {
  test('the hash is FNV-1a of the UTF-8 bytes; a number is its decimal text', () => {
    expect(keyHash('')).toBe(0x811c9dc5);
    expect(keyHash('a')).toBe(0xe40c292c);
    expect(keyHash('foobar')).toBe(0xbf9cf968);
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.nat(), fc.double(), fc.maxSafeInteger()), key => {
        expect(keyHash(key)).toBe(fnv1a(String(key)));
      }),
    );
    expect(keyHash(undefined)).toBe(0x811c9dc5);
  });

  test('every group belongs to one task, in contiguous and even ranges', () => {
    for (let tasks = 1; tasks <= KEY_GROUPS; tasks++) {
      const sizes = new Array<number>(tasks).fill(0);
      for (let group = 0; group < KEY_GROUPS; group++) {
        const task = taskOfKeyGroup(group, tasks);
        sizes[task]++;
        expect(firstKeyGroup(task, tasks) <= group).toBe(true);
        expect(group < firstKeyGroup(task + 1, tasks)).toBe(true);
      }
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});

test('a store keeps a value per key, and its snapshot spreads by key group', () => {
  const store = new KeyedStore<{ n: number }>();
  for (let i = 0; i < 100; i++) store.set(`k${i}`, { n: i });
  store.set(7, { n: 700 });
  store.delete('k0');
  expect(store.get('k1')).toEqual({ n: 1 });
  expect(store.get('k0')).toBeUndefined();
  expect(store.size).toBe(100);
  const snapshot = new MemorySnapshot();
  store.snapshot(snapshot, 'task', ({ n }) => n);
  const found = new Map<unknown, { n: number }>();
  for (const [from, to] of [
    [0, 50],
    [50, 128],
  ]) {
    const part = new KeyedStore<{ n: number }>();
    const states: unknown[] = [];
    part.restore(
      snapshot.reader(from, to),
      state => states.push(state),
      n => ({ n: n as number }),
    );
    expect(states).toEqual(['task']);
    for (const [key, value] of part.entries()) {
      expect(keyGroupOf(key) >= from && keyGroupOf(key) < to).toBe(true);
      found.set(key, value);
    }
  }
  expect(found).toEqual(new Map(store.entries()));
});

describe('a snapshot', () => {
  test('takes a group once, and values only in one', () => {
    const snapshot = new MemorySnapshot();
    expect(() => snapshot.put(1)).toThrow('before its key group');
    snapshot.group(3);
    snapshot.put(1);
    snapshot.group(4);
    expect(() => snapshot.group(3)).toThrow('twice');
  });

  test('of several tasks reads their own states first', () => {
    const snapshots = [0, 1].map(task => {
      const snapshot = new MemorySnapshot();
      snapshot.group(task);
      snapshot.put(`group ${task}`);
      snapshot.group(TASK_STATE);
      snapshot.put(`task ${task}`);
      return snapshot;
    });
    const reader = MemorySnapshot.together(snapshots, 0, 128);
    const read: unknown[] = [];
    while (reader.nextGroup() !== undefined) while (reader.more()) read.push(reader.take());
    expect(read).toEqual(['task 0', 'task 1', 'group 0', 'group 1']);
  });

  test('takes plain values only', () => {
    const snapshot = new MemorySnapshot();
    snapshot.group(0);
    expect(() => snapshot.put(() => 0)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VALUE' }),
    );
  });
});
