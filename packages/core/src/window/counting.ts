export interface CountWindows {
  readonly kind: 'count';
  readonly size: number;
}

/**
 * Windows of `size` values per key, in the order in which they arrive. A result carries the largest
 * timestamp seen; what is left at the end of input is emitted as a smaller window.
 */
export function counting(size: number): CountWindows {
  return Object.freeze({ kind: 'count', size });
}
