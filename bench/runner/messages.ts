import type { Effort, Series } from './measurable.ts';

/** To a bench's process. */
export type ToBench =
  | { readonly kind: 'setup'; readonly module: string; readonly effort: Effort }
  | { readonly kind: 'round'; readonly effort: Effort }
  | { readonly kind: 'close' };

/** From a bench's process: one answer to each message. */
export type FromBench =
  | { readonly kind: 'done'; readonly series: readonly Series[] }
  | { readonly kind: 'failed'; readonly message: string }
  /** It cannot run here: no failure. */
  | { readonly kind: 'skipped'; readonly message: string };
