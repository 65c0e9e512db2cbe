export * from '@lite-streams/core';
// Both have jobs: those of an engine with threads tell more.
export type { Job, JobStats } from '@lite-streams/workers';
export * from '@lite-streams/workers';
