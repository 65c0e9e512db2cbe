import type { Aggregate } from '../window/aggregate.ts';
import { type Fold, isFold } from '../window/fold.ts';
import { copyOf, mergeInto } from '../window/merging.ts';
import type { WindowInfo } from '../window/window.ts';

type AnyAggregate = Aggregate<unknown, unknown, unknown>;
type AnyFold = Fold<unknown, unknown, unknown>;
type Results = Record<string, unknown>;

/**
 * Several aggregates as one: an accumulator is the list of theirs, the result an object of their
 * results by name. It merges when all of them do, and needs no undoing when none of them does.
 */
export function together(fields: Readonly<Record<string, AnyAggregate>>): AnyAggregate {
  const names = Object.keys(fields);
  const parts = Object.values(fields);
  return parts.every(isFold) ? new FoldsTogether(names, parts) : new Together(names, parts);
}

class Together implements Aggregate<unknown, unknown[], Results> {
  readonly merge: Aggregate<unknown, unknown[], Results>['merge'];
  readonly copy: Aggregate<unknown, unknown[], Results>['copy'];
  protected readonly names: readonly string[];
  protected readonly parts: readonly AnyAggregate[];

  constructor(names: readonly string[], parts: readonly AnyAggregate[]) {
    this.names = names;
    this.parts = parts;
    const mergeable = parts.every(part => part.merge !== undefined);
    this.merge = mergeable ? (left, right) => this.mergeAll(left, right) : undefined;
    const copied = parts.some(part => part.copy !== undefined);
    this.copy = copied ? accumulators => this.copyAll(accumulators) : undefined;
  }

  create(): unknown[] {
    return this.parts.map(part => part.create());
  }

  add(accumulators: unknown[], value: unknown): unknown[] {
    const { parts } = this;
    for (let i = 0; i < parts.length; i++) {
      const added = parts[i].add(accumulators[i], value);
      // A promise must reach whoever refuses it.
      if (added instanceof Promise) return added as never;
      accumulators[i] = added;
    }
    return accumulators;
  }

  result(accumulators: unknown[], info: WindowInfo): Results {
    const { names, parts } = this;
    const results: Results = {};
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      const accumulator = accumulators[i];
      // What goes out must not change when more is added.
      results[names[i]] =
        part.result === undefined ? copyOf(part, accumulator) : part.result(accumulator, info);
    }
    return results;
  }

  private mergeAll(left: unknown[], right: unknown[]): unknown[] {
    const { parts } = this;
    for (let i = 0; i < parts.length; i++) left[i] = mergeInto(parts[i], left[i], right[i]);
    return left;
  }

  private copyAll(accumulators: unknown[]): unknown[] {
    return accumulators.map((accumulator, i) => copyOf(this.parts[i], accumulator));
  }
}

class FoldsTogether extends Together implements Fold<unknown, unknown[], Results> {
  private readonly folds: readonly AnyFold[];
  /** What `read` returns: the same list every time. */
  private readonly inputs: unknown[];

  constructor(names: readonly string[], folds: readonly AnyFold[]) {
    super(names, folds);
    this.folds = folds;
    this.inputs = new Array(folds.length);
  }

  get empty(): Results {
    return Object.fromEntries(this.names.map((name, i) => [name, this.folds[i].empty]));
  }

  /** All that may fail comes before anything is changed. */
  read(value: unknown): unknown[] {
    const { folds, inputs } = this;
    for (let i = 0; i < folds.length; i++) inputs[i] = folds[i].read(value);
    return inputs;
  }

  fold(accumulators: unknown[], input: unknown, value: unknown): unknown[] {
    const { folds } = this;
    const inputs = input as unknown[];
    for (let i = 0; i < folds.length; i++) {
      accumulators[i] = folds[i].fold(accumulators[i], inputs[i], value);
    }
    return accumulators;
  }

  override add(accumulators: unknown[], value: unknown): unknown[] {
    return this.fold(accumulators, this.read(value), value);
  }
}
