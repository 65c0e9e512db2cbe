import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import { type Operator, Transparent } from './operator.ts';

/** Lets pass what the predicate is truthy for, and counts the rest. */
export class FilterOperator extends Transparent {
  private readonly step: string;
  private readonly predicate: (value: unknown, context: ContextCell) => unknown;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;

  constructor(
    step: string,
    predicate: (value: unknown, context: ContextCell) => unknown,
    faults: Faults,
    counts: RecordCounts,
    next: Operator,
  ) {
    super(next);
    this.step = step;
    this.predicate = predicate;
    this.faults = faults;
    this.counts = counts;
  }

  push(value: unknown, context: ContextCell): boolean {
    let keep: unknown;
    try {
      keep = this.predicate(value, context);
    } catch (error) {
      return this.recover(error, value, context);
    }
    return this.pass(keep, value, context);
  }

  private pass(keep: unknown, value: unknown, context: ContextCell): boolean {
    if (!keep) {
      this.counts.filtered++;
      return true;
    }
    if (keep instanceof Promise) refusePromise(this.step, keep);
    return this.next.push(value, context);
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    const outcome = this.faults.retry(error, () => this.predicate(value, context));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    return this.pass(outcome.value, value, context);
  }
}
