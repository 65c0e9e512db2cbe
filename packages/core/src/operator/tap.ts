import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { Faults } from './faults.ts';
import { type Operator, Transparent } from './operator.ts';

/** Shows every value to a function and passes it on. */
export class TapOperator extends Transparent {
  private readonly step: string;
  private readonly look: (value: unknown, context: ContextCell) => unknown;
  private readonly faults: Faults;

  constructor(
    step: string,
    look: (value: unknown, context: ContextCell) => unknown,
    faults: Faults,
    next: Operator,
  ) {
    super(next);
    this.step = step;
    this.look = look;
    this.faults = faults;
  }

  push(value: unknown, context: ContextCell): boolean {
    let returned: unknown;
    try {
      returned = this.look(value, context);
    } catch (error) {
      return this.recover(error, value, context);
    }
    return this.pass(returned, value, context);
  }

  private pass(returned: unknown, value: unknown, context: ContextCell): boolean {
    if (returned instanceof Promise) refusePromise(this.step, returned);
    return this.next.push(value, context);
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    const outcome = this.faults.retry(error, () => this.look(value, context));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    return this.pass(outcome.value, value, context);
  }
}
