import {
  type Epoch,
  EpochCoordinator,
  type EpochDriver,
  type EpochRequest,
  newLineage,
  type ResolvedCheckpoint,
  resumeFrom,
} from '@lite-streams/core/ground';
import type { FromProcessor } from '../protocol/messages.ts';
import { machineClock, type RunClock } from './run-clock.ts';

/** What the epochs of a job need of its run. */
export interface EpochSurroundings {
  /** Default: the machine's. */
  readonly clock?: RunClock | undefined;
  readonly driver: EpochDriver;
  begin(epoch: number): void;
  committed(epoch: number, tookMs: number): void;
  warn(message: string): void;
  failed(error: unknown): void;
}

type Said = Extract<FromProcessor, { kind: 'taken' | 'task-ended' | 'hurry' }>;

/** The epochs of one job: a coordinator, and the clock that it goes by. */
export class JobEpochs {
  private readonly pipeline: string;
  private readonly driver: EpochDriver;
  private readonly coordinator: EpochCoordinator;
  private readonly clock: RunClock;
  private cancelTimer = (): void => {};

  /** From a savepoint, or else from the last epoch that there is. Throws `UNKNOWN_SAVEPOINT`. */
  constructor(
    pipeline: string,
    checkpoint: ResolvedCheckpoint,
    savepoint: string | undefined,
    around: EpochSurroundings,
  ) {
    const { driver } = around;
    this.clock = around.clock ?? machineClock;
    this.pipeline = pipeline;
    this.driver = driver;
    const lineage = newLineage(this.clock.date());
    if (savepoint !== undefined) resumeFrom(driver, pipeline, savepoint, lineage);
    this.coordinator = new EpochCoordinator({
      pipeline,
      checkpoint,
      driver,
      newLineage: lineage,
      observer: {
        begin: epoch => around.begin(epoch),
        committed: epoch => around.committed(epoch, this.coordinator.lastTookMs),
        late: (epoch, missing) =>
          around.warn(
            `The epoch ${epoch} of the pipeline "${pipeline}" has taken more than ` +
              `${checkpoint.timeoutMs} ms: the task ${missing.join(', ')} has not come to its ` +
              'barrier. What holds it is in the statistics of the job.',
          ),
        failed: error => around.failed(error),
      },
    });
  }

  /** What the tasks begin from. */
  get from(): Epoch | undefined {
    return this.driver.restore(this.pipeline);
  }

  /** The run of epochs that is made. */
  get lineage(): string {
    return this.coordinator.lineage;
  }

  /** Whether the end of all tasks has been committed. */
  get finished(): boolean {
    return this.coordinator.finished;
  }

  /** Every task has begun. */
  start(tasks: number): void {
    this.coordinator.start(tasks, this.clock.now());
    this.schedule();
  }

  /** Some task is gone: what was not committed is void. */
  stop(): void {
    this.coordinator.stop();
    this.schedule();
  }

  close(error: unknown): void {
    this.coordinator.close(error);
    this.schedule();
  }

  request(request: EpochRequest): void {
    this.coordinator.request(request);
    this.schedule();
  }

  hurry(): void {
    this.coordinator.hurry();
    this.schedule();
  }

  said(message: Said): void {
    const { coordinator } = this;
    const nowMs = this.clock.now();
    if (message.kind === 'hurry') coordinator.hurry();
    else if (message.kind === 'task-ended') {
      coordinator.taskEnded(message.task, message.snapshot, nowMs);
    } else coordinator.taskTook(message.task, message.epoch, message.snapshot, nowMs);
    this.schedule();
  }

  private schedule(): void {
    this.cancelTimer();
    const { dueAtMs } = this.coordinator;
    if (dueAtMs === Number.POSITIVE_INFINITY) return;
    const inMs = Math.max(0, Math.ceil(dueAtMs - this.clock.now()));
    this.cancelTimer = this.clock.after(inMs, () => {
      this.coordinator.step(this.clock.now());
      this.schedule();
    });
  }
}
