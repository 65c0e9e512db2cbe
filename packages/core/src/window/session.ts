import type { Duration } from '../time/duration.ts';

export interface SessionWindows {
  readonly kind: 'session';
  readonly gap: Duration;
}

/**
 * Windows of activity, per key: `[first, last + gap)`. Values belong to one session when no more than
 * `gap` lies between neighbours; a value between two sessions joins them.
 */
export function session(gap: Duration): SessionWindows {
  return Object.freeze({ kind: 'session', gap });
}
