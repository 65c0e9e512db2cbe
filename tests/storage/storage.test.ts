import { afterEach, expect, test, vi } from 'vitest';
import { FrameScanner } from '../../packages/workers/src/storage/frame-scanner.ts';
import { crashImages } from './crash-images.ts';
import { killWriter } from './kill-writer.ts';
import { rot } from './rot.ts';

const SEED = 1;

// The long versions run in `pnpm proof`.
test('what a crash leaves opens to everything acknowledged and nothing torn', () => {
  const { faults, images } = crashImages(100, SEED);
  expect(faults).toEqual([]);
  expect(images).toBe(100);
});

test('a flipped bit and a cut of any field are told', () => {
  const { undetected, fields } = rot(500, SEED);
  expect(undetected).toEqual([]);
  expect(Object.keys(fields).length).toBeGreaterThan(30);
});

test('a writer that is killed loses nothing acknowledged', async () => {
  const { faults, kills } = await killWriter(3, SEED);
  expect(faults).toEqual([]);
  expect(kills).toBe(3);
});

afterEach(() => {
  vi.restoreAllMocks();
});

// What finds nothing proves nothing.
test('planted: an acknowledgement before the flush is found', () => {
  const { faulty, histories } = crashImages(100, SEED, { acknowledgesEarly: true });
  expect(faulty).toBe(histories);
});

test('planted: a frame without its checksum is found', () => {
  vi.spyOn(FrameScanner.prototype, 'isIntact').mockReturnValue(true);
  expect(crashImages(100, SEED).faulty).toBeGreaterThan(0);
  expect(rot(200, SEED).undetected.length).toBeGreaterThan(20);
});

test('planted: a flush that a disk only pretends to do is found', () => {
  const { faulty, histories } = crashImages(100, SEED, { pretendsToFlush: true });
  expect(faulty).toBe(histories);
});
