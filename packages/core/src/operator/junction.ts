import type { Branch } from './branches.ts';
import type { ContextCell } from './context.ts';
import type { Operator } from './operator.ts';

/**
 * Where branches of one task meet again: each comes in by an input of its own. Time is the minimum
 * over them, and the end that of the last.
 */
export class Junction {
  /** One operator for each branch that comes in. */
  readonly inputs: readonly Operator[];
  readonly next: Branch;
  private readonly marks: number[];
  private now = Number.NEGATIVE_INFINITY;
  private open: number;

  constructor(inputs: number, next: Branch) {
    this.next = next;
    this.open = inputs;
    this.marks = new Array<number>(inputs).fill(Number.NEGATIVE_INFINITY);
    this.inputs = this.marks.map((_, input) => new JunctionInput(this, input));
  }

  watermark(input: number, watermark: number): boolean {
    this.marks[input] = watermark;
    let least = watermark;
    for (const mark of this.marks) if (mark < least) least = mark;
    if (least <= this.now) return true;
    this.now = least;
    return this.next.time.watermark(least);
  }

  end(): boolean {
    this.open--;
    return this.open > 0 || this.next.head.end();
  }
}

class JunctionInput implements Operator {
  private readonly junction: Junction;
  private readonly input: number;
  private readonly next: Operator;

  constructor(junction: Junction, input: number) {
    this.junction = junction;
    this.input = input;
    this.next = junction.next.head;
  }

  push(value: unknown, context: ContextCell): boolean {
    return this.next.push(value, context);
  }

  watermark(watermark: number): boolean {
    return this.junction.watermark(this.input, watermark);
  }

  end(): boolean {
    return this.junction.end();
  }

  resume(): boolean {
    return this.next.resume();
  }

  snapshot(): void {}

  restore(): void {}
}
