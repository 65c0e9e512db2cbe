import type { RecordView } from '../record/view.ts';

/** What user code is told about the value in its hands. One object, reused: do not keep it. */
export interface Context<K = unknown> {
  /** The key given by `keyBy`; before it, the record's own key as text. */
  readonly key: K;
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number;
  /** The record that the value was decoded from; only in the stage that reads the topic. */
  readonly record: RecordView | undefined;
}

/** The one context of a task (and one more per window, for its results). */
export class ContextCell implements Context {
  timestamp = 0;
  record: RecordView | undefined = undefined;
  /** The source topic that the value came from, where a task takes from several. */
  topic: string | undefined = undefined;
  /** Where the value came from: shard and offset of the source topic, −1 for a window's result. */
  shard = -1;
  offset = -1;

  private currentKey: unknown = undefined;
  /** Whether the key still stands in the record: it is decoded only when somebody asks. */
  private keyInRecord = false;

  get key(): unknown {
    if (this.keyInRecord) {
      this.keyInRecord = false;
      this.currentKey = (this.record as RecordView).key;
    }
    return this.currentKey;
  }

  set key(key: unknown) {
    this.keyInRecord = false;
    this.currentKey = key;
  }

  /** Aims at a record of the source topic. */
  atRecord(record: RecordView, shard: number, offset: number, timestamp: number): void {
    this.record = record;
    this.keyInRecord = true;
    this.shard = shard;
    this.offset = offset;
    this.timestamp = timestamp;
  }
}
