import type { Machine } from './machine.ts';
import type { Unit } from './measurable.ts';

/** What is known of one figure after all rounds. */
export interface Result {
  readonly name: string;
  readonly unit: Unit;
  /** Median of all samples. */
  readonly value: number;
  /** How many samples there were, over all rounds. */
  readonly samples: number;
  /** Half the distance between the slowest and the fastest round, as a share of the value. */
  readonly relativeError: number;
  readonly note?: string;
  /**
   * What was measured in turn with it, and this value divided by that one, round by round: what
   * remains comparable when the machine is another, or has another day.
   */
  readonly ratios: Readonly<Record<string, number>>;
  readonly targets: readonly TargetResult[];
}

export interface TargetResult {
  /** As it is printed, such as `≤ 1.0 × AppendRecord`. */
  readonly text: string;
  /** Undefined where what it compares with was not measured. */
  readonly met?: boolean;
}

/** The JSON file of one run. */
export interface Report {
  readonly machine: Machine;
  readonly at: string;
  readonly quick: boolean;
  readonly results: readonly Result[];
}
