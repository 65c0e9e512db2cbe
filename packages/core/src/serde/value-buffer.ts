import { ByteBuffer, Encoding } from 'flatbuffers';
import type { RecordMemory } from '../record/record.ts';
import { readText } from '../record/text.ts';

/**
 * The flatbuffers package's buffer over a whole memory that records lie in: positions are byte
 * addresses there. Aligned words are read as words, and text as Node reads it.
 */
export class ValueBuffer extends ByteBuffer {
  /** Where the value begins that an accessor was aimed at last, and how long it is. */
  start = 0;
  length = 0;

  readonly memory: RecordMemory;
  private readonly u8: Uint8Array;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array | undefined;

  constructor(memory: RecordMemory) {
    super(memory.u8);
    this.memory = memory;
    this.u8 = memory.u8;
    this.i32 = memory.i32;
    this.f64 = memory.f64;
  }

  /** The bytes of the value, in place. */
  value(): Uint8Array {
    return this.u8.subarray(this.start, this.start + this.length);
  }

  override readUint16(at: number): number {
    return this.u8[at] | (this.u8[at + 1] << 8);
  }

  override readInt32(at: number): number {
    return (at & 3) === 0 ? this.i32[at >> 2] : super.readInt32(at);
  }

  override readFloat64(at: number): number {
    if ((at & 7) !== 0 || this.f64 === undefined) return super.readFloat64(at);
    return this.f64[at >> 3];
  }

  override __string(offset: number, encoding?: Encoding): string | Uint8Array {
    const at = offset + this.readInt32(offset);
    const length = this.readInt32(at);
    // Text begins at a multiple of 4 wherever the value does.
    if (encoding === Encoding.UTF8_BYTES || (at & 3) !== 0) return super.__string(offset, encoding);
    return readText(this.memory, at + 4, length);
  }
}
