// What a thread needs that sees no topic, such as an engine's supervisor: it starts sooner without the rest.
export { createChannelMemory } from './channel/layout.ts';
export { ERRORS, type ErrorCode, fail, StreamError } from './errors.ts';
export {
  add,
  loadAcquire,
  storeRelease,
  waitAsync,
  waitSync,
  wakeAll,
} from './memory/atomics.ts';
export { Bell } from './memory/bell.ts';
