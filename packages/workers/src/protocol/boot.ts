import type { MessagePort } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import type { EngineConfig } from '../engine-config.ts';

/**
 * What a new thread receives when it starts: plain data and shared memory. Each side builds its own
 * views and handles from it.
 */

/** What every thread of an engine has. */
export interface EngineBoot {
  readonly control: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  readonly config: EngineConfig;
}

export type SupervisorBoot = EngineBoot;

export interface OwnerBoot extends EngineBoot {
  /** Identifies the thread in every shard. */
  readonly thread: number;
  /** The owner looks after the shards whose number leaves this remainder by `config.owners`. */
  readonly index: number;
  readonly topics: readonly TopicDescriptor[];
  /** Threads that have exited and may not have been repaired yet. */
  readonly exited: readonly number[];
}

export interface ProcessorBoot extends EngineBoot {
  readonly thread: number;
  readonly index: number;
  readonly topics: readonly TopicDescriptor[];
  /** To the supervisor, which learns of the thread's exit when this closes. */
  readonly port: MessagePort;
}
