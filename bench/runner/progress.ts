import type { WriteStream } from 'node:tty';

/** One line on standard error that says what is being measured; nothing where nobody watches. */
export class Progress {
  private readonly stream: WriteStream;
  private shown = false;

  constructor(stream: WriteStream = process.stderr) {
    this.stream = stream;
  }

  show(text: string): void {
    if (!this.stream.isTTY) return;
    this.shown = true;
    this.stream.write(`\r\x1b[2K${text.slice(0, this.stream.columns - 1)}`);
  }

  clear(): void {
    if (this.shown) this.stream.write('\r\x1b[2K');
    this.shown = false;
  }
}
