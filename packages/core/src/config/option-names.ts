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
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names).join(', ');
    fail('INVALID_OPTION', `${who} has no option ${shown(name)}. It has ${known}.`);
  }
}
