import { once } from 'node:events';
import { CommandError } from '../failure.ts';

const CHUNK_CHARACTERS = 64 * 1_024;

/**
 * Writes lines to a stream in chunks, no faster than the reader takes them. A reader that has gone
 * away (`EPIPE`) has seen enough: that is no failure. A stream that fails otherwise is one.
 */
export class LineOutput {
  /** Aborted when nothing can be written any more: the reader has gone away, or `failed` says why. */
  readonly gone: AbortSignal;

  private readonly stream: NodeJS.WriteStream;
  private readonly beforeWrite: () => void;
  private readonly leave = new AbortController();
  private failure: CommandError | undefined;
  private chunk = '';

  /** `beforeWrite` is called before anything reaches the stream. */
  constructor(stream: NodeJS.WriteStream, beforeWrite: () => void = () => {}) {
    this.stream = stream;
    this.beforeWrite = beforeWrite;
    this.gone = this.leave.signal;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!isReaderGone(error)) this.failure ??= unwritable(error);
      this.leave.abort();
    });
  }

  /** Why nothing can be written any more, if that is a failure. */
  get failed(): CommandError | undefined {
    return this.failure;
  }

  /** Takes a line; what has been taken goes out with `flush`, or when it has become a chunk. */
  write(line: string): void {
    this.chunk += `${line}\n`;
    if (this.chunk.length >= CHUNK_CHARACTERS) this.send();
  }

  /** Whether the reader is behind: `flush` waits for it. */
  get behind(): boolean {
    return this.stream.writableNeedDrain;
  }

  /** Sends what was taken and waits until the reader keeps up. Rejects when the stream failed. */
  async flush(): Promise<void> {
    this.send();
    if (this.behind && !this.gone.aborted) {
      // Whichever comes first; a reader that leaves never drains.
      await once(this.stream, 'drain', { signal: this.gone }).catch(() => {});
    }
    if (this.failure !== undefined) throw this.failure;
  }

  /** As `flush`, and waits until all that was sent is written: a full disk is told of only then. */
  async finish(): Promise<void> {
    await this.flush();
    if (this.gone.aborted) return;
    await new Promise<void>(done => this.stream.write('', () => setImmediate(done)));
    if (this.failure !== undefined) throw this.failure;
  }

  private send(): void {
    const { chunk } = this;
    if (chunk === '') return;
    this.chunk = '';
    if (this.gone.aborted) return;
    this.beforeWrite();
    this.stream.write(chunk);
  }
}

/** Writes lines to standard output, and waits until they are written. */
export async function writeLines(lines: readonly string[]): Promise<void> {
  const output = new LineOutput(process.stdout);
  for (const line of lines) output.write(line);
  await output.finish();
}

/** Whether whoever read an output has seen enough of it. */
export function isReaderGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE';
}

/** What to say of an output that takes nothing more. */
export function unwritable(cause: Error): CommandError {
  return new CommandError(`standard output could not be written: ${cause.message}`, { cause });
}
