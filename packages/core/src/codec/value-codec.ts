import { ValueReader } from './value-reader.ts';
import { ValueWriter } from './value-writer.ts';

/** One value a message, for channels: `encode` returns bytes that the next call overwrites. */
export class ValueCodec {
  private readonly writer = new ValueWriter();
  private readonly reader = new ValueReader();

  /** Throws `UNSUPPORTED_VALUE`. */
  encode(value: unknown): Uint8Array {
    this.writer.write(value);
    return this.writer.take();
  }

  /** What `encode` made `bytes` of. They may be overwritten afterwards. */
  decode(bytes: Uint8Array): unknown {
    return this.reader.open(bytes).read();
  }
}
