import type { RecordView } from '../record/view.ts';

/** How the values of a pipeline become the bytes of records, and come back. */
export interface Serde<T> {
  /** Stands in messages. */
  readonly name: string;
  /**
   * Whether what `decode` returns lies in the record's memory, and so is valid only until the next
   * batch. Windows keep copies of such values; code of yours that keeps one takes out what it needs.
   */
  readonly views?: boolean | undefined;
  /** The value's bytes, or text for its UTF-8 bytes; copied before the next call. */
  encode(value: NoInfer<T>): string | Uint8Array;
  /** The value of a record. */
  decode(record: RecordView): T;
}
