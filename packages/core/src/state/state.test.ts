import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fnv1a } from '../record/hash.ts';
import { firstKeyGroup, KEY_GROUPS, keyGroupOf, keyHash, taskOfKeyGroup } from './key-groups.ts';
import { KeyObjects } from './key-objects.ts';
import { MemorySnapshot } from './memory-snapshot.ts';
import { TASK_STATE } from './snapshot.ts';

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

test('objects by key enter a snapshot in their key groups', () => {
  const objects = new KeyObjects<{ n: number }>(({ n }) => [n]);
  for (let i = 0; i < 100; i++) objects.set(`k${i}`, { n: i });
  objects.set(7, { n: 700 });
  objects.delete('k0');
  expect(objects.get('k1')).toEqual({ n: 1 });
  expect(objects.get('k0')).toBeUndefined();
  const snapshot = new MemorySnapshot();
  objects.snapshot(snapshot, 'task');
  const found = new Map<unknown, { n: number }>();
  for (const [from, to] of [
    [0, 50],
    [50, 128],
  ]) {
    const states: unknown[] = [];
    objects.restore(
      snapshot.reader(from, to),
      state => states.push(state),
      (key, [n]) => {
        expect(keyGroupOf(key) >= from && keyGroupOf(key) < to).toBe(true);
        found.set(key, { n: n as number });
      },
    );
    expect(states).toEqual(['task']);
  }
  expect(found).toEqual(new Map(objects.entries()));
});

test('of objects by key that change, snapshots tell the last that each key had, and what has gone', () => {
  const objects = new KeyObjects<{ n: number }>(({ n }) => [n]);
  const layers: MemorySnapshot[] = [];
  const take = () => {
    const snapshot = new MemorySnapshot();
    const count = objects.snapshotChanges(snapshot, layers.length, 1);
    layers.push(snapshot);
    return count;
  };
  const change = (key: string, n: number) => {
    objects.note(key);
    objects.set(key, { n });
  };
  for (let n = 0; n < 100; n++) change(`k${n}`, n);
  expect(take()).toBe(1);
  change('k1', 1001);
  change('new', 7);
  objects.delete('k2');
  expect(take()).toBe(2);
  change('k1', 1002);
  objects.delete('new');
  expect(take()).toBe(3);
  const states: unknown[] = [];
  const found = new Map<unknown, unknown>();
  objects.restore(
    MemorySnapshot.layered(layers),
    state => states.push(state),
    (key, [n]) => {
      expect(found.has(key)).toBe(false);
      found.set(key, n);
    },
  );
  expect(states).toEqual([2]);
  expect(found).toEqual(new Map(Array.from(objects.entries(), ([key, { n }]) => [key, n])));
  expect(found.size).toBe(99);
  expect(found.get('k1')).toBe(1002);
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
