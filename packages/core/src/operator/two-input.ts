import type { SnapshotReader, SnapshotWriter } from '../state/snapshot.ts';
import type { ContextCell } from './context.ts';

/**
 * The first step of a stage with two inputs: what they bring of one key meets here. It hands its
 * outputs to a chain of one-input operators, without waiting and without a queue between.
 *
 * Suspension is as an `Operator` has it: every call takes over what it is given, always, and returns
 * `true` when all of it is done; after `false`, `resume` is called until it returns `true`, before
 * anything else is.
 *
 * Time is one for both inputs: `watermark` is told the minimum over all their channels, so a value
 * may come that lies ahead of it, or, when it is late, at or behind it. An input that has ended
 * counts as +∞ there. The order of calls: `endLeft` and `endRight` once each, in either order, no
 * push for a side after its end; then `watermark(+∞)`, then `end` once, and nothing after it.
 *
 * What a violation looks like: as for `Operator`; a push after that side's end loses the value.
 * `replayTwoInput` in `testing` replays an operator item by item and in bulk, with every other
 * output refused, and across snapshot and restore at every point.
 */
export interface TwoInputOperator {
  /** `context` belongs to the task and is reused; it says the same until the push is done. */
  pushLeft(value: unknown, context: ContextCell): boolean;
  pushRight(value: unknown, context: ContextCell): boolean;
  /** Nothing with a timestamp ≤ `watermark` follows on either input. Never falls; +∞ before `end`. */
  watermark(watermark: number): boolean;
  /** No more values come from the left; whether time moves is told by `watermark` alone. */
  endLeft(): boolean;
  endRight(): boolean;
  /** Both inputs have ended. */
  end(): boolean;
  resume(): boolean;
  /** Writes the state, when not suspended; `restore` of a new operator takes it back. */
  snapshot(writer: SnapshotWriter): void;
  restore(reader: SnapshotReader): void;
}
