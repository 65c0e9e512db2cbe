import { EXIT, type ExitCode } from './exit-code.ts';

/**
 * The first Ctrl-C (or SIGTERM) asks the command to drain: what has been taken in is finished and
 * shown. The second one leaves at once.
 */
export class Interrupt {
  /** Aborted when the command shall take in nothing more. */
  readonly signal: AbortSignal;

  private readonly asked = new AbortController();
  private code: ExitCode = EXIT.ok;
  private readonly onAsk: () => void;

  /** `onAsk` is called at the first signal. */
  constructor(onAsk: () => void) {
    this.onAsk = onAsk;
    this.signal = this.asked.signal;
    process.on('SIGINT', this.onInterrupt);
    process.on('SIGTERM', this.onTerminate);
  }

  /** What the command ends with, if nothing fails. */
  get exitCode(): ExitCode {
    return this.code;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.onInterrupt);
    process.off('SIGTERM', this.onTerminate);
  }

  private readonly onInterrupt = (): void => this.ask(EXIT.interrupted);

  private readonly onTerminate = (): void => this.ask(EXIT.terminated);

  private ask(code: ExitCode): void {
    if (this.signal.aborted) process.exit(code);
    this.code = code;
    this.onAsk();
    this.asked.abort();
  }
}
