import { fail } from '../errors.ts';

/** Throws `INVALID_PIPELINE` where an aggregate was not given the function that it asks its values by. */
export function checkFunction(aggregate: string, given: unknown): void {
  if (typeof given === 'function') return;
  const what = given === null ? 'null' : typeof given;
  fail('INVALID_PIPELINE', `The aggregate ${aggregate} takes a function of a value, not ${what}.`);
}
