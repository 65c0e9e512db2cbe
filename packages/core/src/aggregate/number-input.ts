import { refuseInput } from '../window/fold.ts';

/** Takes a number out of a value. */
export type NumberOf<T> = (value: T) => number;

/** Throws `INVALID_INPUT` for what is no number; NaN would spoil all that is added to it. */
export function numberIn(aggregate: string, given: unknown): number {
  if (typeof given !== 'number' || Number.isNaN(given)) refuseInput(aggregate, given, 'a number');
  return given;
}
