export interface GlobalWindows {
  readonly kind: 'global';
}

/**
 * One window per key over all time. It fires when its trigger or `early` says so, and at the end of
 * input. A result carries the largest timestamp in it.
 */
export function global(): GlobalWindows {
  return GLOBAL;
}

const GLOBAL: GlobalWindows = Object.freeze({ kind: 'global' });
