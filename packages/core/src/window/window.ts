/** A window `[start, end)` of event time, in milliseconds since 1970. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * A count window's `start` is the smallest timestamp in it and its `end` the largest + 1: it has no
 * edges of its own.
 */
export interface WindowInfo<K = unknown> {
  /** The key of a keyed window; `undefined` without `keyBy`. */
  readonly key: K;
  readonly window: Window;
}

/** What becomes of a pane after it fired, when more of its window may come. */
export type Panes = 'accumulating' | 'discarding';
