import { type GroupReader, scratch } from '@lite-streams/core/internal';
import { INVARIANT, type IntendedBatch } from '../monitor.ts';
import { Violation } from '../program.ts';
import type { World } from '../world.ts';

const STAGING_BYTES = 1_024;
let staging = 0;

/** Encodes records whose every word behind the size is their id; returns address and bytes. */
export function encode(batch: IntendedBatch): { at: number; bytes: number } {
  if (staging === 0) staging = scratch().alloc(STAGING_BYTES);
  const { i32 } = scratch();
  let word = staging >> 2;
  for (const [i, id] of batch.ids.entries()) {
    const size = batch.sizes[i];
    i32[word] = size - 4;
    i32.fill(id, word + 1, word + size / 4);
    word += size / 4;
  }
  return { at: staging, bytes: word * 4 - staging };
}

/** The words of a record behind its size, or `undefined` where the slot holds no data. */
export function wordsOf(reader: GroupReader, index: number): number[] | undefined {
  const { run } = reader;
  if (run.kind(index) !== 0) return undefined;
  const from = run.address(index) >> 2;
  const { i32 } = run.memory;
  const words: number[] = [];
  for (let word = 1; word < run.storedBytes(index) / 4; word++) words.push(i32[from + word]);
  return words;
}

/** Offsets never wrap, though sequences do. */
export function checkOffset(world: World, sequence: number, offset: number): void {
  const expected = world.firstOffset + ((sequence - world.first) | 0);
  if (offset === expected) return;
  throw new Violation(INVARIANT.wrap, `sequence ${sequence} has offset ${offset}, not ${expected}`);
}
