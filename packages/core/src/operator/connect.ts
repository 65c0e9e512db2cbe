import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import { KeyedCalls, type KeyedCallsParts, type RecordCall } from './keyed-calls.ts';
import type { Clocked, Incremental, Operator } from './operator.ts';
import type { TwoInputOperator } from './two-input.ts';

export interface ConnectParts extends KeyedCallsParts {
  readonly onLeft: RecordCall;
  readonly onRight: RecordCall;
  /** Whether the values of a side are views of records, void after their calls. */
  readonly leftViews: boolean;
  readonly rightViews: boolean;
}

/** User code with state and timers over two inputs that share their keys. */
export class ConnectOperator implements TwoInputOperator, Clocked, Incremental {
  private readonly parts: ConnectParts;
  private readonly calls: KeyedCalls;

  constructor(parts: ConnectParts, next: Operator) {
    this.parts = parts;
    this.calls = new KeyedCalls(parts, next);
  }

  get dueAtMs(): number {
    return this.calls.dueAtMs;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    const { onLeft, leftViews } = this.parts;
    return this.calls.record(onLeft, value, context, leftViews);
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    const { onRight, rightViews } = this.parts;
    return this.calls.record(onRight, value, context, rightViews);
  }

  watermark(watermark: number): boolean {
    return this.calls.advance(watermark);
  }

  tick(nowMs: number): boolean {
    return this.calls.tick(nowMs);
  }

  endLeft(): boolean {
    return true;
  }

  endRight(): boolean {
    return true;
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
