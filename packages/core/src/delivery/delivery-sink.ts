import type { HeldOutputs } from '../epoch/held-outputs.ts';
import type { BatchOrigin, DeliverySnapshot } from '../epoch/task-snapshot.ts';
import { scratch } from '../memory/scratch.ts';
import type { EpochOutputs, RecordSink } from '../operator/endpoints.ts';
import { RecordPile } from '../record/record-pile.ts';
import { RecordWriter } from '../record/writer.ts';
import type { Serde } from '../serde/serde.ts';
import { Courier, type CourierParts } from './courier.ts';
import { Undelivered } from './undelivered.ts';

const FIRST_STAGING_BYTES = 4 * 1024;
/** A result as it is stored, at most: more than a batch should be. */
const MOST_RESULT_BYTES = 256 * 1024 * 1024;

export interface DeliverySinkParts extends CourierParts {
  readonly serde: Serde<unknown>;
  readonly maxBatch: number;
  readonly lineage: string;
  readonly held: HeldOutputs;
}

/** How a task's results get into systems outside; plain data. */
export interface DeliveryStats {
  /** Results that have been taken. */
  readonly delivered: number;
  /** Results of committed epochs that have not been taken yet. */
  readonly waiting: number;
  /** Calls that have failed and were made again. */
  readonly failures: number;
  /** The batch that has waited longest to be taken; none when none waits. */
  readonly slowest: SlowestDelivery | undefined;
}

export interface SlowestDelivery {
  readonly sink: string;
  /** Since when, by the clock, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** How often writing it has failed, and what with the last time. */
  readonly failures: number;
  readonly error: string | undefined;
}

/**
 * A task's way into a system outside. Results are kept until their epoch has been committed, as a part
 * of it; then they are handed on, batch by batch. Whoever goes on from the epoch after a crash hands
 * them on again, with the same tokens.
 */
export class DeliverySink implements RecordSink, EpochOutputs {
  readonly epochs = this;
  readonly places = [];
  private readonly parts: DeliverySinkParts;
  private readonly courier: Courier;
  private readonly writer = new RecordWriter({ maxRecordBytes: MOST_RESULT_BYTES });
  private staging: number;
  private room = FIRST_STAGING_BYTES;
  /** The epoch that is being made; and those that wait for their commit. */
  private readonly pile = new RecordPile();
  private readonly sealed: DeliverySnapshot[] = [];
  /** Committed, in order. */
  private readonly queue: Undelivered[] = [];
  private delivered = 0;
  /** Since when the first batch has been under way. */
  private sinceMs = 0;
  private open = true;

  constructor(parts: DeliverySinkParts) {
    this.parts = parts;
    this.courier = new Courier(parts);
    this.staging = scratch().alloc(this.room, this);
  }

  tryAppend(
    key: Parameters<RecordSink['tryAppend']>[0],
    value: Parameters<RecordSink['tryAppend']>[1],
    timestamp: number,
    headers: Parameters<RecordSink['tryAppend']>[3],
  ): boolean {
    const memory = scratch();
    const { writer } = this;
    let bytes = writer.write(memory, this.staging, this.room, key, value, timestamp, headers);
    while (bytes < 0) {
      this.growStaging();
      bytes = writer.write(memory, this.staging, this.room, key, value, timestamp, headers);
    }
    this.pile.add(memory.u8, this.staging, bytes);
    this.parts.held.add(bytes);
    return true;
  }

  seal(_token: number, epoch: number): DeliverySnapshot | undefined {
    const { pile, parts } = this;
    const { records } = pile;
    if (records === 0) return undefined;
    const { pipeline, sink, task, lineage, serde, maxBatch } = parts;
    const origin: BatchOrigin = { pipeline, sink, task, lineage, epoch };
    const delivery = { origin, serde: serde.name, maxBatch, records, bytes: pile.take() };
    this.sealed.push(delivery);
    return delivery;
  }

  commit(): void {
    for (const delivery of this.sealed.splice(0)) this.enqueue(delivery);
  }

  /** Takes up what a committed epoch gave, of which a part may have been taken. */
  resume(delivery: DeliverySnapshot): void {
    this.parts.held.takeOver(delivery.bytes.length);
    this.enqueue(delivery);
  }

  flush(): boolean {
    return true;
  }

  get settled(): boolean {
    return this.sealed.length === 0 && this.queue.length === 0;
  }

  /** Goes on handing results on; `true` when there was anything to do. Throws `SINK_FAILED`. */
  step(): boolean {
    const closed = this.courier.close();
    const [first] = this.queue;
    if (first === undefined) return closed;
    const outcome = this.courier.bring(first);
    if (outcome !== 'written') return closed || outcome === 'progress';
    this.delivered += first.batchRecords;
    this.parts.held.release(first.batchBytes);
    if (!first.next()) this.queue.shift();
    this.sinceMs = this.parts.clock.now();
    return true;
  }

  /** When `step` will have something to do by the clock: −∞ for at once, +∞ for nothing. */
  get dueAtMs(): number {
    return this.courier.dueAtMs(this.queue.length > 0);
  }

  /** Whether calls are under way, which need the event loop. */
  get busy(): boolean {
    return this.courier.busy;
  }

  stats(): DeliveryStats {
    const { courier, delivered, sinceMs } = this;
    const { failures, failuresInARow, lastError } = courier;
    const waiting = this.queue.reduce((sum, { records }) => sum + records, 0);
    const { sink } = this.parts;
    const slowest = { sink, sinceMs, failures: failuresInARow, error: lastError };
    return { delivered, waiting, failures, slowest: waiting === 0 ? undefined : slowest };
  }

  end(): void {
    if (!this.open) return;
    this.open = false;
    this.courier.abandon();
    this.queue.length = 0;
    if (this.room > 0) scratch().free(this.staging, this.room, this);
  }

  private enqueue(delivery: DeliverySnapshot): void {
    if (this.queue.length === 0) this.sinceMs = this.parts.clock.now();
    this.queue.push(new Undelivered(delivery, this.parts.serde));
  }

  private growStaging(): void {
    const memory = scratch();
    const larger = this.room * 2;
    memory.free(this.staging, this.room, this);
    // Where there is no room it has none.
    this.room = 0;
    this.staging = memory.alloc(larger, this);
    this.room = larger;
  }
}

/** The sum over the sinks of a task. */
export function deliveryStats(sinks: readonly DeliverySink[]): DeliveryStats | undefined {
  if (sinks.length === 0) return undefined;
  return sinks.map(sink => sink.stats()).reduce(sumOfDeliveries);
}

export function sumOfDeliveries(a: DeliveryStats, b: DeliveryStats): DeliveryStats {
  const isEarlier =
    b.slowest === undefined || (a.slowest !== undefined && a.slowest.sinceMs <= b.slowest.sinceMs);
  return {
    delivered: a.delivered + b.delivered,
    waiting: a.waiting + b.waiting,
    failures: a.failures + b.failures,
    slowest: isEarlier ? a.slowest : b.slowest,
  };
}
