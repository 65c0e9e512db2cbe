import type { MessagePort } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import type { EngineBoot } from '../protocol/boot.ts';

/**
 * What one thread of the user's needs to take part: hand it over by `workerData` or `postMessage`,
 * with `port` in the transfer list, and call `attach` there.
 *
 * It serves one thread. The port stays open as long as that thread lives, and its closing is how the
 * engine learns that the thread has exited, by whatever way, even while the main thread is busy.
 */
export interface EngineDescriptor extends EngineBoot {
  /** Identifies the thread in every shard. */
  readonly thread: number;
  /** The topics there were when the descriptor was made; later ones are asked for. */
  readonly topics: readonly TopicDescriptor[];
  readonly port: MessagePort;
}
