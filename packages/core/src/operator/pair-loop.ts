import type { TimedRows } from '../join/timed-rows.ts';
import type { Window } from '../window/window.ts';
import type { JoinOutput } from './join-output.ts';

const NO_ROWS: readonly unknown[] = [];

/**
 * All pairs of some left rows with some right rows of one key and window, or the rows of one side
 * alone; it can stop after any output. The rows must stay where they are until it is done.
 */
export class PairLoop {
  private readonly output: JoinOutput;
  private state: 'done' | 'pairs' | 'left' | 'right' = 'done';
  private left!: TimedRows;
  private right!: TimedRows;
  private leftAt = 0;
  private leftEnd = 0;
  private rightFrom = 0;
  private rightAt = 0;
  private rightEnd = 0;
  private time = 0;
  /** Of rows alone. */
  private values: readonly unknown[] = NO_ROWS;
  private times: readonly number[] = [];
  private at = 0;
  private end = 0;

  constructor(output: JoinOutput) {
    this.output = output;
  }

  get active(): boolean {
    return this.state !== 'done';
  }

  /**
   * Left rows `[leftFrom, leftEnd)` with right rows `[rightFrom, rightEnd)`, at `time`. Two rows with
   * the same mark, not 0, have been a pair before and are passed over.
   */
  pairs(
    key: unknown,
    window: Window,
    left: TimedRows,
    leftFrom: number,
    leftEnd: number,
    right: TimedRows,
    rightFrom: number,
    rightEnd: number,
    time: number,
  ): boolean {
    if (leftFrom >= leftEnd || rightFrom >= rightEnd) return true;
    this.left = left;
    this.right = right;
    this.leftAt = leftFrom;
    this.leftEnd = leftEnd;
    this.rightFrom = rightFrom;
    this.rightAt = rightFrom;
    this.rightEnd = rightEnd;
    this.time = time;
    this.state = 'pairs';
    this.output.aim(key, window);
    return this.proceed();
  }

  /** Rows `[from, end)` of one side alone, each at its own time. */
  alone(
    side: 'left' | 'right',
    key: unknown,
    window: Window,
    rows: TimedRows,
    from: number,
    end: number,
  ): boolean {
    if (from >= end) return true;
    this.values = rows.values;
    this.times = rows.times;
    this.at = from;
    this.end = end;
    this.state = side;
    this.output.aim(key, window);
    return this.proceed();
  }

  /** Goes on after a suspension. */
  proceed(): boolean {
    switch (this.state) {
      case 'pairs':
        return this.makePairs();
      case 'left':
      case 'right':
        return this.giveAlone(this.state);
      default:
        return true;
    }
  }

  private makePairs(): boolean {
    const { output, left, right, leftEnd, rightFrom, rightEnd, time } = this;
    const leftMarks = left.marks;
    const rightMarks = right.marks;
    while (this.leftAt < leftEnd) {
      const { leftAt } = this;
      const mark = leftMarks === undefined ? 0 : leftMarks[leftAt];
      while (this.rightAt < rightEnd) {
        const rightAt = this.rightAt++;
        if (mark !== 0 && rightMarks !== undefined && rightMarks[rightAt] === mark) continue;
        if (!output.pair(left, leftAt, right, rightAt, time)) return false;
      }
      this.leftAt = leftAt + 1;
      this.rightAt = rightFrom;
    }
    this.state = 'done';
    return true;
  }

  private giveAlone(side: 'left' | 'right'): boolean {
    const { output, values, times, end } = this;
    while (this.at < end) {
      const at = this.at++;
      const done =
        side === 'left'
          ? output.leftAlone(values[at], times[at])
          : output.rightAlone(values[at], times[at]);
      if (!done) return false;
    }
    this.state = 'done';
    return true;
  }
}
