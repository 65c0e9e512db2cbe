import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import { fail, shown } from '../errors.ts';
import { DURATION_FORM, type Duration, durationMs } from '../time/duration.ts';

/** How often the state of a pipeline is kept, and what a reader of its output may rely on. */
export interface CheckpointOptions {
  /**
   * Time from the beginning of one epoch to that of the next. An epoch also begins early when inputs
   * in memory fill up with what only its commit releases. Default 1 second.
   */
  readonly every?: Duration | undefined;
  /**
   * `at-least-once` (default): after a failure, state is as if each record had been seen once, and
   * outputs since the last epoch may be appended again. `exactly-once`: outputs are appended when
   * their epoch has been committed, each once; needs durable sources and outputs.
   */
  readonly mode?: CheckpointMode | undefined;
  /** An epoch that takes longer is reported as a warning. Default 1 minute. */
  readonly timeout?: Duration | undefined;
  /**
   * Bytes of outputs that wait for their epoch, over all tasks: at half of it an epoch begins before its
   * time, at all of it nothing more is read from the sources. What is on its way then comes on top.
   * Default 64 MiB.
   */
  readonly maxOutputBytes?: number | undefined;
}

export type CheckpointMode = 'at-least-once' | 'exactly-once';

export interface ResolvedCheckpoint {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly mode: CheckpointMode;
  readonly maxOutputBytes: number;
}

const DEFAULT_EVERY_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_OUTPUT_BYTES = 64 * 1024 * 1024;
const LEAST_OUTPUT_BYTES = 1024;

const NAMES: NamesOf<CheckpointOptions> = {
  every: true,
  mode: true,
  timeout: true,
  maxOutputBytes: true,
};

/** Throws `INVALID_PIPELINE`, naming the pipeline, and `INVALID_OPTION` for an option that there is not. */
export function resolveCheckpoint(
  pipeline: string,
  options: CheckpointOptions | undefined,
): ResolvedCheckpoint | undefined {
  if (options === undefined) return undefined;
  checkOptionNames(`The checkpoint of pipeline "${pipeline}"`, options, NAMES);
  const mode = options.mode ?? 'at-least-once';
  if (mode !== 'at-least-once' && mode !== 'exactly-once') {
    wrong(pipeline, 'mode', mode, "'at-least-once' or 'exactly-once'");
  }
  return Object.freeze({
    everyMs: interval(pipeline, 'every', options.every, DEFAULT_EVERY_MS),
    timeoutMs: interval(pipeline, 'timeout', options.timeout, DEFAULT_TIMEOUT_MS),
    mode,
    maxOutputBytes: outputBytes(pipeline, options.maxOutputBytes),
  });
}

function outputBytes(pipeline: string, given: number | undefined): number {
  if (given === undefined) return DEFAULT_OUTPUT_BYTES;
  if (Number.isSafeInteger(given) && given >= LEAST_OUTPUT_BYTES) return given;
  const right = `a whole number of bytes from ${LEAST_OUTPUT_BYTES} on`;
  return wrong(pipeline, 'maxOutputBytes', given, right);
}

function interval(
  pipeline: string,
  name: string,
  given: Duration | undefined,
  otherwise: number,
): number {
  const ms = given === undefined ? otherwise : durationMs(given);
  if (ms !== undefined && ms >= 1) return ms;
  return wrong(pipeline, name, given, `a duration of 1 ms or more, as ${DURATION_FORM}`);
}

function wrong(pipeline: string, option: string, given: unknown, right: string): never {
  return fail(
    'INVALID_PIPELINE',
    `Pipeline "${pipeline}": checkpoint.${option} is ${shown(given)}; it must be ${right}.`,
  );
}
