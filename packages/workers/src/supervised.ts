import { type Transferable, Worker } from 'node:worker_threads';
import { StreamError } from '@lite-streams/core';
import type { SupervisorBoot } from './protocol/boot.ts';
import type { FromSupervisor, ToSupervisor } from './protocol/messages.ts';

/** The supervisor thread as the main thread sees it: what is sent to it, and when it is gone. */
export class Supervised {
  /** Resolves when the thread is gone, with why if that was not asked for. */
  readonly gone: Promise<StreamError | undefined>;
  private readonly worker: Worker;
  private stopping = false;

  constructor(boot: SupervisorBoot, receive: (message: FromSupervisor) => void) {
    this.worker = new Worker(new URL('./entry/supervisor.ts', import.meta.url), {
      workerData: boot,
      name: 'lite-streams supervisor',
    });
    let cause: unknown;
    this.worker.on('error', error => {
      cause = error;
    });
    this.worker.on('message', receive);
    this.gone = new Promise(resolve => {
      this.worker.once('exit', () => resolve(this.whyGone(cause)));
    });
  }

  send(message: ToSupervisor, transfer: readonly Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  /** Every thread of the engine ends when it has done what it was told before. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.send({ kind: 'stop' });
    await this.gone;
  }

  /** Ends every thread of the engine now. */
  async terminate(): Promise<void> {
    this.stopping = true;
    await this.worker.terminate();
  }

  private whyGone(cause: unknown): StreamError | undefined {
    if (this.stopping) return undefined;
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    return new StreamError('THREAD_FAILED', `The supervisor of the engine has died${why}.`, {
      cause,
    });
  }
}
