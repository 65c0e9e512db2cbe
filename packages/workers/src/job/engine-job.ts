import type {
  ExplainOptions,
  HeldTime,
  Job,
  StreamError,
  TaskStats,
  Topic,
  UserCall,
  WaitOptions,
} from '@lite-streams/core';
import { systemClock } from '@lite-streams/core';
import {
  aborted,
  callInHand,
  checkSavepointName,
  describeCall,
  type Explanation,
  fail,
  type GroupPlace,
  givesByEpochs,
  groupPlace,
  jobStats,
  type NamesOf,
  outputsOf,
  type Plan,
  type TaskPlan,
  unlessAborted,
  WorkRow,
  whyHeld,
} from '@lite-streams/core/internal';
import type { DeadLettersFound, SlowCall } from '../events.ts';
import type { FromSupervisor, Outline } from '../protocol/messages.ts';
import { Board } from './board.ts';
import { type EngineJobStats, type JobState, readTask } from './stats.ts';

export interface RunOptions {
  /** Runs the pipeline under another name than its own, which also names its group. */
  readonly name?: string | undefined;
  /**
   * Keeps the pipeline's group, and with it what is committed (with checkpoints, its last epoch), when
   * the job has ended: it holds producers back until the pipeline runs again or the group is deleted.
   * Default false.
   */
  readonly keepGroup?: boolean | undefined;
  /** Begins from this savepoint of the pipeline, and not from its last epoch. */
  readonly savepoint?: string | undefined;
  /** Gives the start up with `ABORTED`; of a job that runs it ends nothing. */
  readonly signal?: AbortSignal | undefined;
}

export const RUN_OPTIONS: NamesOf<RunOptions> = {
  name: true,
  keepGroup: true,
  savepoint: true,
  signal: true,
};

/** What a job needs of its engine. */
export interface JobHome {
  topic(name: string): Topic;
  /** Resolves when the job's statistics include all that was done before the call. */
  show(job: number): Promise<void>;
  end(job: number): void;
  checkpoint(job: number, savepoint: string | undefined): Promise<number>;
  hurry(job: number): void;
  slowCall(call: SlowCall): void;
  deadLetters(found: DeadLettersFound): void;
  warn(job: string, message: string): void;
}

type Running = Extract<FromSupervisor, { kind: 'running' }>;
type SlowWorkFound = Extract<FromSupervisor, { kind: 'slow-work' }>;

/** How long a job waits before it looks at its lag again: first, and at most. */
const FIRST_LOOK_MS = 1;
const LONGEST_LOOK_MS = 10;
/** How long whoever waits for a commit waits for the epoch that it has asked for, before it asks again. */
const HURRY_AGAIN_MS = 50;

/** A pipeline that runs on the processors of an engine. */
export class EngineJob implements Job {
  readonly name: string;
  /** The topics that it reads. */
  readonly sources: readonly string[];
  /** The topics that its streams end in. */
  readonly sinks: readonly string[];
  /** The topics that it appends to: its outputs, then those for late values and dead letters. */
  readonly outputs: readonly string[];
  /** Resolves when the job is drained or stopped, rejects with what stopped it otherwise. */
  readonly ended: Promise<void>;

  /** The topic of what user code refused. */
  readonly deadLetters: string;

  private readonly id: number;
  private readonly home: JobHome;
  private readonly group: string;
  /** Where the job stands in each shard of its sources. */
  private readonly cursors: readonly GroupPlace[];
  private readonly plan: Plan;
  private readonly board: Board;
  /** Of each task what it is at. */
  private readonly work: readonly WorkRow[];
  private readonly slowCallMs: number;
  private readonly explanation: Explanation;
  private readonly whenEnded = Promise.withResolvers<void>();
  /** Called when the job has ended. */
  private readonly waits = new Set<() => void>();
  private current: JobState = 'running';
  private error: StreamError | undefined;
  private restarts = 0;
  private epoch = 0;
  private epochTookMs = 0;

