import type { RecordMemory } from '../record/record.ts';
import { readText, textEquals } from '../record/text.ts';

/** Sets of two texts each. */
const SETS = 16_384;
/** Longer keys are not kept: they would hold memory for good. */
const LONGEST_BYTES = 64;

/**
 * The texts of keys that came lately. Keys come again and again: finding the text by its hash and
 * comparing it costs less than making a new one, and whoever looks it up in a Map finds a text whose
 * hash V8 knows already. One per thread.
 */
export class KeyCache {
  private readonly texts: (string | undefined)[] = new Array<undefined>(2 * SETS).fill(undefined);

  /** The UTF-8 bytes at `start`, a multiple of 4, as text; `hash` is any hash of them. */
  textAt(memory: RecordMemory, start: number, length: number, hash: number): string {
    if (length > LONGEST_BYTES) return readText(memory, start, length);
    const first = (hash & (SETS - 1)) << 1;
    const known = this.texts[first];
    if (known !== undefined && textEquals(memory, start, length, known)) return known;
    const second = this.texts[first + 1];
    if (second !== undefined && textEquals(memory, start, length, second)) return second;
    const text = readText(memory, start, length);
    this.texts[first + 1] = known;
    this.texts[first] = text;
    return text;
  }
}

let ofThisThread: KeyCache | undefined;

/** The cache of the calling thread, made at the first call. */
export function keyCache(): KeyCache {
  ofThisThread ??= new KeyCache();
  return ofThisThread;
}
