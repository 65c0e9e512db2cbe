import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = 'packages/cli/src/main.ts';
/** A command that takes longer hangs. */
const LONGEST_MS = 50_000;

/** What a command left. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real command as a process of its own, while it runs. */
export class RunningCommand {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  private stdout = '';
  private stderr = '';
  private look = (): void => {};
  private readonly closed: Promise<unknown[]>;

  /** `output` is a file descriptor to use as standard output, which is not read here then. */
  constructor(args: readonly string[], env: Record<string, string> = {}, output?: number) {
    const command = spawn(process.execPath, [main, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['pipe', output ?? 'pipe', 'pipe'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    this.process = command as ChildProcessByStdio<Writable, Readable, Readable>;
    command.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.look();
    });
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.look();
    });
    // A command that fails at once does not read what it is given.
    this.process.stdin.on('error', () => {});
    this.closed = once(this.process, 'close');
  }

  /** Resolves once one of the outputs contains `text`. */
  async shows(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.look = () => {
      if (this.stdout.includes(text) || this.stderr.includes(text)) resolve(true);
    };
    this.look();
    const shown = await Promise.race([promise, this.closed.then(() => false)]);
    if (!shown) throw new Error(`It ended without "${text}":\n${this.stderr}`);
  }

  async ended(): Promise<Ended> {
    await this.closed;
    const { exitCode: code, signalCode: signal } = this.process;
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Runs the real command to its end, with `input` as its standard input. */
export function runCommand(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const command = new RunningCommand(args, env);
  command.process.stdin.end(input);
  return command.ended();
}

/** The objects of NDJSON. */
export function ndjson<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T);
}

export function linesOf(...values: unknown[]): string {
  return values
    .map(value => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
    .join('');
}
