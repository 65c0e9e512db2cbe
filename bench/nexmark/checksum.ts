import type { RecordView } from 'lite-streams';

const { imul } = Math;
const ODD = 0x9e3779b1 | 0;

/** Sums up the bytes of records in a number that does not depend on their order. */
export class Checksum {
  count = 0;
  private sum = 0;

  readonly add = (record: RecordView): void => {
    const { memory, valueStart, valueLength } = record;
    const { i32 } = memory;
    const first = valueStart >> 2;
    const last = first + ((valueLength + 3) >> 2);
    let mixed = valueLength;
    for (let word = first, factor = ODD; word < last; word++, factor += 2) {
      mixed = (mixed + imul(i32[word], factor)) | 0;
    }
    this.count++;
    this.sum = (this.sum + imul(mixed ^ (mixed >>> 15), ODD)) | 0;
  };

  get hex(): string {
    return (this.sum >>> 0).toString(16).padStart(8, '0');
  }
}
