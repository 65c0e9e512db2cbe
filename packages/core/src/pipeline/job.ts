import type { Topic } from '../broker/topic.ts';
import { addCounts, noCounts, type RecordCounts } from '../operator/counters.ts';
import type { TaskStats } from './task.ts';

/** How a running pipeline stands. */
export interface JobStats extends RecordCounts {
  readonly pipeline: string;
  /** Records that were overwritten in a source topic before they could be read. */
  readonly lost: number;
  readonly tasks: readonly TaskStats[];
}

/** Sums up the tasks of a job, wherever they run. */
export function jobStats(pipeline: string, tasks: readonly TaskStats[]): JobStats {
  const sum = noCounts();
  let lost = 0;
  for (const task of tasks) {
    addCounts(sum, task.counts);
    lost += task.lost;
  }
  return { pipeline, ...sum, lost, tasks };
}

/** Whether a group has done all that is in a topic just now, watermarks and ends included. */
export function isCaughtUp(topic: Topic, group: string): boolean {
  const { shards } = topic.groups().find(({ name }) => name === group) ?? { shards: [] };
  return shards.every(({ committed, end }) => committed === end);
}

/** A pipeline that an engine runs. */
export interface Job {
  readonly name: string;
  stats(): JobStats | Promise<JobStats>;
  /**
   * Resolves when all source topics have ended and everything that came of them is appended. Rejects
   * with what stopped the pipeline.
   */
  drained(): Promise<void>;
  /** Resolves when the pipeline has read and appended all that is there now, without flushing. */
  caughtUp(): Promise<void>;
  /** Stops the pipeline and ends its group; windows that are open are lost. */
  stop(): Promise<void>;
  /** The plan as text. */
  explain(): string;
}
