import { checkOptionNames } from '../config/option-names.ts';
import type { Duration } from '../time/duration.ts';

export interface UnboundedSpec {
  readonly kind: 'unbounded';
  readonly ttl: Duration;
}

/**
 * Joins all rows of a key, however they lie in time, as long as both live: a row lives for `ttl` of
 * event time, so the rows of a pair are at most that far apart. `Infinity` keeps every row for good.
 */
export function unbounded(options: { readonly ttl: Duration }): UnboundedSpec {
  checkOptionNames('unbounded()', options ?? {}, { ttl: true });
  return Object.freeze({ kind: 'unbounded', ttl: options?.ttl });
}
