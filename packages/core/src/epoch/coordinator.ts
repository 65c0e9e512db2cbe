import type { EpochDriver } from './driver.ts';
import type { ResolvedCheckpoint } from './options.ts';
import { completed, type Epoch, type TaskSnapshot } from './task-snapshot.ts';

/** What a coordinator does to the tasks of its pipeline, and tells of it. */
export interface EpochObserver {
  /** Every source task is to take the barrier of this epoch. */
  begin(epoch: number): void;
  /** The epoch stands: inputs may be released up to its positions, its outputs appended. */
  committed(epoch: number): void;
  /** An epoch has taken longer than it should, and goes on; told again after as long again. */
  late(epoch: number, missing: readonly number[]): void;
  /** An epoch could not be kept: the pipeline cannot go on. */
  failed(error: unknown): void;
}

export interface CoordinatorParts {
  readonly pipeline: string;
  readonly checkpoint: ResolvedCheckpoint;
  readonly driver: EpochDriver;
  readonly observer: EpochObserver;
  /** Of the epochs, where there is none to go on from. */
  readonly newLineage: string;
}

/** Whoever waits for the next epoch to be committed, and the name to keep it under. */
export interface EpochRequest {
  readonly savepoint: string | undefined;
  readonly done: (epoch: number, error: unknown) => void;
}

/**
 * Decides when an epoch of one pipeline begins, gathers what its tasks were at the barrier, and has
 * it committed when all of them have said so. One epoch is under way at a time. A task that has come
 * to its end takes part in every epoch as it was then; when all have, one last epoch is made of that.
 *
 * It holds no task and never waits: whoever has it calls `step` now and then.
 */
export class EpochCoordinator {
  /** The last epoch that was committed. */
  committed: number;
  /** The run of epochs that those are of which are made. */
  readonly lineage: string;
  /** How long the last epoch took from its beginning to its commit, in milliseconds. */
  lastTookMs = 0;

  private readonly parts: CoordinatorParts;
  private tasks = 0;
  /** The largest number that was given out. */
  private given: number;
  /** The epoch under way, 0 when there is none, and since when. */
  private current = 0;
  private begunAtMs = Number.NEGATIVE_INFINITY;
  private toldAtMs = 0;
  private readonly taken = new Map<number, TaskSnapshot>();
  private readonly ended = new Map<number, TaskSnapshot>();
  private asked = false;
  private running = false;
  private over = false;
  private requests: EpochRequest[] = [];
  /** Of those, the ones that the current epoch answers. */
  private answering: EpochRequest[] = [];

  constructor(parts: CoordinatorParts) {
    this.parts = parts;
    const last = parts.driver.restore(parts.pipeline);
    this.committed = this.given = last?.epoch ?? 0;
    this.lineage = last?.lineage ?? parts.newLineage;
  }

  /** The last epoch that was begun. */
  get begun(): number {
    return this.given;
  }

  /** When `step` has something to do: in milliseconds as they were given to it. */
  get dueAtMs(): number {
    if (!this.running || this.over) return Number.POSITIVE_INFINITY;
    const { everyMs, timeoutMs } = this.parts.checkpoint;
    if (this.current !== 0) return this.toldAtMs + timeoutMs;
    const now = this.asked || this.ended.size === this.tasks;
    return now ? Number.NEGATIVE_INFINITY : this.begunAtMs + everyMs;
  }

  /** Whether the tasks have come to their end, and that has been committed. */
  get finished(): boolean {
    return this.over;
  }

  /**
   * All tasks have begun, for the first time or, after `stop`, anew: what is not committed is void. One
   * that begins at its end may have told so before the others began.
   */
  start(tasks: number, nowMs: number): void {
    this.abandon();
    this.tasks = tasks;
    this.running = true;
    this.over = false;
    this.begunAtMs = nowMs;
  }

  /** The tasks are gone: nothing more is begun until `start`. */
  stop(): void {
    this.abandon();
    this.ended.clear();
    this.running = false;
  }

