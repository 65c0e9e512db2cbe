import type { MessagePort } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import type { Epoch, TaskSnapshot } from '@lite-streams/core/ground';
import type { Explanation, Plan } from '@lite-streams/core/internal';
import type { SlowWork } from '../supervisor/slow-work.ts';
import type { Failure } from './failure.ts';

/** Everything that one thread of an engine says to another: a pair of unions for each link. */

export type Role = 'owner' | 'processor' | 'attached';

/** What the main thread has to know of a pipeline before it can begin. */
export type Outline = Pick<Plan, 'pipeline' | 'group' | 'topics' | 'checkpoint'>;

/** How a job came to its end; `error` where it failed. */
export interface Ending {
  readonly state: 'drained' | 'stopped' | 'failed';
  readonly error: Failure | undefined;
}

// main thread ↔ supervisor

export type ToSupervisor =
  | { readonly kind: 'topic'; readonly topic: TopicDescriptor }
  | { readonly kind: 'attach'; readonly thread: number; readonly port: MessagePort }
  /** Ends a thread as if it had crashed: for tests and proofs of what the engine survives. */
  | { readonly kind: 'kill'; readonly role: 'owner' | 'processor'; readonly index: number }
  /** Loads a pipeline module on every processor; answered by `loaded` or `ended`. */
  | {
      readonly kind: 'run';
      readonly job: number;
      readonly module: string;
      readonly name: string | undefined;
      /** The savepoint to begin from. */
      readonly savepoint: string | undefined;
    }
  /** Its topics and its group are there: begin. Answered by `running` or `ended`. */
  | {
      readonly kind: 'begin';
      readonly job: number;
      /** Of each source topic. */
      readonly shards: ReadonlyMap<string, number>;
      /** Whether all that it reads is on disk, and whether its epochs stay when it has ended. */
      readonly durable: boolean;
      readonly keep: boolean;
    }
  /** Statistics that include all that is done now. Answered by `shown`, or by `ended`. */
  | { readonly kind: 'show'; readonly job: number; readonly request: number }
  /** An epoch now, kept under a name if there is one. Answered by `checkpointed`. */
  | {
      readonly kind: 'checkpoint';
      readonly job: number;
      readonly request: number;
      readonly savepoint: string | undefined;
    }
  /** An epoch as soon as can be; not answered. */
  | { readonly kind: 'hurry'; readonly job: number }
  /** Answered by `ended`. */
  | { readonly kind: 'end-job'; readonly job: number }
  | { readonly kind: 'stop' };

export type FromSupervisor =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loaded'; readonly job: number; readonly outline: Outline }
  | {
      readonly kind: 'running';
      readonly job: number;
      readonly plan: Plan;
      readonly explanation: Explanation;
      readonly board: SharedArrayBuffer;
      readonly work: SharedArrayBuffer;
    }
  /** A task does not come back from what it is at, or has after long. */
  | ({ readonly kind: 'slow-work'; readonly job: number } & SlowWork)
  | { readonly kind: 'restarted'; readonly job: number; readonly thread: number }
  | { readonly kind: 'shown'; readonly job: number; readonly request: number }
  | {
      readonly kind: 'checkpointed';
      readonly job: number;
      readonly request: number;
      readonly epoch: number;
      readonly error: Failure | undefined;
    }
  | {
      readonly kind: 'epoch';
      readonly job: number;
      readonly epoch: number;
      readonly tookMs: number;
    }
  | { readonly kind: 'ended'; readonly job: number; readonly how: Ending }
  | { readonly kind: 'warning'; readonly job: number; readonly message: string }
  | {
      readonly kind: 'exited';
      readonly role: Role;
      readonly thread: number;
      readonly error: Failure | undefined;
    }
  | {
      readonly kind: 'replaced';
      readonly role: 'owner' | 'processor';
      readonly thread: number;
      readonly replaces: number;
    }
  | Poisoned
  | LogStopped
  /** The engine cannot go on. */
  | { readonly kind: 'broken'; readonly error: Failure };

// supervisor ↔ owner

export type ToOwner =
  | { readonly kind: 'topic'; readonly topic: TopicDescriptor }
  | { readonly kind: 'exited'; readonly thread: number }
  | { readonly kind: 'stop' };

/** A shard broke an invariant: everybody who uses it is refused. */
export interface Poisoned {
  readonly kind: 'poisoned';
  readonly topic: string;
  readonly shard: number;
  readonly error: Failure;
}

