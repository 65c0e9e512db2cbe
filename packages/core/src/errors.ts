/**
 * Every error of Lite Streams: one class, a stable `code`, one table of what each code means.
 *
 * Three failures have three forms: expected fullness is a return value; misuse and bad input throw a
 * `StreamError` that names what was wrong, where, and what would be right; a broken invariant of
 * shared memory poisons the region, so that its peers fail loudly.
 */
export const ERRORS = {
  // records
  INVALID_KEY: {
    means: 'A key is neither text nor bytes.',
    remedy: 'Give text, a Uint8Array, or no key. Make text of numbers with `String(key)`.',
  },
  INVALID_VALUE: {
    means: 'A value is neither text nor bytes, or a record is no object.',
    remedy:
      'Give text, a Uint8Array, or no value. Encode objects first, with `JSON.stringify` or a serde.',
  },
  INVALID_HEADER: {
    means: 'A header name is not text, or its value is neither text nor bytes.',
    remedy: 'Give an object of names whose values are text or a Uint8Array.',
  },
  INVALID_TIMESTAMP: {
    means: 'A timestamp is not a whole number of milliseconds within ±(2^53 − 1).',
    remedy: 'Give `date.getTime()`, round fractions, or leave it out for now.',
  },
  RECORD_TOO_LARGE: {
    means: 'An encoded record is larger than `maxRecordBytes`.',
    remedy:
      'Raise `maxRecordBytes` (and `shardBytes`, of which it is a quarter at most), or send less.',
  },
  INVALID_INPUT: {
    means: 'An aggregate was given what it cannot take in, such as NaN or an object for a number.',
    remedy:
      'The message names the aggregate and what it takes; see to what its function returns. Such values become dead letters.',
  },
  INVALID_VERDICT: {
    means: 'A trigger of yours returned something that is no verdict.',
    remedy: "Return 'continue', 'fire', 'purge' or 'fire-and-purge'.",
  },
  VALUE_OUT_OF_RANGE: {
    means: 'A read lies outside the value of a record.',
    remedy: 'Compare with `valueLength` first.',
  },
  STALE_VIEW: {
    means: 'A record view was used after the batch that it belongs to had been released.',
    remedy: 'Keep a record with `copy()` before you ask for the next batch.',
  },
  SERDE_FAILED: {
    means: 'A serde could not encode or decode a value.',
    remedy: 'See the `cause`; the message names the record or the value.',
  },
  UNSUPPORTED_VALUE: {
    means: 'A value cannot cross threads or enter a snapshot.',
    remedy:
      'The message names the place. Use plain objects, arrays, Map, Set, Date and typed arrays.',
  },
  // log
  SHARD_FULL: {
    means: 'A shard has no room: a group that gates it has not read far enough.',
    remedy:
      'Use a producer, whose `send` waits; let the group that holds the shard read, or delete it; or make the topic `overwrite`.',
  },
  TOO_MANY_WAITING: {
    means: 'As many calls of `send` as may wait for room do, and one more was made.',
    remedy:
      'Await each `send` before the next; `sendAll`, `sendSync`, `offer` and the streams wait for you. Or raise `maxWaitingSends`.',
  },
  SHARD_OUT_OF_RANGE: {
    means: 'A shard number is outside the topic.',
    remedy: "Give a whole number from 0 to one less than the topic's shards.",
  },
  SHARD_POISONED: {
    means: 'The shared memory of a shard broke an invariant; the shard refuses further use.',
    remedy:
      'Start the engine anew, and report it: this is a defect, or memory was written from outside.',
  },
  SHARD_STOPPED: {
    means:
      'The log of a durable shard could not be written: the disk is full, has failed, or may not be written to.',
    remedy:
      'Free space or repair the disk, and start the engine anew. What was acknowledged is on disk; `cause` or the message names what the operating system said.',
  },
  LAYOUT_MISMATCH: {
    means: 'Shared memory has another magic number, layout version or length than this build.',
    remedy: 'Use the same version of Lite Streams on all threads.',
  },
  OUT_OF_MEMORY: {
    means: 'The memory for the shards could not be allocated.',
    remedy: 'Lower `shards` or `shardBytes`, or give the process more memory.',
  },
  UNKNOWN_TOPIC: {
    means: 'No topic has this name.',
    remedy: 'Make the topic before you attach to it; compare the names.',
  },
  TOPIC_EXISTS: {
    means: 'A topic of this name exists with other options.',
    remedy: 'Give the same options, or another name.',
  },
  TOPIC_ENDED: {
    means: 'The topic has ended; nothing can be appended.',
    remedy: 'Append before `end()`, or to another topic.',
  },
  CLOSED: {
    means: 'The topic, producer, consumer or engine is closed.',
    remedy: 'Open a new one; nothing can be used after `close()` or `stop()`.',
  },
  TOO_MANY_PRODUCERS: {
    means: 'All producer cells of a shard are taken.',
    remedy: 'Close producers that are done, or raise `maxProducers`.',
  },
  TOO_MANY_GROUPS: {
    means: 'All group cells of a topic are taken.',
    remedy: 'Delete groups that nobody reads with `deleteGroup`, or raise `maxGroups`.',
  },
  UNKNOWN_GROUP: {
    means: 'No group has this name.',
    remedy: 'Consume as the group first; compare the names with `groups()`.',
  },
  DUPLICATE_MEMBER: {
    means: 'A member of this name is already in the group.',
    remedy: 'Give each member of a group a name of its own, or none.',
  },
  TOO_MANY_MEMBERS: {
    means: 'All member cells of a group are taken.',
    remedy: 'Close consumers that are done, or raise `maxMembers`.',
  },
  FENCED: {
    means: 'A commit came from an older generation of the group; its shards were assigned anew.',
    remedy: 'Ask for the next batch: it comes from the shards that the member has now.',
  },
  OFFSET_OUT_OF_RANGE: {
    means: 'An offset lies below the earliest or above the end of the shard.',
    remedy: 'Choose `onOutOfRange`, or seek to `earliest` or `latest`.',
  },
  // storage
  STORAGE_FAILED: {
    means: 'The disk refused a write, a read or a flush; the log of the shard has stopped.',
    remedy:
      'See the `cause`, mend the disk, and start again: everything acknowledged as durable is intact.',
  },
  LOG_DAMAGED: {
    means: 'A file of a log is damaged where its records had been acknowledged, or is missing.',
    remedy:
      'The message names file and position. Look with `lite-streams inspect`; restore the file, or keep what is left with `lite-streams repair`.',
  },
  STORAGE_MISMATCH: {
    means: 'A file or directory has another format version, or belongs to another topic or shard.',
    remedy: 'The message names the file and what belongs there.',
  },
  DIRECTORY_LOCKED: {
    means: 'Another engine writes this directory.',
    remedy: 'Stop the other one, or give another directory. To read beside it, use `openLog`.',
  },
  // configuration
  INVALID_OPTION: {
    means:
      'There is no such option, or an option or environment variable has a value outside its range.',
    remedy:
      'The message names the option or variable and what there is, or its value and what it takes; see the configuration.',
  },
  // pipelines
  INVALID_PIPELINE: {
    means: 'A pipeline was built wrongly; the message names the step.',
    remedy: 'The message names the step and what it needs.',
  },
  MODULE_NOT_LOADED: {
    means: 'A pipeline module could not be loaded.',
    remedy: 'See the `cause`: the file is missing, does not parse, or throws while it loads.',
  },
  MODULE_NO_DEFAULT: {
    means: 'A pipeline module has no pipeline as its default export.',
    remedy: 'End the module with `export default pipeline(…)…to(…)`.',
  },
  PIPELINE_RUNNING: {
    means: 'A pipeline of this name is running already.',
    remedy: 'Stop the other first, or give this one another name.',
  },
  PIPELINE_CYCLE: {
    means: 'Pipelines form a cycle of lossless topics.',
    remedy: 'Make one of the topics `overwrite`, or break the cycle.',
  },
  ASYNC_OPERATOR: {
    means: 'A synchronous operator returned a promise.',
    remedy: 'Return the value itself; call what is asynchronous in `mapAsync`.',
  },
  ASYNC_TIMEOUT: {
    means: 'A call of `mapAsync` took longer than its `timeout`.',
    remedy:
      'Raise `timeout` or lower `concurrency`; pass the signal on, so that the call itself ends.',
  },
  SINK_FAILED: {
    means: 'A sink outside has not taken a batch of results, however often it was called.',
    remedy:
      'See the `cause`. The batch is a part of the last epoch: run the pipeline again, and it comes again. Raise `retries`, or leave it out, to wait longer.',
  },
  INVALID_TOKEN: {
    means: 'What was given to `token.isAfter` is no token of the same sink and task.',
    remedy: 'Keep `token.text` for each `token.writer`, and give back the one of this writer.',
  },
  STATE_LOST: {
    means: 'A processor with state of this pipeline died, and no checkpoint exists.',
    remedy:
      'Run the pipeline again, it begins with no state; or give it `checkpoint`, to go on from its last epoch.',
  },
  STATE_MISFIT: {
    means: 'A snapshot has state that the pipeline to restore from it cannot take up.',
    remedy:
      'Give steps that hold state the names and the form that they had, or run the pipeline under another name, from nothing.',
  },
  CHECKPOINT_DAMAGED: {
    means: 'The file of an epoch or of a savepoint is damaged.',
    remedy: 'Put it back from a copy, or run the pipeline from another savepoint.',
  },
  NOT_DURABLE: {
    means:
      'A pipeline that is to give outputs exactly once has a topic in memory, or an output that is compacted.',
    remedy:
      'Give the engine a `directory` and leave the topics durable; or use `at-least-once` checkpoints.',
  },
  UNKNOWN_SAVEPOINT: {
    means: 'The pipeline has no savepoint of this name.',
    remedy: 'The message lists those that there are.',
  },
  STATE_FAILED: {
    means: 'The place where keyed state lies could not be read or written.',
    remedy: 'See the `cause`; look at the room in `stateDirectory`.',
  },
  STATE_BACKEND_MISSING: {
    means: 'The package of a `stateBackend` is not installed.',
    remedy: 'Install it beside Lite Streams: `npm install lmdb`.',
  },
  TASK_FAILED: {
    means: 'A task of a pipeline failed by an error that no dead letter answers; see its cause.',
    remedy: 'See the `cause`.',
  },
  // threads
  THREAD_FAILED: {
    means: 'A worker thread failed.',
    remedy: "See the `cause`; the thread's own error is there.",
  },
  ABORTED: {
    means: 'The operation was ended by its AbortSignal.',
    remedy: 'Nothing: the signal was yours.',
  },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code; `ERRORS[code]` says what the code means and what to do. */
export class StreamError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StreamError';
    this.code = code;
  }
}

/** A wrong value as messages show it: as JSON where it has that form. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    default:
      try {
        return JSON.stringify(value);
      } catch {
        return 'an object';
      }
  }
}

/** Throws a `StreamError`; of type `never`, so that it can end an expression. */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new StreamError(code, message, cause === undefined ? undefined : { cause });
}
