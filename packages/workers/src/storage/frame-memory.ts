import type { RecordMemory } from '@lite-streams/core/internal';

/** Bytes of this thread alone, seen as records are read: in them frames are built and read. */
export class FrameMemory implements RecordMemory {
  u8!: Uint8Array;
  i32!: Int32Array;
  f64!: Float64Array;
  buffer!: Buffer;

  /** Memory of whatever content; see `zeroed`. */
  constructor(bytes: number) {
    this.allocate(bytes);
  }

  static zeroed(bytes: number): FrameMemory {
    const memory = new FrameMemory(bytes);
    memory.u8.fill(0);
    return memory;
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
    // Windows are large and often filled in part only: zeroing them would cost more than using them.
    const { buffer: whole } = Buffer.allocUnsafeSlow(Math.ceil(bytes / 8) * 8);
    this.u8 = new Uint8Array(whole);
    this.i32 = new Int32Array(whole);
    this.f64 = new Float64Array(whole);
    this.buffer = Buffer.from(whole);
  }
}
