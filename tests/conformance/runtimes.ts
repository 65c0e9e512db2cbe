import { type Job, LocalEngine, type Topic } from '@lite-streams/core';
import { Engine } from '@lite-streams/workers';

/** What the suite needs of an engine: any runtime has it. */
export interface AnyEngine {
  topic(name: string): Topic;
  run(module: URL): Promise<Job>;
  stop(): Promise<void>;
}

/** The runtimes that the conformance suite runs over. */
export const runtimes: readonly { name: string; start(): Promise<AnyEngine> }[] = [
  { name: 'without threads, one host', start: () => LocalEngine.start() },
  { name: 'without threads, three hosts', start: () => LocalEngine.start({ processors: 3 }) },
  {
    name: 'without threads, small steps and channels',
    start: () =>
      LocalEngine.start({ processors: 2, stepRecords: 1, channelSlots: 2, channelBytes: 1024 }),
  },
  { name: 'with threads, one processor', start: () => Engine.start({ processors: 1 }) },
  { name: 'with threads, two processors', start: () => Engine.start({ processors: 2 }) },
];
