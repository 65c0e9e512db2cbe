import { checkOptionNames } from '../config/option-names.ts';
import type { Duration } from '../time/duration.ts';

export interface HoppingWindows {
  readonly kind: 'hopping';
  readonly size: Duration;
  readonly slide: Duration;
  readonly offset: Duration;
}

/**
 * Windows of `size`, a new one every `slide`: they overlap when the slide is smaller than the size,
 * and leave gaps (whose records count as `unassigned`) when it is larger.
 */
export function hopping(
  size: Duration,
  slide: Duration,
  options: { offset?: Duration } = {},
): HoppingWindows {
  checkOptionNames('hopping()', options, { offset: true });
  return Object.freeze({ kind: 'hopping', size, slide, offset: options.offset ?? 0 });
}
