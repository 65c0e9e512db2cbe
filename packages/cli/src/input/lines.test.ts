import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesOf } from './lines.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length];
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function numbered(text: string, sizes: readonly number[] = [1_000]) {
  const found: [number, string][] = [];
  for await (const { first, lines } of linesOf(chunksOf(Buffer.from(text), sizes))) {
    for (const [i, line] of lines.entries()) found.push([first + i, line]);
  }
  return found;
}

describe('lines of a text in chunks', () => {
  test('are numbered from 1, the last one with or without an end', async () => {
    const lines = [
      [1, 'a'],
      [2, ''],
      [3, 'b'],
    ];
    expect(await numbered('a\n\nb\n')).toEqual(lines);
    expect(await numbered('a\n\nb')).toEqual(lines);
    expect(await numbered('')).toEqual([]);
  });

  test('lose a byte order mark, and nothing else', async () => {
    expect(await numbered('\ufeffa\r\nb')).toEqual([
      [1, 'a\r'],
      [2, 'b'],
    ]);
  });

  test('are the same however the chunks are cut, also inside a character', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ß', '€', '🚀', '\n') }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        async (parts, sizes) => {
          const text = parts.join('');
          expect(await numbered(text, sizes)).toEqual(await numbered(text));
        },
      ),
    );
  });
});
