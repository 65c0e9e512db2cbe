import type { Fold } from '../window/fold.ts';
import { checkFunction } from './function-input.ts';
import { type NumberOf, numberIn } from './number-input.ts';

/**
 * The sum of a number of each value. Fractions are added as they come: like every sum of floating
 * point it depends, in its last digits, on their order.
 */
export function sum<T>(of: NumberOf<T>): Fold<T, number, number> {
  checkFunction('sum', of);
  return new Sum(of);
}

class Sum<T> implements Fold<T, number, number> {
  readonly empty = 0;
  private readonly of: NumberOf<T>;

  constructor(of: NumberOf<T>) {
    this.of = of;
  }

  create(): number {
    return 0;
  }

  read(value: T): number {
    return numberIn('sum', this.of(value));
  }

  fold(total: number, input: unknown): number {
    return total + (input as number);
  }

  add(total: number, value: T): number {
    return total + this.read(value);
  }

  merge(left: number, right: number): number {
    return left + right;
  }

  result(total: number): number {
    return total;
  }
}
