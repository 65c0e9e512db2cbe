import { checkOptionNames } from '../config/option-names.ts';
import type { Duration } from '../time/duration.ts';

export interface TumblingWindows {
  readonly kind: 'tumbling';
  readonly size: Duration;
  readonly offset: Duration;
}

/**
 * Windows of `size`, one behind the other. `offset` moves their edges, which otherwise lie at whole
 * multiples of the size since 1970 UTC: `tumbling('1d', { offset: '-1h' })` is a day in UTC+1.
 */
export function tumbling(size: Duration, options: { offset?: Duration } = {}): TumblingWindows {
  checkOptionNames('tumbling()', options, { offset: true });
  return Object.freeze({ kind: 'tumbling', size, offset: options.offset ?? 0 });
}
