import { describe, expect, test } from 'vitest';
import { Scratch } from '../memory/scratch.ts';
import { RecordPile } from './record-pile.ts';
import { RecordView } from './view.ts';
import { RecordWriter } from './writer.ts';

const MOST = 4 * 1024 * 1024;
const scratch = new Scratch();
const writer = new RecordWriter({ maxRecordBytes: MOST });
const staging = scratch.alloc(MOST);

function pileOf(texts: readonly string[], pile = new RecordPile()): RecordPile {
  for (const text of texts) {
    const bytes = writer.write(scratch, staging, MOST, 'key', text, 7, null);
    pile.add(scratch.u8, staging, bytes);
  }
  return pile;
}

function textsOf(bytes: Uint8Array, records: number): string[] {
  const { buffer, byteOffset } = bytes;
  const memory = {
    u8: bytes,
    i32: new Int32Array(buffer, byteOffset, bytes.length >> 2),
    buffer: Buffer.from(buffer as ArrayBuffer, byteOffset, bytes.length),
  };
  const view = new RecordView();
  const texts: string[] = [];
  for (let at = 0; texts.length < records; at += RecordPile.recordBytes(bytes, at)) {
    texts.push(view.wrap(memory, at, 0, 0).text);
  }
  return texts;
}

describe('a pile of records', () => {
  test.each([
    ['nothing', []],
    ['one', ['a']],
    ['many', Array.from({ length: 3_000 }, (_, i) => `text ${i}`.repeat(1 + (i % 40)))],
    ['one larger than a block', ['b', 'c'.repeat(3 * 1024 * 1024), 'd']],
  ])('gives what was added, in order: %s', (_, texts) => {
    const pile = pileOf(texts);
    expect(pile.records).toBe(texts.length);
    const bytes = pile.take();
    expect(textsOf(bytes, texts.length)).toEqual(texts);
    expect(bytes.buffer instanceof SharedArrayBuffer).toBe(bytes.length >= 64 * 1024);
    expect([pile.records, pile.take().length]).toEqual([0, 0]);
  });

  test('can be filled again, and what was given stays as it was', () => {
    const pile = new RecordPile();
    const rounds = [50, 4_000, 3, 200].map(count =>
      Array.from({ length: count }, (_, i) => `${count}/${i}`),
    );
    const taken = rounds.map(texts => pileOf(texts, pile).take());
    for (const [i, bytes] of taken.entries()) {
      expect(textsOf(bytes, rounds[i].length)).toEqual(rounds[i]);
    }
  });
});
