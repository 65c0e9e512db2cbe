import { clip } from './style.ts';

export interface ProgressOptions {
  /** How often the line is drawn on a terminal. Default 100 ms. */
  readonly redrawMs?: number;
  /** How often a plain line is written elsewhere. Default 1 s. */
  readonly lineMs?: number;
}

const CLEAR_LINE = '\r\u001b[K';

/**
 * Says how far the work is: one line that keeps changing on a terminal, a plain line now and then
 * elsewhere. `line` is asked for the text whenever it is shown.
 */
export class Progress {
  private readonly stream: NodeJS.WriteStream;
  private readonly line: () => string;
  private readonly timer: NodeJS.Timeout;
  private shown = false;

  constructor(stream: NodeJS.WriteStream, line: () => string, options: ProgressOptions = {}) {
    this.stream = stream;
    this.line = line;
    const everyMs = stream.isTTY ? (options.redrawMs ?? 100) : (options.lineMs ?? 1_000);
    this.timer = setInterval(() => this.draw(), everyMs);
    this.timer.unref();
  }

  /** Takes the line off a terminal, because something else is about to be written there. */
  clear(): void {
    if (!this.shown) return;
    this.shown = false;
    this.stream.write(CLEAR_LINE);
  }

  /** Writes a line above the progress. */
  note(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  /** Ends it: nothing is drawn any more. */
  stop(): void {
    clearInterval(this.timer);
    this.clear();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  private draw(): void {
    const { stream } = this;
    if (!stream.isTTY) {
      stream.write(`${this.line()}\n`);
      return;
    }
    // A line that wraps could not be taken back.
    stream.write(CLEAR_LINE + clip(this.line(), (stream.columns || 80) - 1));
    this.shown = true;
  }
}
