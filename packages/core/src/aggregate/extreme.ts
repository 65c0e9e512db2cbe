import type { Fold } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import { type NumberOf, numberIn } from './number-input.ts';

/** The smallest or the largest of a number of each value. */
export class Extreme<T> implements Fold<T, number | undefined, number, undefined> {
  readonly empty = undefined;
  private readonly name: 'min' | 'max';
  private readonly of: NumberOf<T>;
  private readonly larger: boolean;

  constructor(name: 'min' | 'max', of: NumberOf<T>) {
    checkFunction(name, of);
    this.name = name;
    this.of = of;
    this.larger = name === 'max';
  }

  create(): undefined {
    return undefined;
  }

  read(value: T): number {
    return numberIn(this.name, this.of(value));
  }

  fold(best: number | undefined, input: unknown): number {
    const given = input as number;
    if (best === undefined) return given;
    return given > best === this.larger ? given : best;
  }

  add(best: number | undefined, value: T): number {
    return this.fold(best, this.read(value));
  }

  merge(left: number | undefined, right: number | undefined): number | undefined {
    return right === undefined ? left : this.fold(left, right);
  }

  result(best: number | undefined): number {
    return best as number;
  }
}
