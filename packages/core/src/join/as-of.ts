import { checkOptionNames } from '../config/option-names.ts';
import type { Duration } from '../time/duration.ts';

export interface AsOfSpec {
  readonly kind: 'asOf';
  readonly ttl: Duration | undefined;
}

/**
 * Joins each left row with one right row: the version of its key that was valid at the left row's
 * time, which is the last one at or before it. With `ttl` a version is valid for so long at most.
 */
export function asOf(options: { readonly ttl?: Duration | undefined } = {}): AsOfSpec {
  checkOptionNames('asOf()', options, { ttl: true });
  return Object.freeze({ kind: 'asOf', ttl: options.ttl });
}
