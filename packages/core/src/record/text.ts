import type { RecordMemory } from './record.ts';

/** UTF-8 at `start` as text. */
export function readUtf8(memory: RecordMemory, start: number, length: number): string {
  return length === 0 ? '' : memory.buffer.toString('utf8', start, start + length);
}

/** Like `readUtf8`, for texts that are often the same. `start` is a multiple of 4. */
export function readText(memory: RecordMemory, start: number, length: number): string {
  return readUtf8(memory, start, length);
}
