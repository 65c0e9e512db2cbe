import { type ChildProcess, fork } from 'node:child_process';
import type { Bench } from '../catalog.ts';
import { type Effort, type Series, Skipped } from './measurable.ts';
import type { FromBench, ToBench } from './messages.ts';

const ENTRY = new URL('../entry/bench.ts', import.meta.url);
const CATALOG_DIRECTORY = new URL('../', import.meta.url);

/** No round takes longer, unless something hangs. */
const LONGEST_ANSWER_MS = 180_000;

/** A bench in a process of its own, which starts at once. */
export class IsolatedBench {
  readonly bench: Bench;
  private readonly child: ChildProcess;

  constructor(bench: Bench) {
    this.bench = bench;
    this.child = fork(ENTRY, { stdio: ['ignore', 2, 2, 'ipc'] });
  }

  /** Has the bench set itself up. */
  async setUp(effort: Effort): Promise<void> {
    const module = new URL(this.bench.module, CATALOG_DIRECTORY).href;
    await this.ask({ kind: 'setup', module, effort });
  }

  /** Measures one round. Rejects when the bench failed or its answer was wrong; `Skipped`: not here. */
  round(effort: Effort): Promise<readonly Series[]> {
    return this.ask({ kind: 'round', effort });
  }

  /** Lets the bench check its whole run, then ends the process. */
  async close(): Promise<void> {
    await this.ask({ kind: 'close' });
    this.kill();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private ask(message: ToBench): Promise<readonly Series[]> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const refuse = (what: string, Kind: new (message: string) => Error = Error) => {
        settle();
        this.kill();
        reject(new Kind(`${this.bench.name}: ${what}`));
      };
      const onMessage = (answer: FromBench) => {
        if (answer.kind === 'failed') return refuse(answer.message);
        if (answer.kind === 'skipped') return refuse(answer.message, Skipped);
        settle();
        resolve(answer.series);
      };
      const onExit = (code: number | null, signal: string | null) =>
        refuse(`its process ended (${signal ?? code}) while it was to ${message.kind}`);
      const timer = setTimeout(
        () => refuse(`no answer to ${message.kind} in ${LONGEST_ANSWER_MS / 1000} s`),
        LONGEST_ANSWER_MS,
      );
      const settle = () => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
      };
      child.on('message', onMessage).on('exit', onExit);
      child.send(message);
    });
  }
}