/** The log of a shard could not be written: the shard takes nothing more. `shard` −1: the groups' offsets. */
export interface LogStopped {
  readonly kind: 'log-stopped';
  readonly topic: string;
  readonly shard: number;
  readonly error: Failure;
}

export type FromOwner =
  | Poisoned
  | LogStopped
  | { readonly kind: 'ready' }
  | { readonly kind: 'repaired'; readonly thread: number }
  /** A file that grows may as well be flushed now: the owner will wait for it, and for less. */
  | { readonly kind: 'flush-ahead'; readonly path: string; readonly order: SharedArrayBuffer };

// supervisor ↔ processor. A restarted job has a new incarnation: what an older one still says is void.

export type ToProcessor =
  | { readonly kind: 'topic'; readonly topic: TopicDescriptor }
  | {
      readonly kind: 'load';
      readonly job: number;
      readonly module: string;
      readonly name: string | undefined;
    }
  | { readonly kind: 'plan'; readonly job: number; readonly shards: ReadonlyMap<string, number> }
  | {
      readonly kind: 'begin';
      readonly job: number;
      readonly incarnation: number;
      readonly plan: Plan;
      /** By the id of the channel in the plan. */
      readonly channels: ReadonlyMap<number, SharedArrayBuffer>;
      /** Where tasks say what they hold of outputs, and see what all of them do. */
      readonly gauge: SharedArrayBuffer;
      readonly board: SharedArrayBuffer;
      /** Where tasks say what they are at. */
      readonly work: SharedArrayBuffer;
      /** What the tasks of a pipeline with checkpoints begin from, where there is something. */
      readonly from: Epoch | undefined;
      /** The run of epochs that they make. */
      readonly lineage: string;
    }
  /** The source tasks are to take the barrier of an epoch. */
  | {
      readonly kind: 'epoch';
      readonly job: number;
      readonly incarnation: number;
      readonly epoch: number;
    }
  | {
      readonly kind: 'committed';
      readonly job: number;
      readonly incarnation: number;
      readonly epoch: number;
    }
  | { readonly kind: 'show'; readonly job: number; readonly request: number }
  | { readonly kind: 'drop'; readonly job: number }
  | { readonly kind: 'forget'; readonly job: number }
  | { readonly kind: 'stop' };

/** The first thing that a processor says: which thread of the process it is. */
export interface ProcessorHere {
  readonly kind: 'here';
  readonly threadId: number;
}

export type FromProcessor =
  /** From here on, if the thread dies, the module may be to blame. */
  | { readonly kind: 'importing'; readonly job: number }
  | { readonly kind: 'loaded'; readonly job: number; readonly outline: Outline }
  | {
      readonly kind: 'planned';
      readonly job: number;
      readonly plan: Plan;
      readonly explanation: Explanation;
    }
  /** Sums over its sources when it began: what they had committed, what there was beyond. */
  | {
      readonly kind: 'begun';
      readonly job: number;
      readonly incarnation: number;
      readonly committed: number;
      readonly unread: number;
    }
  /** A task has taken the barrier of an epoch. */
  | {
      readonly kind: 'taken';
      readonly job: number;
      readonly incarnation: number;
      readonly task: number;
      readonly epoch: number;
      readonly snapshot: TaskSnapshot;
    }
  /** A task has come to its end; it is done when that has been committed. */
  | {
      readonly kind: 'task-ended';
      readonly job: number;
      readonly incarnation: number;
      readonly task: number;
      readonly snapshot: TaskSnapshot;
    }
  /** The input of a task fills up with what only an epoch releases. */
  | { readonly kind: 'hurry'; readonly job: number; readonly incarnation: number }
  | { readonly kind: 'shown'; readonly job: number; readonly request: number }
  | { readonly kind: 'dropped'; readonly job: number }
  | { readonly kind: 'finished'; readonly job: number; readonly incarnation: number }
  /** The job cannot begin or go on. */
  | { readonly kind: 'failed'; readonly job: number; readonly error: Failure }
  | { readonly kind: 'warning'; readonly job: number; readonly message: string };

// supervisor ↔ a thread of the user's

export interface ToAttached {
  readonly kind: 'topic';
  readonly topic: TopicDescriptor;
}

export interface FromAttached {
  readonly kind: 'lookup';
  readonly name: string;
  /** Told when the topic, if there is one, is in the port. */
  readonly answer: SharedArrayBuffer;
}
