import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { StreamError, UserCall } from '@lite-streams/core';

/** A call of user code that takes long; what it is with, and since when. */
export interface SlowCall extends UserCall {
  readonly job: string;
  /** The number of the task, of its stage, and of the processor that it is on. */
  readonly task: number;
  readonly stage: number;
  readonly processor: number;
  /** How long it had taken when that was noticed. */
  readonly lastedMs: number;
  /** Whether it had come to its end by then. */
  readonly over: boolean;
  /** All of it in a sentence. */
  readonly message: string;
}

/** Dead letters of a job, as many as there are by now. */
export interface DeadLettersFound {
  readonly job: string;
  /** The topic that has them. */
  readonly topic: string;
  readonly count: number;
  readonly step: string | undefined;
  readonly error: string | undefined;
  /** All of it in a sentence. */
  readonly message: string;
}

/** What an engine tells: one object each. The library prints nothing. */
export interface EngineEvents {
  /** A thread of the engine, or one of the user's own that takes part, is gone. */
  'thread-exited': [
    { role: 'owner' | 'processor' | 'attached'; thread: number; error: Error | undefined },
  ];
  /** A new thread does what a dead one did. */
  'thread-replaced': [{ role: 'owner' | 'processor'; thread: number; replaces: number }];
  /** Tasks of a job were started anew, from what they had committed, because their thread died. */
  'job-restarted': [{ job: string; thread: number }];
  'job-drained': [{ job: string }];
  'job-failed': [{ job: string; error: StreamError }];
  /** The memory of a shard broke an invariant; whoever uses it meets `SHARD_POISONED`. */
  'shard-poisoned': [{ topic: string; shard: number; error: Error }];
  /**
   * The log of a durable shard could not be written: the shard takes nothing more, whoever appends
   * meets `SHARD_STOPPED`. `shard` is −1 where only the offsets of groups could not be kept.
   */
  'shard-stopped': [{ topic: string; shard: number; error: Error }];
  /** A call of user code takes longer than `slowCallMs`: once, and once more when it is over. */
  'slow-call': [SlowCall];
  /**
   * User code refused what it was given: at the first dead letter of a job, and whenever there are ten times
   * as many. `step` and `error` are those of one of the last, where it can still be read.
   */
  'dead-letters': [DeadLettersFound];
  /** Something that may be wrong, such as an output that nobody reads. */
  warning: [{ job: string; message: string }];
  /** The engine itself cannot go on. */
  failed: [{ error: StreamError }];
}

export type EngineEvent = keyof EngineEvents;

/** Events of an engine: to its own listeners, and to `diagnostics_channel` as `lite-streams:<event>`. */
export class EventSource {
  readonly emitter = new EventEmitter<EngineEvents>();

  tell<E extends EngineEvent>(event: E, ...[about]: EngineEvents[E]): void {
    channel(`lite-streams:${event}`).publish(about);
    // The types of `emit` do not follow a generic event name.
    (this.emitter as EventEmitter).emit(event, about);
  }
}
