import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import { Emission, type Emitter } from './emission.ts';
import type { Faults } from './faults.ts';
import { type Operator, Transparent } from './operator.ts';

/** Any number of outputs for each input. What is left of them is kept while suspended. */
export class FlatMapOperator extends Transparent implements Emitter {
  readonly step: string;
  private readonly expand: (value: unknown, context: ContextCell) => unknown;
  private readonly faults: Faults;
  private readonly counts: RecordCounts;
  private readonly emission: Emission = new Emission(this);
  private value: unknown;
  private context!: ContextCell;

  constructor(
    step: string,
    expand: (value: unknown, context: ContextCell) => unknown,
    faults: Faults,
    counts: RecordCounts,
    next: Operator,
  ) {
    super(next);
    this.step = step;
    this.expand = expand;
    this.faults = faults;
    this.counts = counts;
  }

  get retries(): number {
    return this.faults.retries;
  }

  push(value: unknown, context: ContextCell): boolean {
    this.value = value;
    this.context = context;
    let items: unknown;
    try {
      items = this.expand(value, context);
    } catch (error) {
      return this.recover(error);
    }
    return this.emission.begin(items);
  }

  private recover(error: unknown): boolean {
    const outcome = this.faults.retry(error, () => this.again());
    if (outcome.failed) return this.refuse(outcome.error, 0);
    return this.emission.begin(outcome.value);
  }

  override resume(): boolean {
    if (!this.next.resume()) return false;
    return this.emission.active ? this.emission.proceed() : true;
  }

  again(): unknown {
    return this.expand(this.value, this.context);
  }

  emit(item: unknown): boolean {
    return this.next.push(item, this.context);
  }

  /** The input is one dead letter beside what it gave before. */
  refuse(error: unknown, passed: number): boolean {
    this.counts.expanded += passed;
    return this.faults.deadLetter(this.step, error, this.value, this.context);
  }

  finished(passed: number): void {
    if (passed === 0) this.counts.filtered++;
    else this.counts.expanded += passed - 1;
  }
}
