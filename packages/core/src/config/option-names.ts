import { fail, shown } from '../errors.ts';

/** Every option of a type: one that is added there has to be added here. */
export type NamesOf<O> = Readonly<Record<keyof Required<O>, true>>;

/**
 * Throws `INVALID_OPTION` for an option that `who` has not: a misspelt one would be a default without a
 * word.
 */
export function checkOptionNames(who: string, options: object, names: object): void {
  if (options === null || typeof options !== 'object') {
    fail('INVALID_OPTION', `${who} takes an object of options, not ${shown(options)}.`);
  }
  const unknown = unknownOption(options, names);
  if (unknown === undefined) return;
  const known = Object.keys(names).join(', ');
  fail('INVALID_OPTION', `${who} has no option ${shown(unknown)}. It has ${known}.`);
}

/** The first option that is not among `names`. */
export function unknownOption(options: object, names: object): string | undefined {
  return Object.keys(options).find(option => !Object.hasOwn(names, option));
}
