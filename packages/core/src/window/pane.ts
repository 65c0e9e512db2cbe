import { RecordView } from '../record/view.ts';
import type { Aggregate, WindowFunction } from './aggregate.ts';
import { type AccumulatorGuard, guardFor, NO_GUARD } from './guard.ts';
import { isPrimitive, plainCopy } from './plain-copy.ts';
import type { WindowInfo } from './window.ts';

/** What is done with the values of one key in one window, whichever way the user gave it. */
export interface PaneLogic {
  readonly guard: AccumulatorGuard;
  /** Whether `result` may stand for several results (see `Emitted`), or is always one. */
  readonly many: boolean;
  create(): unknown;
  add(accumulator: unknown, value: unknown): unknown;
  /** `survives`: the pane goes on after this, so nothing handed out may be part of it. */
  result(accumulator: unknown, info: WindowInfo, survives: boolean): unknown;
}

type AnyAggregate = Aggregate<unknown, unknown, unknown>;

export class AggregateLogic implements PaneLogic {
  readonly guard: AccumulatorGuard;
  readonly many = false;
  private readonly aggregate: AnyAggregate;

  constructor(aggregate: AnyAggregate, valuesAreViews: boolean) {
    this.aggregate = aggregate;
    this.guard = guardFor(aggregate, valuesAreViews);
  }

  create(): unknown {
    return this.aggregate.create();
  }

  add(accumulator: unknown, value: unknown): unknown {
    return this.aggregate.add(accumulator, value);
  }

  result(accumulator: unknown, info: WindowInfo, survives: boolean): unknown {
    const { aggregate } = this;
    const result =
      aggregate.result === undefined ? accumulator : aggregate.result(accumulator, info);
    if (!survives || result !== accumulator || isPrimitive(result)) return result;
    return aggregate.copy === undefined ? plainCopy(result).copy : aggregate.copy(result);
  }
}

/** Keeps the values and hands them to the function when the window fires. */
export class WholeWindowLogic implements PaneLogic {
  /** Only we touch the list, and appending to it does not fail. */
  readonly guard = NO_GUARD;
  readonly many = true;
  private readonly process: WindowFunction<unknown, unknown>;

  constructor(process: WindowFunction<unknown, unknown>) {
    this.process = process;
  }

  create(): unknown[] {
    return [];
  }

  add(values: unknown, value: unknown): unknown {
    (values as unknown[]).push(value instanceof RecordView ? value.copy() : value);
    return values;
  }

  result(values: unknown, info: WindowInfo, survives: boolean): unknown {
    const list = values as unknown[];
    return this.process(info.key, survives ? list.slice() : list, info.window);
  }
}
