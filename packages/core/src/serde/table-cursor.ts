import type { RecordMemory } from '../record/record.ts';

/** Where a table's value lies. It stands apart from the view, whose names all belong to the user. */
export class TableCursor {
  memory: RecordMemory;
  i32: Int32Array;
  f64: Float64Array | undefined;
  start = 0;
  length = 0;

  constructor(memory: RecordMemory) {
    this.memory = memory;
    this.i32 = memory.i32;
    this.f64 = memory.f64;
  }

  aim(memory: RecordMemory, start: number, length: number): void {
    if (this.memory !== memory) this.enter(memory);
    this.start = start;
    this.length = length;
  }

  bytes(): Uint8Array {
    return this.memory.u8.subarray(this.start, this.start + this.length);
  }

  private enter(memory: RecordMemory): void {
    this.memory = memory;
    this.i32 = memory.i32;
    this.f64 = memory.f64;
  }
}
