import { type Job, LocalEngine, type LocalJob, type Topic } from '@lite-streams/core';
import { Engine, type EngineJob } from '@lite-streams/workers';

/** What the suite needs of an engine: any runtime has it. */
export interface AnyEngine {
  topic(name: string): Topic;
  /** `keepGroup`: what is stopped can be run again, and goes on. */
  run(
    module: URL,
    options?: { readonly keepGroup?: boolean; readonly savepoint?: string },
  ): Promise<Job>;
  stop(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  start(): Promise<AnyEngine>;
  /** Goes on with a job of which nothing is left but the snapshot of an epoch that is taken now. */
  restore(engine: AnyEngine, module: URL, job: Job): Promise<Job>;
}

const withoutThreads: Pick<Runtime, 'restore'> = {
  async restore(_engine, _module, job) {
    const local = job as LocalJob;
    await local.checkpoint();
    local.rollBack();
    return local;
  },
};

const withThreads: Pick<Runtime, 'restore'> = {
  async restore(engine, module, job) {
    await (job as EngineJob).checkpoint();
    await job.stop();
    return await engine.run(module, { keepGroup: true });
  },
};

/** The runtimes that the conformance suite runs over. */
export const runtimes: readonly Runtime[] = [
  { name: 'without threads, one host', start: () => LocalEngine.start(), ...withoutThreads },
  {
    name: 'without threads, three hosts',
    start: () => LocalEngine.start({ processors: 3 }),
    ...withoutThreads,
  },
  {
    name: 'without threads, small steps and channels',
    start: () =>
      LocalEngine.start({ processors: 2, stepRecords: 1, channelSlots: 2, channelBytes: 1024 }),
    ...withoutThreads,
  },
  {
    name: 'with threads, one processor',
    start: () => Engine.start({ processors: 1 }),
    ...withThreads,
  },
  {
    name: 'with threads, two processors',
    start: () => Engine.start({ processors: 2 }),
    ...withThreads,
  },
];
