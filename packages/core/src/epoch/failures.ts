import { fail, StreamError } from '../errors.ts';

/** What stops a pipeline whose epoch could not be kept. */
export function asEpochError(error: unknown, pipeline: string): StreamError {
  if (error instanceof StreamError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StreamError(
    'TASK_FAILED',
    `An epoch of the pipeline "${pipeline}" could not be kept: ${why}`,
    { cause: error },
  );
}

export function refuseCheckpoint(pipeline: string): never {
  return fail(
    'INVALID_OPTION',
    `The pipeline "${pipeline}" has no checkpoints; pipeline(name, { checkpoint: { every: '1s' } }) ` +
      'gives it some.',
  );
}
