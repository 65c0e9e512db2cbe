import type { DeliverySink } from '../delivery/delivery-sink.ts';
import type { HeldOutputs } from '../epoch/held-outputs.ts';
import type { TaskSnapshot } from '../epoch/task-snapshot.ts';
import type { WorkRow } from '../memory/work-row.ts';
import type { RecordCounts } from '../operator/counters.ts';
import type { Outlet } from '../operator/outlet.ts';
import type { StateBackend } from '../state/backend.ts';
import type { Clock } from '../time/clock.ts';
import type { Chain } from './chain.ts';
import type { Exit } from './exit.ts';
import type { TaskPlan } from './plan.ts';

/** What all tasks are made from. */
export interface TaskParts {
  readonly pipeline: string;
  readonly plan: TaskPlan;
  readonly chain: Chain;
  readonly exit: Exit;
  readonly counts: RecordCounts;
  /** For dead letters and late values; they may be what the chain is suspended by. */
  readonly sideOutlets: readonly Outlet[];
  readonly clock: Clock;
  /** Where it says what it is at. */
  readonly work: WorkRow;
  /** Where the state of its steps lies; closed with the task. */
  readonly backends: readonly StateBackend[];
  /** Of a pipeline with checkpoints. */
  readonly epochs: TaskEpochs | undefined;
  readonly held: HeldOutputs | undefined;
  /** Its sinks outside. */
  readonly deliveries: readonly DeliverySink[];
}

/** What a task of a pipeline with checkpoints says. */
export interface TaskEpochs {
  /** The epoch that it goes on from, 0 for none. */
  readonly from: number;
  /** How its stage is known in snapshots, and of how many tasks. */
  readonly stage: string;
  readonly tasks: number;
  /** What kind of state a step has. */
  kindOf(step: string): string;
  /** What marks the records that a way out gives in an epoch. */
  tokenOf(epoch: number, outlet: number): number;
  /** The barrier has been taken, and a crash leaves all input and output before it. */
  taken(task: number, epoch: number, snapshot: TaskSnapshot): void;
  /** The task has come to its end, and a crash leaves its input and output. */
  ended(task: number, snapshot: TaskSnapshot): void;
  /** Inputs, or outputs that are held, fill up with what only the commit of an epoch releases. */
  hurry(): void;
}
