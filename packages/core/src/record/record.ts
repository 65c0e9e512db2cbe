/** What a user appends. Text is stored as UTF-8. */
export interface RecordInput {
  /** Picks the shard and names what the record is about. None by default. */
  readonly key?: string | Uint8Array | null | undefined;
  /** The payload. `null` and left out are the same: no value, which is not an empty value. */
  readonly value?: string | Uint8Array | null | undefined;
  /** Event time in whole milliseconds since 1970, within ±(2^53 − 1). By default, now. */
  readonly timestamp?: number | undefined;
  /** Names and what they stand for, in the order of the object. None by default. */
  readonly headers?: HeadersInput | null | undefined;
  /** The shard to append to, instead of the one that the key picks. */
  readonly shard?: number | undefined;
}

export type HeadersInput = Readonly<Record<string, string | Uint8Array>>;

/** A record that stands alone: nothing in it points into shared memory. */
export interface RecordCopy {
  /** The key as text, or `undefined` when the record has none. */
  readonly key: string | undefined;
  /** The value's bytes; empty when the record has none. */
  readonly value: Uint8Array;
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number;
  /** Every header as text. */
  readonly headers: Readonly<Record<string, string>>;
  readonly shard: number;
  readonly offset: number;
}

export interface RecordLimits {
  /** The most bytes that one stored record takes, its size prefix and padding included. */
  readonly maxRecordBytes: number;
}

/** Memory that holds records: the same bytes seen in several ways. Records start 8-aligned. */
export interface RecordMemory {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly f64?: Float64Array;
  readonly buffer: Buffer;
}