  /** Made by `engine.run`. */
  constructor(job: number, outline: Outline, running: Running, home: JobHome, slowCallMs: number) {
    this.id = job;
    this.home = home;
    this.slowCallMs = slowCallMs;
    this.name = outline.pipeline;
    this.group = outline.group;
    this.sources = outline.topics.sources;
    this.sinks = outline.topics.sinks;
    this.outputs = outputsOf(outline.topics);
    this.deadLetters = outline.topics.deadLetters;
    this.cursors = this.sources.flatMap(source => {
      const topic = home.topic(source);
      const id = topic.createGroup(this.group);
      return topic.shards.map(shard => groupPlace(shard, id));
    });
    this.plan = running.plan;
    this.board = new Board(running.board);
    this.work = this.plan.tasks.map(({ id }) => new WorkRow(running.work, id));
    this.explanation = running.explanation;
    this.ended = this.whenEnded.promise;
    // Whoever does not wait for it is told by an event, not by an unhandled rejection.
    this.ended.catch(() => {});
  }

  get state(): JobState {
    return this.current;
  }

  /** What stopped the job, if it failed. */
  get failure(): StreamError | undefined {
    return this.error;
  }

  /**
   * Resolves when all source topics have ended and everything that came of them is appended, or taken by
   * systems outside. Rejects with what stopped the job, with `CLOSED` when it was stopped before, with `ABORTED`.
   */
  async drained(options: WaitOptions = {}): Promise<void> {
    await this.until(() => this.current === 'drained', options);
  }

  /**
   * Resolves when the job has read all that is there when this is called, and what came of it is
   * appended, or taken by systems outside; windows stay open. Rejects as `drained` does.
   */
  async caughtUp(options: WaitOptions = {}): Promise<void> {
    const ends = this.cursors.map(({ shard }) => shard.offsetOf(shard.published()));
    const isAhead = (cursor: GroupPlace, at: number) => cursor.committedOffset() >= ends[at];
    // The group of a job that has ended may be another one by now.
    const isRunning = () => this.current === 'running';
    const isDrained = () => this.current === 'drained';
    const isRead = (cursor: GroupPlace, at: number) => cursor.nextOffset() >= ends[at];
    let hurriedAtMs = Number.NEGATIVE_INFINITY;
    const reached = (): boolean => {
      if (isDrained() || (isRunning() && this.cursors.every(isAhead))) return true;
      // With checkpoints it is an epoch that commits what was read.
      const nowMs = performance.now();
      if (this.plan.checkpoint === undefined || nowMs - hurriedAtMs < HURRY_AGAIN_MS) return false;
      if (!this.cursors.every(isRead)) return false;
      hurriedAtMs = nowMs;
      this.home.hurry(this.id);
      return false;
    };
    await this.until(reached, options);
    if (givesByEpochs(this.plan)) await this.nextEpoch(options);
    await this.home.show(this.id);
  }

  /**
   * Resolves, with its number, when an epoch that began after this call has been committed. Rejects
   * with `INVALID_OPTION` for a pipeline without checkpoints, with what stopped the job, and with
   * `ABORTED`.
   */
  async checkpoint(options: WaitOptions = {}): Promise<number> {
    return this.unlessAborted(this.home.checkpoint(this.id, undefined), options);
  }

  /**
   * Makes an epoch and keeps it under a name, so that the pipeline, changed or not, can be run from
   * it: `engine.run(module, { savepoint })`. Rejects as `checkpoint` does, and for a name that is none.
   */
  async savepoint(name: string, options: WaitOptions = {}): Promise<void> {
    checkSavepointName(name);
    await this.unlessAborted(this.home.checkpoint(this.id, name), options);
  }

  private unlessAborted<T>(work: Promise<T>, { signal }: WaitOptions): Promise<T> {
    return unlessAborted(work, `Waiting for an epoch of the pipeline "${this.name}"`, signal);
  }

  /**
   * Stops the job and ends its group, unless it is kept. Windows that are open are lost. The second
   * call waits for the first.
   */
  async stop(): Promise<void> {
    if (this.current === 'running') this.home.end(this.id);
    await this.ended.catch(() => {});
  }

  /**
   * How the job stands, read from shared memory: some milliseconds old while it works, exact after
   * `drained` and `caughtUp`.
   */
  stats(): EngineJobStats {
    const tasks = this.plan.tasks.map(task => this.taskStats(task));
    return {
      ...jobStats(this.name, tasks),
      state: this.current,
      restarts: this.restarts,
      epoch: this.epoch,
      epochTookMs: this.epochTookMs,
      lag: this.current === 'running' ? this.lag() : 0,
    };
  }

