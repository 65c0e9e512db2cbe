import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StreamError } from '../errors.ts';
import { Scratch, scratch } from '../memory/scratch.ts';
import { copyRecordBytes, NO_ROOM, PlacedValue, type ValueMemory } from './placed-value.ts';
import { RecordWriter } from './writer.ts';

const ROOM = 2048;

/** Bytes that are placed, and not handed over. */
class Placed extends PlacedValue {
  private readonly value: Uint8Array;

  constructor(value: Uint8Array) {
    super();
    this.value = value;
  }

  place(memory: ValueMemory, at: number, end: number): number {
    const { length } = this.value;
    if (at + length > end) return NO_ROOM;
    memory.u8.set(this.value, at);
    memory.u8.fill(0, at + length, at + ((length + 3) & ~3));
    return length;
  }

  bytes(): Uint8Array {
    return this.value;
  }
}

const bytes = fc.uint8Array({ maxLength: 100 });
const key = fc.option(fc.oneof(fc.string({ maxLength: 60 }), bytes), { nil: null });
const headers = fc.option(fc.dictionary(fc.string(), bytes, { maxKeys: 2 }), { nil: null });

test('a placed value stands in its record as its bytes would', () => {
  // The memory of the thread, where WebAssembly writes the head, and any other.
  for (const memory of [scratch(), new Scratch()]) {
    const writer = new RecordWriter({ maxRecordBytes: ROOM });
    const [one, other] = [memory.alloc(ROOM), memory.alloc(ROOM)];
    fc.assert(
      fc.property(key, bytes, fc.maxSafeInteger(), headers, (name, value, timestamp, more) => {
        memory.u8.fill(0xaa, one, one + ROOM);
        memory.u8.fill(0x55, other, other + ROOM);
        const write = (at: number, given: Uint8Array | PlacedValue) =>
          memory.buffer.subarray(
            at,
            at + writer.write(memory, at, ROOM, name, given, timestamp, more),
          );
        const expected = write(one, value);
        expect(Buffer.compare(write(other, new Placed(value)), expected)).toBe(0);
      }),
      { numRuns: 500 },
    );
    for (const at of [one, other]) memory.free(at, ROOM);
  }
});

test('one that does not fit is left out, or refused with the size that it would have', () => {
  const memory = new Scratch();
  const at = memory.alloc(ROOM);
  const writer = new RecordWriter({ maxRecordBytes: 256 });
  const write = (length: number, room: number) =>
    writer.write(memory, at, room, 'k', new Placed(new Uint8Array(length)), 0, null);
  expect(write(100, 128)).toBe(NO_ROOM);
  expect(write(100, 256)).toBe(160);
  let error: unknown;
  try {
    write(300, 256);
  } catch (thrown) {
    error = thrown;
  }
  expect((error as StreamError).code).toBe('RECORD_TOO_LARGE');
  expect((error as StreamError).message).toContain('takes 360 bytes');
});

test('bytes are copied with zeros up to the next word, and nothing beyond it', () => {
  const from = new Scratch();
  const to = new Scratch();
  const [source, target] = [from.alloc(ROOM), to.alloc(ROOM)];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(8), (value, words) => {
      from.u8.fill(0xff, source, source + ROOM);
      to.u8.fill(0xff, target, target + ROOM);
      const start = source + 4 * words;
      from.u8.set(value, start);
      copyRecordBytes(from, start, value.length, to, target + 8);
      const padded = (value.length + 3) & ~3;
      const copied = to.u8.slice(target, target + 8 + padded + 4);
      const expected = new Uint8Array(8 + padded + 4).fill(0xff);
      expected.fill(0, 8, 8 + padded);
      expected.set(value, 8);
      expect(copied).toEqual(expected);
    }),
  );
});
