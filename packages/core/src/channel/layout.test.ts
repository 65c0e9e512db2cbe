import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHANNEL, FRAME_AT } from './layout.ts';

const source = readFileSync(new URL('./layout.ts', import.meta.url), 'utf8');

test('the diagrams say what the offsets are', () => {
  const rows = [...source.matchAll(/^ \* +(\d+) {2,}(?:[if]\d\d )?([a-z ]*?)(?: {2,}|$|, )/gm)];
  const offsets = new Map(rows.map(([, at, name]) => [name.trim(), Number(at)]));
  for (const [name, at] of [
    ['constants', CHANNEL.magic],
    ['written', CHANNEL.written],
    ['freed', CHANNEL.freed],
    ['released', CHANNEL.released],
    ['reader waits', CHANNEL.readerWaits],
    ['writer waits', CHANNEL.writerWaits],
    ['data', CHANNEL.data],
    ['timestamp', FRAME_AT.timestamp],
    ['watermark', FRAME_AT.watermark],
    ['offset', FRAME_AT.offset],
    ['hash of the key', FRAME_AT.hash],
    ['bytes of the key', FRAME_AT.keyBytes],
    ['bytes of the value', FRAME_AT.valueBytes],
    ['key', FRAME_AT.body],
  ] as const) {
    expect(offsets.get(name), name).toBe(at);
  }
});

test('hot words stand on lines of their own', () => {
  const { written, freed, released, readerWaits, writerWaits } = CHANNEL;
  const lines = [written, freed, released, readerWaits, writerWaits].map(at => at >> 7);
  expect(new Set(lines).size).toBe(lines.length);
});
