import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyCache } from './key-cache.ts';

function memoryOf(text: string) {
  const encoded = Buffer.from(text);
  const memory = new ArrayBuffer((encoded.length + 15) & ~7);
  const buffer = Buffer.from(memory);
  encoded.copy(buffer, 4);
  const views = { u8: new Uint8Array(memory), i32: new Int32Array(memory), buffer };
  return { views, bytes: encoded.length };
}

test('gives the text of the bytes, whatever the hash and whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.nat(3)), {
        minLength: 1,
      }),
      texts => {
        const cache = new KeyCache();
        for (const [text, hash] of [...texts, ...texts]) {
          const { views, bytes } = memoryOf(text);
          expect(cache.textAt(views, 4, bytes, hash)).toBe(text.toWellFormed());
        }
      },
    ),
  );
});