  /** Nothing will be committed any more; whoever waits is told why. */
  close(error: unknown): void {
    this.stop();
    for (const { done } of this.requests.splice(0)) done(0, error);
  }

  /** Asks for an epoch before its time. */
  hurry(): void {
    this.asked = true;
  }

  /** The same, for somebody who waits for it. */
  request(request: EpochRequest): void {
    this.requests.push(request);
    this.asked = true;
    // All has been committed that ever will be.
    const last = this.over ? this.parts.driver.restore(this.parts.pipeline) : undefined;
    if (last !== undefined) this.answer(this.requests.splice(0), last);
  }

  /** Reports what takes long, and begins what is due. */
  step(nowMs: number): void {
    if (nowMs < this.dueAtMs) return;
    if (this.current === 0) this.begin(nowMs);
    else this.reportLate(nowMs);
  }

  /** A task has taken the barrier of an epoch, and a crash leaves all its input and output before it. */
  taskTook(task: number, epoch: number, snapshot: TaskSnapshot, nowMs: number): void {
    if (epoch !== this.current) return;
    this.taken.set(task, snapshot);
    this.commitIfWhole(nowMs);
  }

  /** A task has come to its end, and a crash leaves its input and output. */
  taskEnded(task: number, snapshot: TaskSnapshot, nowMs: number): void {
    this.ended.set(task, snapshot);
    this.commitIfWhole(nowMs);
  }

  private begin(nowMs: number): void {
    this.current = ++this.given;
    this.begunAtMs = nowMs;
    this.toldAtMs = nowMs;
    this.asked = false;
    this.taken.clear();
    this.answering = this.requests.splice(0);
    this.parts.observer.begin(this.current);
    this.commitIfWhole(nowMs);
  }

  private commitIfWhole(nowMs: number): void {
    const { current } = this;
    if (current === 0 || !this.running) return;
    const tasks: TaskSnapshot[] = [];
    for (let task = 0; task < this.tasks; task++) {
      const snapshot = this.taken.get(task) ?? this.ended.get(task);
      if (snapshot === undefined) return;
      tasks.push(snapshot);
    }
    const { lineage } = this;
    const { pipeline, driver, observer } = this.parts;
    const isLast = tasks.every(({ ended }) => ended);
    // After the last one there is none that could answer those who have asked meanwhile.
    const asking = this.answering.splice(0).concat(isLast ? this.requests.splice(0) : []);
    this.current = 0;
    this.taken.clear();
    let epoch: Epoch;
    try {
      const before = driver.restore(pipeline);
      const whole = tasks.map(snapshot => completed(snapshot, before));
      epoch = { pipeline, epoch: current, lineage, tasks: whole };
      driver.commit(epoch);
    } catch (error) {
      for (const { done } of asking) done(0, error);
      observer.failed(error);
      return;
    }
    this.committed = current;
    this.lastTookMs = nowMs - this.begunAtMs;
    this.over = isLast;
    observer.committed(current);
    this.answer(asking, epoch);
  }

  /** Keeps an epoch that stands under the names that were asked for, and says so. */
  private answer(requests: readonly EpochRequest[], epoch: Epoch): void {
    for (const { savepoint, done } of requests) {
      try {
        if (savepoint !== undefined) this.parts.driver.save(savepoint, epoch);
        done(epoch.epoch, undefined);
      } catch (error) {
        done(0, error);
      }
    }
  }

  private reportLate(nowMs: number): void {
    const missing: number[] = [];
    for (let task = 0; task < this.tasks; task++) {
      if (!this.taken.has(task) && !this.ended.has(task)) missing.push(task);
    }
    this.toldAtMs = nowMs;
    this.parts.observer.late(this.current, missing);
  }

  /** What the epoch under way has is void; who waits for it waits for the next one. */
  private abandon(): void {
    this.current = 0;
    this.taken.clear();
    if (this.answering.length > 0) this.askAgain(this.answering.splice(0));
  }

  private askAgain(requests: readonly EpochRequest[]): void {
    this.requests = [...requests, ...this.requests];
    this.asked = true;
  }
}
