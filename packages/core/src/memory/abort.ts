import { StreamError } from '../errors.ts';

export interface WaitOptions {
  /** Ends the wait with `ABORTED`; what is waited for goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** What whoever waits is told when the signal of the wait has fired. `what` begins a sentence. */
export function aborted(what: string, signal: AbortSignal): StreamError {
  return new StreamError('ABORTED', `${what} was ended by its signal.`, { cause: signal.reason });
}

/** What `work` comes to, unless the signal fires before. */
export async function unlessAborted<T>(
  work: Promise<T>,
  what: string,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(aborted(what, signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
