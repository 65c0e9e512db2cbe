import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FNV_OFFSET_BASIS, fnv1a, murmur2 } from './hash.ts';

describe('FNV-1a', () => {
  test.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['b', 0xe70c2de5],
    ['foo', 0xa9f37ed7],
    ['foobar', 0xbf9cf968],
    ['hello', 0x4f9f2cab],
  ])('of %j is as published', (text, hash) => {
    expect(fnv1a(text)).toBe(hash);
    expect(fnv1a(Buffer.from(text))).toBe(hash);
  });

  test('of text is that of its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(fnv1a(text)).toBe(fnv1a(new TextEncoder().encode(text)));
      }),
    );
    expect(fnv1a('')).toBe(FNV_OFFSET_BASIS);
  });
});

describe('murmur2', () => {
  // From the tests of Apache Kafka's org.apache.kafka.common.utils.Utils.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("of %j is Kafka's", (text, hash) => {
    expect(murmur2(text)).toBe(hash);
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  test('takes a remainder of any length, and bytes of either sign', () => {
    // The same algorithm with 64-bit integers, as its author wrote it.
    const reference = (bytes: Uint8Array): number => {
      const m = 0x5bd1e995n;
      const u32 = (n: bigint): bigint => BigInt.asUintN(32, n);
      let hash = u32(0x9747b28cn ^ BigInt(bytes.length));
      const whole = bytes.length & ~3;
      for (let i = 0; i < whole; i += 4) {
        let word = BigInt(Buffer.from(bytes).readUInt32LE(i));
        word = u32(word * m);
        word = u32((word ^ (word >> 24n)) * m);
        hash = u32(hash * m) ^ word;
      }
      for (let i = bytes.length - 1; i >= whole; i--) {
        hash ^= BigInt(bytes[i]) << BigInt(8 * (i - whole));
      }
      if (whole < bytes.length) hash = u32(hash * m);
      hash = u32((hash ^ (hash >> 13n)) * m);
      return Number(BigInt.asIntN(32, hash ^ (hash >> 15n)));
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        expect(murmur2(bytes)).toBe(reference(bytes));
      }),
    );
  });
});
