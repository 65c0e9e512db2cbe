import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamError } from '../errors.ts';
import { Scratch, scratch } from './scratch.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a thread has one scratch memory', () => {
  expect(scratch()).toBe(scratch());
});

test('blocks are 8-aligned, never at 0, and never overlap while they are held', () => {
  const take = fc.record({ take: fc.integer({ min: 0, max: 5000 }) });
  const give = fc.record({ give: fc.nat() });
  fc.assert(
    fc.property(fc.array(fc.oneof(take, give), { maxLength: 60 }), steps => {
      const memory = new Scratch();
      const held: { address: number; bytes: number }[] = [];
      for (const step of steps) {
        if ('take' in step) {
          const address = memory.alloc(step.take);
          expect(address % 8).toBe(0);
          expect(address).toBeGreaterThan(0);
          for (const other of held) {
            const apart =
              address + step.take <= other.address || other.address + other.bytes <= address;
            expect(apart).toBe(true);
          }
          held.push({ address, bytes: Math.max(step.take, 1) });
        } else if (held.length > 0) {
          const [gone] = held.splice(step.give % held.length, 1);
          memory.free(gone.address, gone.bytes);
        }
      }
      // With everything given back, the whole is one block again: the largest fits without growing.
      for (const { address, bytes } of held) memory.free(address, bytes);
      const { length } = memory.u8;
      memory.alloc(length - memory.alloc(8) - 8);
      expect(memory.u8.length).toBe(length);
    }),
    { numRuns: 100 },
  );
});

test('growing keeps the content and replaces every view', () => {
  const memory = new Scratch();
  const first = memory.alloc(16);
  memory.u8.set([1, 2, 3], first);
  const before = memory.u8;
  const wide = memory.alloc(before.length * 3);
  expect(memory.u8).not.toBe(before);
  expect(memory.u8.length).toBeGreaterThanOrEqual(wide + before.length * 3);
  expect([...memory.u8.subarray(first, first + 3)]).toEqual([1, 2, 3]);
  memory.i32[first >> 2] = 0x01020304;
  expect(memory.buffer.readInt32LE(first)).toBe(0x01020304);
  memory.f64[first >> 3] = 1.5;
  expect(memory.buffer.readDoubleLE(first)).toBe(1.5);
});

test('what an owner has given back is not given back once more when it is garbage', async () => {
  const memory = new Scratch();
  const own = () => {
    const owner = {};
    memory.free(memory.alloc(64, owner), 64, owner);
    return new WeakRef(owner);
  };
  const owner = own();
  const address = memory.alloc(64);
  for (let turns = 0; owner.deref() !== undefined && turns < 100; turns++) {
    await setImmediate();
    collect();
  }
  await setImmediate();
  expect(memory.alloc(64)).not.toBe(address);
});

test('more than there can be is an error that tells how much there can be', () => {
  const memory = new Scratch();
  const attempt = () => memory.alloc(2 ** 31);
  expect(attempt).toThrow(StreamError);
  expect(attempt).toThrow(/could not grow from \d+ bytes by 2147483648; it can have 1073741824/);
});
