const CLEAR_LINE = '\r\u001b[K';
const BAR_COLUMNS = 24;

/** How much is done, drawn where standard error is a terminal. */
export function bar(share: number): string {
  if (!process.stderr.isTTY) return '';
  const full = Math.floor(share * BAR_COLUMNS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)} `;
}

/** Shows a text on standard error while work goes on: in place on a terminal, else line by line. */
export class Progress {
  private readonly timer: NodeJS.Timeout;

  constructor(text: () => string) {
    const { stderr } = process;
    const draw = stderr.isTTY
      ? () => stderr.write(CLEAR_LINE + text().slice(0, (stderr.columns || 80) - 1))
      : () => stderr.write(`${text()}\n`);
    this.timer = setInterval(draw, stderr.isTTY ? 100 : 1_000);
    this.timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
    if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
  }
}
