import type { DeliverySnapshot } from '../epoch/task-snapshot.ts';
import { kept } from '../record/kept.ts';
import type { RecordMemory } from '../record/record.ts';
import { RecordPile } from '../record/record-pile.ts';
import { RecordView } from '../record/view.ts';
import type { Serde } from '../serde/serde.ts';
import type { Delivered } from './connector.ts';
import type { Parcel } from './courier.ts';
import { DeliveryToken } from './token.ts';

/**
 * What one task gave to a sink outside in an epoch that stands, batch by batch: cut as the epoch says, so
 * that a token names the same results for ever.
 */
export class Undelivered implements Parcel {
  /** Results that are left, the current batch among them. */
  records: number;
  token: DeliveryToken;
  /** Of the current batch. */
  batchRecords = 0;
  batchBytes = 0;
  private readonly delivery: DeliverySnapshot;
  private readonly serde: Serde<unknown>;
  private readonly memory: RecordMemory;
  private at = 0;

  constructor(delivery: DeliverySnapshot, serde: Serde<unknown>) {
    this.delivery = delivery;
    this.serde = serde;
    this.memory = memoryOf(delivery.bytes);
    this.records = delivery.records;
    this.token = new DeliveryToken(delivery.origin, 0);
    this.measure();
  }

  results(): readonly Delivered<unknown>[] {
    const { serde, memory, batchRecords } = this;
    const view = new RecordView();
    const results: Delivered<unknown>[] = [];
    let at = this.at;
    for (let i = 0; i < batchRecords; i++) {
      view.wrap(memory, at, -1, -1);
      const value = serde.decode(view);
      results.push({
        value: serde.views === true ? kept(value) : value,
        key: view.key,
        timestamp: view.timestamp,
      });
      at += RecordPile.recordBytes(memory.u8, at);
    }
    return results;
  }

  /** The current batch has been written; `false` when it was the last. */
  next(): boolean {
    this.at += this.batchBytes;
    this.records -= this.batchRecords;
    this.token = new DeliveryToken(this.delivery.origin, this.token.sequence + 1);
    this.measure();
    return this.records > 0;
  }

  private measure(): void {
    const { bytes, maxBatch } = this.delivery;
    this.batchRecords = Math.min(this.records, maxBatch);
    let end = this.at;
    for (let i = 0; i < this.batchRecords; i++) end += RecordPile.recordBytes(bytes, end);
    this.batchBytes = end - this.at;
  }
}

function memoryOf(bytes: Uint8Array): RecordMemory {
  const u8 = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = u8;
  return {
    u8,
    i32: new Int32Array(buffer, byteOffset, byteLength >> 2),
    f64: new Float64Array(buffer, byteOffset, byteLength >> 3),
    buffer: Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
  };
}
