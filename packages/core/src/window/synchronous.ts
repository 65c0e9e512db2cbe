import { fail } from '../errors.ts';

/** Fails the pipeline: user code in operators and windows is synchronous. */
export function refusePromise(step: string, promise: Promise<unknown>): never {
  // It may reject, and nobody will look at it.
  promise.catch(() => {});
  fail(
    'ASYNC_OPERATOR',
    `Step ${JSON.stringify(step)} returned a promise; operators are synchronous. Do input and output ` +
      'in a consumer or before the pipeline; `mapAsync` is to come for calls from inside it.',
  );
}
