import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import { KeyedCalls, type KeyedCallsParts, type RecordCall } from './keyed-calls.ts';
import type { Clocked, Incremental, Operator } from './operator.ts';

export interface ProcessParts extends KeyedCallsParts {
  readonly onRecord: RecordCall;
  /** Whether values are views of records, void after their calls. */
  readonly valuesAreViews?: boolean | undefined;
}

/** User code with state and timers over one input. */
export class ProcessOperator implements Operator, Clocked, Incremental {
  private readonly onRecord: RecordCall;
  private readonly valuesAreViews: boolean;
  private readonly calls: KeyedCalls;

  constructor(parts: ProcessParts, next: Operator) {
    this.valuesAreViews = parts.valuesAreViews ?? false;
    this.onRecord = parts.onRecord;
    this.calls = new KeyedCalls(parts, next);
  }

  get dueAtMs(): number {
    return this.calls.dueAtMs;
  }

  push(value: unknown, context: ContextCell): boolean {
    return this.calls.record(this.onRecord, value, context, this.valuesAreViews);
  }

  watermark(watermark: number): boolean {
    return this.calls.advance(watermark);
  }

  tick(nowMs: number): boolean {
    return this.calls.tick(nowMs);
  }

  end(): boolean {
    return this.calls.end();
  }

  resume(): boolean {
    return this.calls.resume();
  }

  snapshot(writer: SnapshotWriter): void {
    this.calls.snapshot(writer);
  }

  snapshotChanges(writer: SnapshotWriter, leastPart?: number): number {
    return this.calls.snapshotChanges(writer, leastPart);
  }

  restore(reader: SnapshotReader): void {
    this.calls.restore(reader);
  }
}
