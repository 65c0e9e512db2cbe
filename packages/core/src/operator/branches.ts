import { refusePromise } from '../window/synchronous.ts';
import type { ContextCell } from './context.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Operator } from './operator.ts';

/** An operator behind a branching one; `time` is the first of its chain that time is of interest to. */
export interface Branch {
  readonly head: Operator;
  readonly time: Operator;
}

const NOTHING = 0;
const PUSHING = 1;
const TELLING_TIME = 2;
const ENDING = 3;

/**
 * Several operators after one, inside one task. They are told one after the other; when one of them
 * is suspended, the rest is told once it has been resumed.
 */
abstract class Branching implements Operator {
  protected readonly branches: readonly Branch[];
  /** What is left to be told to the branches, and which of them is next. */
  private telling = NOTHING;
  private next = 0;
  private value: unknown;
  private context!: ContextCell;
  private now = Number.NEGATIVE_INFINITY;

  constructor(branches: readonly Branch[]) {
    this.branches = branches;
  }

  abstract push(value: unknown, context: ContextCell): boolean;

  watermark(watermark: number): boolean {
    return this.tellTime(0, watermark);
  }

  end(): boolean {
    return this.tellEnd(0);
  }

  resume(): boolean {
    for (const { head } of this.branches) if (!head.resume()) return false;
    const { telling, next, value } = this;
    this.telling = NOTHING;
    this.value = undefined;
    if (telling === PUSHING) return this.pushFrom(next, value, this.context);
    if (telling === TELLING_TIME) return this.tellTime(next, this.now);
    return telling === NOTHING || this.tellEnd(next);
  }

  snapshot(): void {}

  restore(): void {}

  protected pushFrom(first: number, value: unknown, context: ContextCell): boolean {
    const { branches } = this;
    for (let i = first; i < branches.length; i++) {
      if (branches[i].head.push(value, context)) continue;
      this.value = value;
      this.context = context;
      return this.suspend(PUSHING, i);
    }
    return true;
  }

  private tellTime(first: number, watermark: number): boolean {
    const { branches } = this;
    for (let i = first; i < branches.length; i++) {
      if (branches[i].time.watermark(watermark)) continue;
      this.now = watermark;
      return this.suspend(TELLING_TIME, i);
    }
    return true;
  }

  private tellEnd(first: number): boolean {
    for (let i = first; i < this.branches.length; i++) {
      if (!this.branches[i].head.end()) return this.suspend(ENDING, i);
    }
    return true;
  }

  /** The branch has taken it over, and is not done. */
  private suspend(telling: number, branch: number): false {
    this.telling = telling;
    this.next = branch + 1;
    return false;
  }
}

/** Gives every branch the same value; those beyond the first count as `expanded`. */
export class ForkOperator extends Branching {
  private readonly counts: RecordCounts;

  constructor(branches: readonly Branch[], counts: RecordCounts) {
    super(branches);
    this.counts = counts;
  }

  push(value: unknown, context: ContextCell): boolean {
    this.counts.expanded += this.branches.length - 1;
    return this.pushFrom(0, value, context);
  }
}

type Route = (value: unknown, context: ContextCell) => unknown;

/** Gives each value to the branch of the first route that is truthy for it, and counts the rest. */
export class SplitOperator extends Branching {
  private readonly step: string;
  private readonly routes: readonly Route[];
  private readonly faults: Faults;
  private readonly counts: RecordCounts;

  /** `routes`: one for each branch. */
  constructor(
    step: string,
    routes: readonly Route[],
    branches: readonly Branch[],
    faults: Faults,
    counts: RecordCounts,
  ) {
    super(branches);
    this.step = step;
    this.routes = routes;
    this.faults = faults;
    this.counts = counts;
  }

  push(value: unknown, context: ContextCell): boolean {
    let route: number;
    try {
      route = this.routeOf(value, context);
    } catch (error) {
      return this.recover(error, value, context);
    }
    return this.pass(route, value, context);
  }

  private routeOf(value: unknown, context: ContextCell): number {
    const { routes } = this;
    for (let i = 0; i < routes.length; i++) {
      const wants = routes[i](value, context);
      if (!wants) continue;
      if (wants instanceof Promise) refusePromise(this.step, wants);
      return i;
    }
    return -1;
  }

  private pass(route: number, value: unknown, context: ContextCell): boolean {
    if (route >= 0) return this.branches[route].head.push(value, context);
    this.counts.filtered++;
    return true;
  }

  private recover(error: unknown, value: unknown, context: ContextCell): boolean {
    const outcome = this.faults.retry(error, () => this.routeOf(value, context));
    if (outcome.failed) return this.faults.deadLetter(this.step, outcome.error, value, context);
    return this.pass(outcome.value as number, value, context);
  }
}
