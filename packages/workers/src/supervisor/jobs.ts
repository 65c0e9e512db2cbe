import { type EpochDriver, MemoryDriver } from '@lite-streams/core/ground';
import type { EngineConfig } from '../engine-config.ts';
import type { FromProcessor, FromSupervisor, ToProcessor } from '../protocol/messages.ts';
import { type Beginning, JobRun, type JobSurroundings, type RunRequest } from './job-run.ts';
import { machineClock } from './run-clock.ts';

/** How often tasks are looked at within the time after which they are told of. */
const LOOKS_PER_SLOW_CALL = 10;
const SHORTEST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 1_000;

/** All jobs of an engine that are not over. */
export class Jobs {
  private readonly runs = new Map<number, JobRun>();
  private readonly around: JobSurroundings;
  private readonly lookMs: number;
  /** Set while there are runs: a timer would keep the supervisor when all else has ended. */
  private stopLooking: (() => void) | undefined;

  constructor(
    { processors, channelBytes, slowCallMs }: EngineConfig,
    send: (index: number, message: ToProcessor) => void,
    tell: (message: FromSupervisor) => void,
    durableEpochs: EpochDriver | undefined,
  ) {
    const over = (job: number): void => this.over(job);
    const inMemory = new MemoryDriver();
    const epochs = (durable: boolean) => (durable && durableEpochs) || inMemory;
    this.around = { processors, channelBytes, slowCallMs, send, tell, over, epochs };
    const lookMs = Math.max(SHORTEST_LOOK_MS, slowCallMs / LOOKS_PER_SLOW_CALL);
    this.lookMs = Math.min(lookMs, LONGEST_LOOK_MS);
  }

  run(job: number, request: RunRequest): void {
    this.runs.set(job, new JobRun(job, request, this.around));
    if (this.stopLooking === undefined) this.lookLater();
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

  private over(job: number): void {
    this.runs.delete(job);
    if (this.runs.size > 0) return;
    this.stopLooking?.();
    this.stopLooking = undefined;
  }

  private lookLater(): void {
    this.stopLooking = machineClock.after(this.lookMs, () => {
      this.lookLater();
      for (const run of this.runs.values()) run.lookForSlowWork();
    });
  }
}
