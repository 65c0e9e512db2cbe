import type { DeliveryStats } from '../delivery/delivery-sink.ts';
import type { RecordCounts } from '../operator/counters.ts';
import type { UserCall } from './user-call.ts';

/** How a task stands; plain data. */
export interface TaskStats {
  readonly pipeline: string;
  readonly task: number;
  readonly stage: number;
  readonly index: number;
  readonly processor: number;
  readonly counts: RecordCounts;
  /** Records that were overwritten in the source topic before they could be read. */
  readonly lost: number;
  /** Milliseconds since 1970; −∞ before there is one, +∞ at the end of input. */
  readonly watermark: number;
  /** When the watermark came to where it stands, by the clock, in milliseconds since 1970. */
  readonly watermarkSinceMs: number;
  /** The input that is furthest behind; none while all are idle, or while there is none. */
  readonly slowest: SlowestInput | undefined;
  readonly idle: boolean;
  /** What holds back others that are further on: a producer of the shard, a task of the stage before. */
  readonly heldBy: string | undefined;
  /** Bytes of outputs that wait until their epoch is committed, and they are where they belong. */
  readonly heldBytes: number;
  /** Of a task with sinks outside. */
  readonly delivery: DeliveryStats | undefined;
  /** Work that has taken longer than `slowCallMs`, as a rule in a call of user code that does not return. */
  readonly slowCall: UserCall | undefined;
  /** The call of `mapAsync` that has been under way longest. */
  readonly oldestCall: UserCall | undefined;
  /** Waiting for room further down. */
  readonly suspended: boolean;
  /** Waiting with the next epoch until what the last one gave is where it belongs. */
  readonly atBarrier: boolean;
  readonly done: boolean;
}

/** The input of a task that its watermark waits for. */
export interface SlowestInput {
  /** Where the task reads a shard the number of a producer, else that of the task before. */
  readonly input: number;
  readonly watermark: number;
  /** The watermark of the input that is furthest ahead. */
  readonly furthest: number;
}
