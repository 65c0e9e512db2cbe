import type { ContextCell } from './context.ts';
import { type Faults, refusePromise } from './faults.ts';
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
      const outcome = this.faults.retry(error, () => this.look(value, context));
      if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
      returned = outcome.value;
    }
    if (returned instanceof Promise) refusePromise(this.step, returned);
    return this.next.push(value, context);
  }
}
