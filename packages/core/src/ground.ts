// What a thread needs that sees no topic, such as an engine's supervisor: it starts sooner without the rest.
export { createChannelMemory } from './channel/layout.ts';
export { type CoordinatorParts, EpochCoordinator, type EpochRequest } from './epoch/coordinator.ts';
export { type EpochDriver, newLineage, resumeFrom } from './epoch/driver.ts';
export { asEpochError, refuseCheckpoint } from './epoch/failures.ts';
export { checkSavepointName, MemoryDriver, unknownSavepoint } from './epoch/memory-driver.ts';
export type { ResolvedCheckpoint } from './epoch/options.ts';
export { OutputGauge } from './epoch/output-gauge.ts';
export type { Epoch, StepSnapshot, TaskSnapshot } from './epoch/task-snapshot.ts';
export { ERRORS, type ErrorCode, fail, StreamError } from './errors.ts';
export {
  add,
  compareExchange,
  loadAcquire,
  loadWide,
  storeRelease,
  storeWide,
  waitAsync,
  waitSync,
  wakeAll,
} from './memory/atomics.ts';
export { Bell } from './memory/bell.ts';
export { createWorkMemory, type WorkInHand, WorkRow } from './memory/work-row.ts';
