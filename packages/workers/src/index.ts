export { AttachedEngine, attach } from './attach/attach.ts';
export type { EngineDescriptor } from './attach/descriptor.ts';
export { Engine } from './engine.ts';
export type { EngineConfig, EngineOptions } from './engine-config.ts';
export type { EngineEvent, EngineEvents } from './events.ts';
export type { EngineJob, EngineJob as Job, RunOptions, WaitOptions } from './job/engine-job.ts';
export type { EngineJobStats, EngineJobStats as JobStats, JobState } from './job/stats.ts';
