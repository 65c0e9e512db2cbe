import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import type { Operator } from './operator.ts';
import type { OperatorParts } from './operator-parts.ts';
import type { TwoInputOperator } from './two-input.ts';

/** What a two-input operator is built with. */
export interface TwoInputParts extends OperatorParts {
  readonly next: Operator;
  /** Whether the values of a side are views of a record, which end with the push. */
  readonly leftViews: boolean;
  readonly rightViews: boolean;
}

/** Which input of a two-input step a channel belongs to; all others are left ones. */
export const SIDE = { left: 0, right: 1 } as const;
export type Side = (typeof SIDE)[keyof typeof SIDE];

/** A two-input operator as the head of a chain: values come in by one of its two sides. */
export class TwoInputHead implements Operator {
  /** By `SIDE`. */
  readonly sides: readonly [left: Operator, right: Operator];
  private readonly operator: TwoInputOperator;

  constructor(operator: TwoInputOperator) {
    this.operator = operator;
    this.sides = [new LeftSide(this, operator), new RightSide(this, operator)];
  }

  push(): never {
    throw new Error('a two-input step takes values by its sides');
  }

  watermark(watermark: number): boolean {
    return this.operator.watermark(watermark);
  }

  endSide(side: Side): boolean {
    return side === SIDE.left ? this.operator.endLeft() : this.operator.endRight();
  }

  end(): boolean {
    return this.operator.end();
  }

  resume(): boolean {
    return this.operator.resume();
  }

  snapshot(writer: SnapshotWriter): void {
    this.operator.snapshot(writer);
  }

  restore(reader: SnapshotReader): void {
    this.operator.restore(reader);
  }
}

/** Where values of one side go in; all else is told to the head. */
abstract class OneSide implements Operator {
  protected readonly operator: TwoInputOperator;
  private readonly head: TwoInputHead;

  constructor(head: TwoInputHead, operator: TwoInputOperator) {
    this.head = head;
    this.operator = operator;
  }

  abstract push(value: unknown, context: ContextCell): boolean;

  watermark(watermark: number): boolean {
    return this.head.watermark(watermark);
  }

  end(): boolean {
    return this.head.end();
  }

  resume(): boolean {
    return this.head.resume();
  }

  snapshot(): void {}

  restore(): void {}
}

class LeftSide extends OneSide {
  push(value: unknown, context: ContextCell): boolean {
    return this.operator.pushLeft(value, context);
  }
}

class RightSide extends OneSide {
  push(value: unknown, context: ContextCell): boolean {
    return this.operator.pushRight(value, context);
  }
}
