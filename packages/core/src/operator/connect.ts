import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import { KeyedCalls, type KeyedCallsParts, type RecordCall } from './keyed-calls.ts';
import type { Clocked, Operator } from './operator.ts';
import type { TwoInputOperator } from './two-input.ts';

/** User code with state and timers over two inputs that share their keys. */
export class ConnectOperator implements TwoInputOperator, Clocked {
  private readonly onLeft: RecordCall;
  private readonly onRight: RecordCall;
  private readonly calls: KeyedCalls;

  constructor(
    parts: KeyedCallsParts & { readonly onLeft: RecordCall; readonly onRight: RecordCall },
    next: Operator,
  ) {
    this.onLeft = parts.onLeft;
    this.onRight = parts.onRight;
    this.calls = new KeyedCalls(parts, next);
  }

  get dueAtMs(): number {
    return this.calls.dueAtMs;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    return this.calls.record(this.onLeft, value, context);
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    return this.calls.record(this.onRight, value, context);
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

  restore(reader: SnapshotReader): void {
    this.calls.restore(reader);
  }
}
