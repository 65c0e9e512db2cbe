import type { SlotRun } from './slot-run.ts';

/** What of a durable shard lies on disk, as one thread reads it. */
export interface ShardHistory {
  /**
   * Aims `run` at what the disk has from `offset` on, `max` slots at most, and returns their count;
   * 0 when it has nothing there, or no longer. Where the log holds nothing for a while, the run begins
   * behind that. What it is aimed at stays until the next call.
   */
  read(offset: number, max: number, run: SlotRun): number;
  /** The offset of the first record on disk whose timestamp is at or after one; −1 if there is none. */
  offsetOfTimestamp(timestamp: number): number;
  close(): void;
}

/** What of a durable topic lies on disk: its shards, and how far groups had come. */
export interface TopicHistory {
  /** A reader of its own for each call; whoever asked for it closes it. */
  shard(number: number): ShardHistory;
  /** The offsets, by shard, that a group had committed when it was saved last; none: it is new. */
  committed(group: string): readonly number[] | undefined;
  /** Forgets what a group had committed; false if nothing was known of it. */
  forget(group: string): boolean;
}
