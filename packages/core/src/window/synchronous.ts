import { fail } from '../errors.ts';

/** Fails the pipeline: user code in operators and windows is synchronous. */
export function refusePromise(step: string, promise: Promise<unknown>): never {
  // It may reject, and nobody will look at it.
  promise.catch(() => {});
  fail(
    'ASYNC_OPERATOR',
    `Step ${JSON.stringify(step)} returned a promise; operators are synchronous. Call what is ` +
      'asynchronous in a step of its own, `mapAsync`.',
  );
}
