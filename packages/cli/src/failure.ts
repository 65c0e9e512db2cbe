import { EXIT, type ExitCode } from './exit-code.ts';

/** A failure whose message is all that the user needs to know. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, options?: { cause?: unknown; exitCode?: ExitCode }) {
    super(message, { cause: options?.cause });
    this.name = 'CommandError';
    this.exitCode = options?.exitCode ?? EXIT.failure;
  }
}

/** Wrong options are the user's command line or environment. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  return codeOf(error) === 'INVALID_OPTION' ? EXIT.usage : EXIT.failure;
}

/** What went wrong, for people: message, code, causes. A stack only for what nobody expected. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  const expected = error instanceof CommandError || code !== undefined;
  const what = expected ? error.message : (error.stack ?? error.message);
  const named = code === undefined || what.includes(code) ? what : `${what} (${code})`;
  const cause = causeOf(error);
  return cause === undefined ? named : `${named}\n  because: ${cause}`;
}

function causeOf(error: Error): string | undefined {
  if (error.cause === undefined) return undefined;
  const cause = error.cause instanceof Error ? error.cause.message : String(error.cause);
  // Messages often quote their cause already.
  return error.message.includes(cause) ? undefined : cause;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
