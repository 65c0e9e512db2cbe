/** Makes bytes of values that are neither text, bytes, numbers nor records. */
export interface ValueEncoder {
  /** The bytes are copied before the next call. Throws `UNSUPPORTED_VALUE`. */
  encode(value: unknown): Uint8Array;
}

export interface ValueDecoder {
  /** What `encode` made `bytes` of; they may be overwritten after the call. */
  decode(bytes: Uint8Array): unknown;
}
