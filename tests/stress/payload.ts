import type { RecordView } from '@lite-streams/core';

/** Values that tell who wrote them, as which in order, and whether they are whole. */
const LEAST_WORDS = 3;
const SIZES = 17;

function wordsIn(counter: number): number {
  return LEAST_WORDS + ((counter * 7) % SIZES);
}

function filler(producer: number, counter: number, word: number): number {
  const mixed = Math.imul(producer + 1, 0x9e3779b1) ^ Math.imul(counter + 1, 0x85ebca6b);
  return (mixed + Math.imul(word, 0xc2b2ae35)) | 0;
}

/** Writes values into one buffer, each of which is valid until the next. */
export class PayloadWriter {
  private readonly words = new Int32Array(LEAST_WORDS + SIZES);
  private readonly bytes = new Uint8Array(this.words.buffer);

  write(producer: number, counter: number): Uint8Array {
    const count = wordsIn(counter);
    this.words[0] = producer;
    this.words[1] = counter;
    for (let word = 2; word < count; word++) this.words[word] = filler(producer, counter, word);
    return this.bytes.subarray(0, count * 4);
  }
}

/** Whether a record is exactly what its producer wrote. */
export function isWhole(record: RecordView): boolean {
  const producer = record.valueInt32(0);
  const counter = record.valueInt32(4);
  const count = wordsIn(counter);
  if (record.valueLength !== count * 4) return false;
  for (let word = 2; word < count; word++) {
    if (record.valueInt32(word * 4) !== filler(producer, counter, word)) return false;
  }
  return true;
}
