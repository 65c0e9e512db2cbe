import { fail } from '../errors.ts';
import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';
import { type Incremental, isIncremental, type Operator } from './operator.ts';
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
export class TwoInputHead implements Operator, Incremental {
  /** By `SIDE`. */
  readonly sides: readonly [left: Operator, right: Operator];
  private readonly operator: TwoInputOperator;

  /** `step`: its name, where both sides have to have keys of one type for any two to meet. */
  constructor(operator: TwoInputOperator, step?: string) {
    this.operator = operator;
    const types = step === undefined ? undefined : new KeyTypes(step);
    this.sides = [new LeftSide(this, operator, types), new RightSide(this, operator, types)];
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

  /** Whole where the operator does not know what has changed. */
  snapshotChanges(writer: SnapshotWriter): number {
    const { operator } = this;
    if (isIncremental(operator)) return operator.snapshotChanges(writer);
    operator.snapshot(writer);
    return 1;
  }

  restore(reader: SnapshotReader): void {
    this.operator.restore(reader);
  }
}

/** Keys that each side has had without any of the other's type before this is taken for a mistake. */
const MOST_APART = 64;

/**
 * Looks at the first keys of both sides: the text of a number and the number have the same hash but
 * are different keys, so that a join of both would be empty without a word.
 */
class KeyTypes {
  /** Whether the sides may still turn out to have nothing in common. */
  apart = true;
  private readonly step: string;
  private readonly numbers: [left: number, right: number] = [0, 0];
  private readonly texts: [left: number, right: number] = [0, 0];

  constructor(step: string) {
    this.step = step;
  }

  look(side: Side, key: unknown): void {
    const { numbers, texts } = this;
    if (typeof key === 'number') numbers[side]++;
    else texts[side]++;
    const [left, right] = [numbers[SIDE.left] > 0, numbers[SIDE.right] > 0];
    if ((left && right) || (texts[SIDE.left] > 0 && texts[SIDE.right] > 0)) {
      this.apart = false;
    } else if (left !== right && this.leastOfSides() >= MOST_APART) {
      const [one, other] = left ? ['numbers', 'texts'] : ['texts', 'numbers'];
      fail(
        'INVALID_KEY',
        `Step "${this.step}": the keys of its left side are ${one}, those of its right side ${other}, ` +
          'so that no two are the same. Make String(key) of both.',
      );
    }
  }

  private leastOfSides(): number {
    const { numbers, texts } = this;
    return Math.min(numbers[SIDE.left] + texts[SIDE.left], numbers[SIDE.right] + texts[SIDE.right]);
  }
}

/** Where values of one side go in; all else is told to the head. */
abstract class OneSide implements Operator {
  protected readonly operator: TwoInputOperator;
  protected readonly types: KeyTypes | undefined;
  private readonly head: TwoInputHead;

  constructor(head: TwoInputHead, operator: TwoInputOperator, types: KeyTypes | undefined) {
    this.head = head;
    this.operator = operator;
    this.types = types;
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
    if (this.types?.apart === true) this.types.look(SIDE.left, context.key);
    return this.operator.pushLeft(value, context);
  }
}

class RightSide extends OneSide {
  push(value: unknown, context: ContextCell): boolean {
    if (this.types?.apart === true) this.types.look(SIDE.right, context.key);
    return this.operator.pushRight(value, context);
  }
}
