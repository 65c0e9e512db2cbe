import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { Faults } from './faults.ts';
import { type Operator, Transparent } from './operator.ts';

/** One output for each input. */
export class MapOperator extends Transparent {
  private readonly step: string;
  private readonly map: (value: unknown, context: ContextCell) => unknown;
  private readonly faults: Faults;

  constructor(
    step: string,
    map: (value: unknown, context: ContextCell) => unknown,
    faults: Faults,
    next: Operator,
  ) {
    super(next);
    this.step = step;
    this.map = map;
    this.faults = faults;
  }

  push(value: unknown, context: ContextCell): boolean {
    let mapped: unknown;
    try {
      mapped = this.map(value, context);
    } catch (error) {
      return this.recover(error, value, context);
    }
    return this.pass(mapped, context);
  }

  private pass(mapped: unknown, context: ContextCell): boolean {
    if (mapped instanceof Promise) refusePromise(this.step, mapped);
    return this.next.push(mapped, context);
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    const outcome = this.faults.retry(error, () => this.map(value, context));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    return this.pass(outcome.value, context);
  }
}
