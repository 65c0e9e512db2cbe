import { type Fold, SKIPPED } from '../window/fold.ts';
import type { WindowInfo } from '../window/window.ts';
import { checkFunction } from './function-input.ts';

/** An aggregate of those values only for which `keep` is truthy. */
export function where<T, A, R, E>(
  keep: (value: T) => unknown,
  aggregate: Fold<NoInfer<T>, A, R, E>,
): Fold<T, A, R | E, E> {
  checkFunction('where', keep);
  return new Where(keep, aggregate);
}

class Where<T, A, R, E> implements Fold<T, A, R | E, E> {
  readonly empty: E;
  readonly merge: Fold<T, A, R>['merge'];
  private readonly keep: (value: T) => unknown;
  private readonly inner: Fold<T, A, R, E>;

  constructor(keep: (value: T) => unknown, inner: Fold<T, A, R, E>) {
    this.keep = keep;
    this.inner = inner;
    this.empty = inner.empty;
    this.merge =
      inner.merge === undefined ? undefined : (left, right) => inner.merge?.(left, right) as A;
  }

  create(): A {
    return this.inner.create();
  }

  read(value: T): unknown {
    return this.keep(value) ? this.inner.read(value) : SKIPPED;
  }

  fold(accumulator: A, input: unknown, value: T): A {
    return input === SKIPPED ? accumulator : this.inner.fold(accumulator, input, value);
  }

  add(accumulator: A, value: T): A {
    return this.fold(accumulator, this.read(value), value);
  }

  result(accumulator: A, info: WindowInfo): R | E {
    return this.inner.result(accumulator, info);
  }
}
