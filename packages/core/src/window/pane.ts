import { kept } from '../record/kept.ts';
import type { Aggregate, WindowFunction } from './aggregate.ts';
import { type Fold, isFold } from './fold.ts';
import { type AccumulatorGuard, guardFor, NO_GUARD } from './guard.ts';
import { copyOf, mergeInto } from './merging.ts';
import type { WindowInfo } from './window.ts';

/** What is done with the values of one key in one window, whichever way the user gave it. */
export interface PaneLogic {
  readonly guard: AccumulatorGuard;
  /** Whether `result` may stand for several results (see `Emitted`), or is always one. */
  readonly many: boolean;
  /** Whether panes can be joined: `merge` may be called. */
  readonly mergeable: boolean;
  create(): unknown;
  /** What of a value is added, to however many panes: all that may fail without leaving a trace. */
  read(value: unknown): unknown;
  /** Adds what `read` returned for a value. */
  add(accumulator: unknown, input: unknown, value: unknown): unknown;
  /** Joins `right` to `left`, which may change and is returned or replaced; `right` stays as it is. */
  merge(left: unknown, right: unknown): unknown;
  /** An accumulator that goes on by itself. */
  copy(accumulator: unknown): unknown;
  /** `survives`: the pane goes on after this, so nothing handed out may be part of it. */
  result(accumulator: unknown, info: WindowInfo, survives: boolean): unknown;
}

type AnyAggregate = Aggregate<unknown, unknown, unknown>;
type AnyFold = Fold<unknown, unknown, unknown>;

/** What is done with an aggregate, by its form. */
export function aggregateLogic(aggregate: AnyAggregate, valuesAreViews: boolean): PaneLogic {
  return isFold(aggregate)
    ? new FoldLogic(aggregate)
    : new AggregateLogic(aggregate, valuesAreViews);
}

export class AggregateLogic implements PaneLogic {
  readonly guard: AccumulatorGuard;
  readonly many = false;
  readonly mergeable: boolean;
  private readonly aggregate: AnyAggregate;

  constructor(aggregate: AnyAggregate, valuesAreViews: boolean) {
    this.aggregate = aggregate;
    this.mergeable = aggregate.merge !== undefined;
    this.guard = guardFor(aggregate, valuesAreViews);
  }

  create(): unknown {
    return this.aggregate.create();
  }

  read(value: unknown): unknown {
    return value;
  }

  add(accumulator: unknown, value: unknown): unknown {
    return this.aggregate.add(accumulator, value);
  }

  merge(left: unknown, right: unknown): unknown {
    return mergeInto(this.aggregate, left, right);
  }

  copy(accumulator: unknown): unknown {
    return copyOf(this.aggregate, accumulator);
  }

  result(accumulator: unknown, info: WindowInfo, survives: boolean): unknown {
    const { aggregate } = this;
    const result =
      aggregate.result === undefined ? accumulator : aggregate.result(accumulator, info);
    return survives && result === accumulator ? copyOf(aggregate, result) : result;
  }
}

/** An aggregate whose `fold` does not fail: there is nothing to undo. */
class FoldLogic implements PaneLogic {
  readonly guard = NO_GUARD;
  readonly many = false;
  readonly mergeable: boolean;
  private readonly fold: AnyFold;

  constructor(fold: AnyFold) {
    this.fold = fold;
    this.mergeable = fold.merge !== undefined;
  }

  create(): unknown {
    return this.fold.create();
  }

  read(value: unknown): unknown {
    return this.fold.read(value);
  }

  add(accumulator: unknown, input: unknown, value: unknown): unknown {
    return this.fold.fold(accumulator, input, value);
  }

  merge(left: unknown, right: unknown): unknown {
    return mergeInto(this.fold, left, right);
  }

  copy(accumulator: unknown): unknown {
    return copyOf(this.fold, accumulator);
  }

  result(accumulator: unknown, info: WindowInfo): unknown {
    return this.fold.result(accumulator, info);
  }
}

/** Keeps the values and hands them to the function when the window fires. */
export class WholeWindowLogic implements PaneLogic {
  /** Only we touch the list, and appending to it does not fail. */
  readonly guard = NO_GUARD;
  readonly many = true;
  readonly mergeable = true;
  private readonly process: WindowFunction<unknown, unknown>;

  constructor(process: WindowFunction<unknown, unknown>) {
    this.process = process;
  }

  create(): unknown[] {
    return [];
  }

  read(value: unknown): unknown {
    return kept(value);
  }

  add(values: unknown, input: unknown): unknown {
    (values as unknown[]).push(input);
    return values;
  }

  merge(left: unknown, right: unknown): unknown {
    const values = left as unknown[];
    for (const value of right as unknown[]) values.push(value);
    return values;
  }

  copy(values: unknown): unknown {
    return (values as unknown[]).slice();
  }

  result(values: unknown, info: WindowInfo, survives: boolean): unknown {
    const list = values as unknown[];
    return this.process(info.key, survives ? list.slice() : list, info.window);
  }
}
