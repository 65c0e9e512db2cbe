import type { StateBackend } from '../state/backend.ts';
import type { Clock } from '../time/clock.ts';
import type { RecordCounts } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Outlet } from './outlet.ts';

/** What the operators of one task share. */
export interface OperatorParts {
  readonly faults: Faults;
  readonly counts: RecordCounts;
  /** The outlet to a late topic. */
  readonly lateOutlet: (topic: string) => Outlet;
  readonly clock: Clock;
  /** Where the keyed state of a step lies. */
  readonly backend: (step: string) => StateBackend;
  /** Wakes the thread when something asynchronous is done. */
  readonly wake: () => void;
}
