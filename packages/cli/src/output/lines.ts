import { once } from 'node:events';

const CHUNK_CHARACTERS = 64 * 1_024;

/**
 * Writes lines to a stream in chunks, no faster than the reader takes them. A reader that has gone
 * away (`EPIPE`) has seen enough: that is no failure.
 */
export class LineOutput {
  /** Aborted when the reader has gone away. */
  readonly gone: AbortSignal;

  private readonly stream: NodeJS.WriteStream;
  private readonly beforeWrite: () => void;
  private readonly leave = new AbortController();
  private failure: Error | undefined;
  private chunk = '';

  /** `beforeWrite` is called before anything reaches the stream. */
  constructor(stream: NodeJS.WriteStream, beforeWrite: () => void = () => {}) {
    this.stream = stream;
    this.beforeWrite = beforeWrite;
    this.gone = this.leave.signal;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.failure ??= error;
      this.leave.abort();
    });
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

  private send(): void {
    const { chunk } = this;
    if (chunk === '') return;
    this.chunk = '';
    if (this.gone.aborted) return;
    this.beforeWrite();
    this.stream.write(chunk);
  }
}
