/**
 * Every error of Lite Streams: one class, a stable `code`, one table of what each code means.
 *
 * Three failures have three forms: expected fullness is a return value; misuse and bad input throw a
 * `StreamError` that names what was wrong, where, and what would be right; a broken invariant of
 * shared memory poisons the region, so that its peers fail loudly.
 */
export const ERRORS = {
  // records
  INVALID_KEY: 'A key is neither text nor bytes.',
  INVALID_VALUE: 'A value is neither text nor bytes.',
  INVALID_HEADER: 'A header name is not text, or its value is neither text nor bytes.',
  INVALID_TIMESTAMP: 'A timestamp is not a whole number of milliseconds within ±(2^53 − 1).',
  RECORD_TOO_LARGE: 'An encoded record is larger than `maxRecordBytes`.',
  VALUE_OUT_OF_RANGE: 'A read lies outside the value of a record.',
  STALE_VIEW: 'A record view was used after the batch that it belongs to had been released.',
  SERDE_FAILED: 'A serde could not encode or decode a value.',
  UNSUPPORTED_VALUE: 'A value cannot cross threads or enter a snapshot.',
  // log
  SHARD_FULL: 'A shard has no room: a group that gates it has not read far enough.',
  SHARD_OUT_OF_RANGE: 'A shard number is outside the topic.',
  SHARD_POISONED: 'The shared memory of a shard broke an invariant; the shard refuses further use.',
  LAYOUT_MISMATCH:
    'Shared memory has another magic number, layout version or length than this build.',
  OUT_OF_MEMORY: 'The memory for the shards could not be allocated.',
  UNKNOWN_TOPIC: 'No topic has this name.',
  TOPIC_EXISTS: 'A topic of this name exists with other options.',
  TOPIC_ENDED: 'The topic has ended; nothing can be appended.',
  CLOSED: 'The topic, producer, consumer or engine is closed.',
  TOO_MANY_PRODUCERS: 'All producer cells of a shard are taken.',
  TOO_MANY_GROUPS: 'All group cells of a topic are taken.',
  UNKNOWN_GROUP: 'No group has this name.',
  DUPLICATE_MEMBER: 'A member of this name is already in the group.',
  TOO_MANY_MEMBERS: 'All member cells of a group are taken.',
  FENCED: 'A commit came from an older generation of the group; its shards were assigned anew.',
  OFFSET_OUT_OF_RANGE: 'An offset lies below the earliest or above the end of the shard.',
  // configuration
  INVALID_OPTION: 'An option or environment variable has a value outside its range.',
  // pipelines
  INVALID_PIPELINE: 'A pipeline was built wrongly; the message names the step.',
  MODULE_NOT_LOADED: 'A pipeline module could not be loaded.',
  MODULE_NO_DEFAULT: 'A pipeline module has no pipeline as its default export.',
  PIPELINE_RUNNING: 'A pipeline of this name is running already.',
  PIPELINE_CYCLE: 'Pipelines form a cycle of lossless topics.',
  ASYNC_OPERATOR: 'A synchronous operator returned a promise.',
  STATE_LOST: 'A processor with state of this pipeline died, and no checkpoint exists.',
  TASK_FAILED: 'A task of a pipeline failed by an error that no dead letter answers; see its cause.',
  // threads
  THREAD_FAILED: 'A worker thread failed.',
  ABORTED: 'The operation was ended by its AbortSignal.',
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code; `ERRORS[code]` says what the code means. */
export class StreamError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StreamError';
    this.code = code;
  }
}

/** Throws a `StreamError`; of type `never`, so that it can end an expression. */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new StreamError(code, message, cause === undefined ? undefined : { cause });
}
