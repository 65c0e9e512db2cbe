import type { QueryRunOptions } from '../query-run.ts';

/** To the process of one query. */
export interface QueryOrder extends QueryRunOptions {
  readonly query: string;
  readonly events: number;
  /** The file of events that DuckDB answers from: rows are compared, and nothing is measured. */
  readonly oracle: string | undefined;
}

/** What a query's process found. */
export interface QueryFigures {
  readonly kind: 'figures';
  /** Events per second of processor time, of each stretch. */
  readonly perCore: readonly number[];
  /** Events per second, of each stretch. */
  readonly perSecond: readonly number[];
  readonly results: number;
  readonly checksum: string;
}

export type QueryAnswer =
  | QueryFigures
  | { readonly kind: 'verified'; readonly rows: number }
  | { readonly kind: 'failed'; readonly message: string };
