import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import type { Duration } from '../time/duration.ts';

export interface IntervalSpec {
  readonly kind: 'interval';
  readonly lower: Duration;
  readonly upper: Duration;
  readonly lowerExclusive: boolean;
  readonly upperExclusive: boolean;
}

export interface IntervalOptions {
  /** Whether a right row exactly `lower` away is no partner any more. Default: it is one. */
  readonly lowerExclusive?: boolean | undefined;
  readonly upperExclusive?: boolean | undefined;
}

const NAMES: NamesOf<IntervalOptions> = { lowerExclusive: true, upperExclusive: true };

/**
 * Joins a left row at `l` with the right rows of its key at `r` where `l + lower ≤ r ≤ l + upper`:
 * `interval('-5m', '10m')` reaches from five minutes before to ten minutes after.
 */
export function interval(
  lower: Duration,
  upper: Duration,
  options: IntervalOptions = {},
): IntervalSpec {
  checkOptionNames('interval()', options, NAMES);
  return Object.freeze({
    kind: 'interval',
    lower,
    upper,
    lowerExclusive: options.lowerExclusive ?? false,
    upperExclusive: options.upperExclusive ?? false,
  });
}
