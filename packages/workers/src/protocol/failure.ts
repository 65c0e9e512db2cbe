import { ERRORS, type ErrorCode, StreamError } from '@lite-streams/core/ground';

/** An error as it crosses threads: what `postMessage` makes of one loses its class and its code. */
export interface Failure {
  readonly code: ErrorCode | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: Failure | undefined;
}

/** Causes of causes that still cross. */
const DEEPEST_CAUSE = 8;

export function toFailure(error: unknown, depth = 0): Failure {
  if (!(error instanceof Error)) {
    return {
      code: undefined,
      name: 'Error',
      message: String(error),
      stack: undefined,
      cause: undefined,
    };
  }
  const { name, message, stack, cause } = error;
  const crosses = cause !== undefined && depth < DEEPEST_CAUSE;
  return {
    code: error instanceof StreamError ? error.code : undefined,
    name,
    message,
    stack,
    cause: crosses ? toFailure(cause, depth + 1) : undefined,
  };
}

/** The error again; one without a code of ours is a plain `Error` of the same name. */
export function fromFailure(failure: Failure): Error {
  const options = failure.cause === undefined ? undefined : { cause: fromFailure(failure.cause) };
  const { code, message } = failure;
  const known = code !== undefined && Object.hasOwn(ERRORS, code);
  const error = known ? new StreamError(code, message, options) : new Error(message, options);
  if (!known) error.name = failure.name;
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}

/** The same as a `StreamError`: an error without a code becomes the cause of one with `code`. */
export function asStreamError(error: Error, code: ErrorCode, message: string): StreamError {
  return error instanceof StreamError ? error : new StreamError(code, message, { cause: error });
}
