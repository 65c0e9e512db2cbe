import type { Window } from '../window/window.ts';

/** Which rows without a partner are given: none, those of one side, or all. */
export type JoinType = 'inner' | 'left' | 'right' | 'full';

/** What a join function is told about the rows in its hands. One object, reused: do not keep it. */
export interface JoinContext<K = unknown> {
  readonly key: K;
  /** Event time of what the function returns. */
  readonly timestamp: number;
  /** Event time of each row; `undefined` where there is none. */
  readonly leftTimestamp: number | undefined;
  readonly rightTimestamp: number | undefined;
  /** The window that the rows are in; only in window joins. */
  readonly window: Window | undefined;
}

/** Makes one result of two rows. */
export type JoinFunction<L, R, O, K = unknown> = (left: L, right: R, context: JoinContext<K>) => O;

/** A join function as operators call it; a row that has no partner comes with `undefined`. */
export type AnyJoin = JoinFunction<unknown, unknown, unknown>;
