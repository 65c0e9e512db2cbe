import type { RecordMemory } from '@lite-streams/core/internal';

/** Bytes of this thread alone, seen as records are read: in them frames are built and read. */
export class FrameMemory implements RecordMemory {
  u8!: Uint8Array;
  i32!: Int32Array;
  f64!: Float64Array;
  buffer!: Buffer;

  constructor(bytes: number) {
    this.allocate(bytes);
  }

  get bytes(): number {
    return this.u8.length;
  }

  /** Makes room for `bytes`, at least doubling; the first `keep` bytes stay. Views are made anew. */
  grow(bytes: number, keep: number): void {
    if (bytes <= this.bytes) return;
    const old = this.u8;
    this.allocate(Math.max(bytes, old.length * 2));
    this.u8.set(old.subarray(0, keep));
  }

  private allocate(bytes: number): void {
    const whole = new ArrayBuffer(Math.ceil(bytes / 8) * 8);
    this.u8 = new Uint8Array(whole);
    this.i32 = new Int32Array(whole);
    this.f64 = new Float64Array(whole);
    this.buffer = Buffer.from(whole);
  }
}
