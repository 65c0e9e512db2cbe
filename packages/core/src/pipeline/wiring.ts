import type { ValueDecoder, ValueEncoder } from '../channel/value-codec.ts';
import type { AnyConnector } from '../delivery/connector.ts';
import type { HeldOutputs } from '../epoch/held-outputs.ts';
import type { Bell } from '../memory/bell.ts';
import type { WorkRow } from '../memory/work-row.ts';
import type { EpochRecordSink, RecordSink, SourceInput } from '../operator/endpoints.ts';
import type { StateBackend } from '../state/backend.ts';
import type { Clock } from '../time/clock.ts';
import type { ChannelPlan, Plan } from './plan.ts';

/** What surrounds the tasks of one thread: its handles on topics, channels and time. */
export interface Wiring {
  /**
   * Opens a shard for a group, from the offset `from` on or else from what is committed; the group has
   * been made before any task starts.
   */
  source(topic: string, shard: number, group: string, from?: number): SourceInput;
  /** Opens a producer of a task's own. */
  sink(topic: string): RecordSink;
  /** The same, for records that are held until their epoch has been committed. */
  epochSink(topic: string, held: HeldOutputs): EpochRecordSink;
  /** Stands in for the connector of a sink outside, where there is one. */
  readonly connector?: ((sink: string) => AnyConnector | undefined) | undefined;
  /** The memory of a channel between two processors: the same on both. */
  channel(plan: Plan, channel: ChannelPlan): SharedArrayBuffer;
  /** Where a task says what it is at. Default: where nobody looks. */
  work?(plan: Plan, task: number): WorkRow;
  readonly bell: Bell;
  readonly clock: Clock;
  /** Where the keyed state of a step in a task lies. Default: on the heap. */
  readonly backend?: ((pipeline: string, task: number, step: string) => StateBackend) | undefined;
  /** Something asynchronous is done: if the thread sleeps, it is to step again. */
  readonly wake: () => void;
  encoder(): ValueEncoder;
  decoder(): ValueDecoder;
  /** How often user code is called again after it threw. */
  readonly userRetries: number;
  /** Bytes of a channel on one thread that carries whole records: a power of two. */
  readonly channelBytes: number;
  /** Slots of a channel on one thread: a power of two. Default 1,024. */
  readonly channelSlots?: number | undefined;
}
