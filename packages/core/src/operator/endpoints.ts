import type { DeliverySnapshot, OutputSnapshot } from '../epoch/task-snapshot.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { PlacedValue } from '../record/placed-value.ts';
import type { RecordView } from '../record/view.ts';

/** Kinds of what stands in a shard, as a source sees them. */
export const SOURCE_KIND = {
  data: 0,
  producerEnd: 1,
  watermark: 2,
  topicEnd: 3,
  /** A producer registered. In-band, so that a backlog replays as it was written. */
  producerStart: 4,
  /** An aborted slot: nothing to read. */
  skip: -1,
} as const;

/** One shard of a topic as a pipeline reads it. */
export interface SourceInput {
  /** Where to wait for more. */
  readonly places: readonly WaitingPlace[];
  /** Whether records stay where they are until they are released, beyond the next `poll`. */
  readonly stable: boolean;
  /** Records that were overwritten before they could be read (topics that overwrite). */
  readonly lost: number;
  /** The offset that is read first. */
  readonly start: number;
  /** Whether a crash leaves everything below `offset` where it is. Throws where it never will. */
  isKept(offset: number): boolean;
  /** Where to wait for that. */
  readonly keptPlaces: readonly WaitingPlace[];
  /** Whether what was read and not released may soon hold producers back. */
  crowded(): boolean;
  /** Acquires up to `maxRecords` slots, which stay valid until the next `poll`; 0: nothing there. */
  poll(maxRecords: number): number;
  /** Steps to slot `index` of the acquired ones, and returns what it is, see `SOURCE_KIND`. */
  step(index: number): number;
  /** Of the slot that was stepped to: its producer. */
  producer(): number;
  /** Its record, by one flyweight that is aimed anew. */
  view(): RecordView;
  /** What its record is about, where it is no data. */
  controlTimestamp(): number;
  offset(index: number): number;
  /**
   * Writes the ids of producers that are registered and have not begun to close, and returns how
   * many. Loaded after `poll`, so that the end marker of each of them lies beyond what was polled.
   */
  openProducers(into: Int32Array): number;
  /** Everything below `offset` is done: commits it for the pipeline's group. */
  release(offset: number): void;
  close(): void;
}

/** Where a task's records go: a topic, through a producer of the task's own. */
export interface RecordSink {
  /** Where to wait for room. */
  readonly places: readonly WaitingPlace[];
  /** `false`: no room now. Throws for a record that can never be appended. */
  tryAppend(
    key: string | Uint8Array | null | undefined,
    value: string | Uint8Array | PlacedValue | null | undefined,
    timestamp: number,
    headers: Readonly<Record<string, string | Uint8Array>> | null | undefined,
  ): boolean;
  /** `true` when everything accepted so far is published. */
  flush(): boolean;
  /** Whether all that was published is as safe as its topic makes it; not there: always. */
  acknowledged?(): boolean;
  /** Of a sink that keeps records until their epoch is committed. */
  readonly epochs?: EpochOutputs;
  /** Nothing follows from this task: closes its producer. */
  end(): void;
}

/** A sink for records that are appended to a topic once their epoch has been committed. */
export interface EpochRecordSink extends RecordSink {
  readonly epochs: EpochOutputs;
  /** Takes up the output of a committed epoch, of which a part may have been appended. */
  resume(output: OutputSnapshot): void;
}

/** Records that leave their task epoch by epoch. */
export interface EpochOutputs {
  /**
   * What was taken over since the last call, as a part of an epoch; `undefined` when there is nothing.
   * `token`: marks it in a topic; `epoch`: the number that it has for systems outside.
   */
  seal(token: number, epoch: number): OutputSnapshot | DeliverySnapshot | undefined;
  /** All that was sealed belongs to an epoch that stands: it may go out. */
  commit(): void;
  /** Whether nothing of an epoch before is left to do, acknowledgement included. */
  readonly settled: boolean;
}
