import type { PlacedValue } from '../record/placed-value.ts';
import type { RecordView } from '../record/view.ts';

/** What the values of a serde of the library are. */
export type ValueKind = 'text' | 'bytes' | 'json' | 'records' | 'table' | 'flatbuffer';

/** A method of serdes that can write a value where its record is to stand. */
export const PLACED: unique symbol = Symbol('lite-streams.placed');

/** How the values of a pipeline become the bytes of records, and come back. */
export interface Serde<T> {
  /** Stands in messages. */
  readonly name: string;
  /**
   * Whether what `decode` returns lies in the record's memory, and so is valid only until the next
   * batch. Windows keep copies of such values; code of yours that keeps one takes out what it needs.
   */
  readonly views?: boolean | undefined;
  /**
   * What its values are, where it is one of the library: a pipeline that hands values of one kind on to
   * a serde that takes none of it is refused when it is built. Leave it out in one of your own.
   */
  readonly values?: ValueKind | undefined;
  /** The value's bytes, or text for its UTF-8 bytes; copied before the next call. */
  encode(value: NoInfer<T>): string | Uint8Array;
  /** The value of a record. */
  decode(record: RecordView): T;
}

/** A serde of ours that sinks may ask for more than bytes. */
export interface PlacingSerde {
  /** The value as one that writes itself, until the next call. */
  [PLACED]?(value: unknown): PlacedValue;
}
