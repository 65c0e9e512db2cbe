import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scratch, scratch } from '../memory/scratch.ts';
import { encoder } from './encoder.ts';
import { fnv1a } from './hash.ts';
import { RecordWriter } from './writer.ts';

const memory = scratch();
const ROOM = 512;
const ours = memory.alloc(ROOM);
const theirs = memory.alloc(ROOM);
const fast = encoder();

test('the encoder writes the very bytes that the writer writes in JavaScript', () => {
  // Headers that are there but empty keep the writer off the encoder.
  const slow = new RecordWriter({ maxRecordBytes: ROOM });
  const text = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 20 }));
  const time = fc.maxSafeInteger();
  fc.assert(
    fc.property(text, text, time, (key, value, timestamp) => {
      memory.u8.fill(0xaa, ours, ours + ROOM);
      memory.u8.fill(0xaa, theirs, theirs + ROOM);
      const expected = slow.write(memory, theirs, ROOM, key, value, timestamp, {});
      const quick = new RecordWriter({ maxRecordBytes: ROOM });
      const bytes = quick.write(memory, ours, ROOM, key, value, timestamp, undefined);
      expect(bytes).toBe(expected);
      expect(
        Buffer.compare(
          memory.buffer.subarray(ours, ours + bytes),
          memory.buffer.subarray(theirs, theirs + bytes),
        ),
      ).toBe(0);
      expect(quick.keyHash).toBe(fnv1a(key));
      expect([quick.hasKey, quick.keyLength, quick.keyStart - ours]).toEqual([
        true,
        slow.keyLength,
        slow.keyStart - theirs,
      ]);
    }),
    { numRuns: 2000 },
  );
});

test.runIf(fast !== undefined)(
  'what is not short ASCII, has no room or no whole time is left to the writer',
  () => {
    const encode = (key: string, value: string, timestamp = 0, room = ROOM) =>
      fast?.encode(key, value, timestamp, ours, ours + room);
    expect(encode('key', 'value')).toBeGreaterThan(0);
    expect(encode('é', 'value')).toBe(0);
    expect(encode('key', '日')).toBe(0);
    expect(encode('k'.repeat(49), 'value')).toBe(0);
    expect(encode('key', 'value', 0, 56)).toBe(0);
    for (const timestamp of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(encode('key', 'value', timestamp)).toBe(0);
    }
  },
);

test.runIf(fast !== undefined)('the head of a record is the same in any memory', () => {
  const other = new Scratch();
  const at = other.alloc(ROOM);
  const writer = new RecordWriter({ maxRecordBytes: ROOM });
  const field = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null });
  const headers = fc.option(
    fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })),
    {
      nil: null,
    },
  );
  fc.assert(
    fc.property(field, field, fc.maxSafeInteger(), headers, (key, value, timestamp, more) => {
      fc.pre(Object.keys(more ?? {}).length < 4);
      const bytes = writer.write(memory, ours, ROOM, key, value, timestamp, more);
      expect(writer.write(other, at, ROOM, key, value, timestamp, more)).toBe(bytes);
      expect(
        Buffer.compare(
          memory.buffer.subarray(ours, ours + bytes),
          other.buffer.subarray(at, at + bytes),
        ),
      ).toBe(0);
    }),
  );
});
