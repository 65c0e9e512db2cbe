import { type EpochDriver, MemoryDriver } from '@lite-streams/core/ground';
import type { FromProcessor, FromSupervisor, ToProcessor } from '../protocol/messages.ts';
import { type Beginning, JobRun, type JobSurroundings, type RunRequest } from './job-run.ts';

/** All jobs of an engine that are not over. */
export class Jobs {
  private readonly runs = new Map<number, JobRun>();
  private readonly around: JobSurroundings;

  constructor(
    processors: number,
    channelBytes: number,
    send: (index: number, message: ToProcessor) => void,
    tell: (message: FromSupervisor) => void,
    durableEpochs: EpochDriver | undefined,
  ) {
    const over = (job: number): void => void this.runs.delete(job);
    const inMemory = new MemoryDriver();
    const epochs = (durable: boolean) => (durable && durableEpochs) || inMemory;
    this.around = { processors, channelBytes, send, tell, over, epochs };
  }

  run(job: number, request: RunRequest): void {
    this.runs.set(job, new JobRun(job, request, this.around));
  }

  checkpoint(job: number, request: number, savepoint: string | undefined): void {
    this.runs.get(job)?.checkpoint(request, savepoint);
  }

  hurry(job: number): void {
    this.runs.get(job)?.hurry();
  }

  begin(job: number, beginning: Beginning): void {
    this.runs.get(job)?.begin(beginning);
  }

  show(job: number, request: number): void {
    this.runs.get(job)?.show(request);
  }

  end(job: number): void {
    this.runs.get(job)?.end('stopped');
  }

  said(index: number, message: FromProcessor): void {
    this.runs.get(message.job)?.said(index, message);
  }

  processorExited(index: number, thread: number, error: Error | undefined): void {
    for (const run of [...this.runs.values()]) run.processorExited(index, thread, error);
  }

  processorReplaced(index: number): void {
    for (const run of this.runs.values()) run.processorReplaced(index);
  }
}
