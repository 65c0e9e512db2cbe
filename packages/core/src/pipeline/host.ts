import { fail, type StreamError } from '../errors.ts';
import type { WaitingPlace } from '../memory/park.ts';
import type { Pipeline } from './pipeline.ts';
import type { Plan } from './plan.ts';
import type { Task } from './task.ts';
import { type PipelineEpochs, TaskBuilder } from './task-builder.ts';
import type { TaskStats } from './task-stats.ts';
import type { Wiring } from './wiring.ts';

/** All tasks of one thread, stepped in turn. A processor has one; so has the runtime without threads. */
export class TaskHost {
  private readonly wiring: Wiring;
  private readonly pipelines = new Map<string, readonly Task[]>();
  private tasks: readonly Task[] = [];
  /** Dropped, with something open outside that has not ended yet. */
  private leaving: readonly Task[] = [];

  constructor(wiring: Wiring) {
    this.wiring = wiring;
  }

  /**
   * Builds the tasks of a pipeline that the plan places on `processor`; with checkpoints, from an
   * epoch on. Throws `PIPELINE_RUNNING`, `STATE_MISFIT`, and what opening topics throws.
   */
  add(pipeline: Pipeline, plan: Plan, processor: number, epochs?: PipelineEpochs): void {
    if (this.pipelines.has(plan.pipeline)) {
      fail('PIPELINE_RUNNING', `The pipeline "${plan.pipeline}" runs on this thread already.`);
    }
    const tasks = new TaskBuilder(this.wiring, pipeline.graph, plan, processor, epochs).tasks();
    this.pipelines.set(plan.pipeline, tasks);
    this.tasks = [...this.tasks, ...tasks];
  }

  /** Steps every task for about `budget` records; `true` when any had something to do. */
  step(budget = 256): boolean {
    const { clock } = this.wiring;
    let progress = false;
    let nowMs = clock.now();
    for (const task of this.tasks) {
      if (!task.step(budget, nowMs)) continue;
      progress = true;
      // What has nothing to do takes no time to speak of.
      nowMs = clock.now();
    }
    return this.letLeave() || progress;
  }

  /** Has the source tasks of a pipeline take the barrier of an epoch. */
  beginEpoch(pipeline: string, epoch: number): void {
    for (const task of this.tasksOf(pipeline)) task.beginEpoch(epoch);
  }

  /** An epoch of a pipeline stands. */
  epochCommitted(pipeline: string, epoch: number): void {
    for (const task of this.tasksOf(pipeline)) task.epochCommitted(epoch);
  }

  /** Drops the tasks of a pipeline; what they had not released will be read again. */
  remove(pipeline: string): void {
    const dropped = this.tasksOf(pipeline);
    this.pipelines.delete(pipeline);
    this.tasks = this.tasks.filter(task => !dropped.includes(task));
    for (const task of dropped) task.close();
    this.leaving = [...this.leaving, ...dropped.filter(({ callsOutside }) => callsOutside)];
  }

  /** Whether nothing of a pipeline is left here, connections of its sinks included. */
  gone(pipeline: string): boolean {
    return !this.pipelines.has(pipeline) && this.leaving.every(task => task.pipeline !== pipeline);
  }

  /** Whether the pipeline's tasks here are all done; `true` for one that has none here. */
  done(pipeline: string): boolean {
    return this.tasksOf(pipeline).every(task => task.done);
  }

  /** Why a task of the pipeline failed, if one did. */
  failure(pipeline: string): StreamError | undefined {
    return this.tasksOf(pipeline).find(task => task.failure !== undefined)?.failure;
  }

  stats(pipeline: string): TaskStats[] {
    return this.tasksOf(pipeline).map(task => task.stats());
  }

  /** When the clock will have something to do here: milliseconds since 1970, +∞ for nothing. */
  get dueAtMs(): number {
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const task of this.tasks) if (!task.done) dueAtMs = Math.min(dueAtMs, task.dueAtMs);
    for (const task of this.leaving) dueAtMs = Math.min(dueAtMs, task.dueAtMs);
    return dueAtMs;
  }

  /** Whether something is under way that needs the event loop. */
  get busy(): boolean {
    return this.leaving.length > 0 || this.tasks.some(({ busy }) => busy);
  }

  /** Inputs in flight in steps that are asynchronous. */
  get pending(): number {
    let pending = 0;
    for (const task of this.tasks) pending += task.pending;
    return pending;
  }

  /** Where to wait when `step` had nothing to do. */
  places(): WaitingPlace[] {
    return this.tasks.filter(task => !task.done).flatMap(task => task.places());
  }

  private letLeave(): boolean {
    if (this.leaving.length === 0) return false;
    const before = this.leaving.length;
    this.leaving = this.leaving.filter(task => task.leave());
    return this.leaving.length < before;
  }

  private tasksOf(pipeline: string): readonly Task[] {
    return this.pipelines.get(pipeline) ?? [];
  }
}