  /**
   * Why windows are still open: for every step that keeps state, or for the one named `step`, which
   * input time waits for, where that is, and since when. Before them, calls of user code that have taken
   * longer than `slowCallMs`. As up to date as `stats()`.
   */
  why(step?: string): HeldTime[] {
    return whyHeld(this.plan, this.stats().tasks, step, systemClock.now() - this.slowCallMs);
  }

  /** The plan: stages, tasks, and which of them an exchange joins; as text or as a Mermaid flowchart. */
  explain({ format = 'text' }: ExplainOptions = {}): string {
    return this.explanation[format];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Called by the engine. */
  hasEnded(state: JobState, error: StreamError | undefined): void {
    this.current = state;
    this.error = error;
    if (error === undefined) this.whenEnded.resolve();
    else this.whenEnded.reject(error);
    for (const wake of this.waits) wake();
  }

  /** Called by the engine. */
  hasCommitted(epoch: number, tookMs: number): void {
    this.epoch = epoch;
    this.epochTookMs = tookMs;
  }

  /** Called by the engine. */
  hasRestarted(): void {
    this.restarts++;
  }

  /** Called by the engine: a task does not come back from what it is at, or has by now. */
  hasSlowWork({ task, work, sinceMs, lastedMs, over }: SlowWorkFound): void {
    this.tellSlowCall(task, callInHand(this.plan, this.plan.tasks[task], work, sinceMs), {
      lastedMs,
      over,
    });
  }

  /** Called by whoever looks after it. */
  tellSlowCall(
    id: number,
    call: UserCall,
    { lastedMs, over }: Pick<SlowCall, 'lastedMs' | 'over'>,
  ): void {
    const task = this.plan.tasks[id];
    const { stage, processor } = task;
    const end = over
      ? `; that took ${Math.round(lastedMs)} ms, and is over.`
      : call.step === undefined
        ? '; its processor does nothing else meanwhile.'
        : '.';
    const message = `Pipeline "${this.name}": ${describeCall(this.plan, task, call)}${end}`;
    const place = { job: this.name, task: id, stage, processor };
    this.home.slowCall({ ...place, ...call, lastedMs, over, message });
  }

  /** Waits for an epoch more, which is not taken before what the last one gave is where it belongs. */
  private async nextEpoch(options: WaitOptions): Promise<void> {
    if (this.current !== 'running') return;
    let committed = false;
    // What ends the job meanwhile is told by `until`.
    this.checkpoint().then(
      () => {
        committed = true;
      },
      () => {},
    );
    await this.until(() => committed || this.current === 'drained', options);
  }

  private taskStats(task: TaskPlan): TaskStats {
    const stats = readTask(this.board, this.name, task);
    const row = this.work[task.id];
    const work = row.inHand();
    const sinceMs = work && row.slowSinceMs(work);
    if (work === undefined || sinceMs === undefined) return stats;
    return { ...stats, slowCall: callInHand(this.plan, task, work, sinceMs) };
  }

  private lag(): number {
    return this.cursors.reduce((sum, cursor) => sum + cursor.lag(), 0);
  }

  /** Waits for `reached`, or for the end of the job. */
  private async until(reached: () => boolean, { signal }: WaitOptions): Promise<void> {
    let wake = () => {};
    const poke = () => wake();
    this.waits.add(poke);
    signal?.addEventListener('abort', poke);
    try {
      for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS)) {
        if (this.isOver(reached, signal)) return;
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, lookMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      this.waits.delete(poke);
      signal?.removeEventListener('abort', poke);
    }
  }

  /** Whether a wait is over; throws what ends it otherwise. */
  private isOver(reached: () => boolean, signal: AbortSignal | undefined): boolean {
    if (this.error !== undefined) throw this.error;
    if (reached()) return true;
    if (this.current !== 'running') fail('CLOSED', `The pipeline "${this.name}" was stopped.`);
    if (signal?.aborted) throw aborted(`Waiting for the pipeline "${this.name}"`, signal);
    return false;
  }
}
