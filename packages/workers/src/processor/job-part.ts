import type { Pipeline } from '@lite-streams/core';
import { groupPlace, type Plan, type TaskHost } from '@lite-streams/core/internal';
import type { Board } from '../job/board.ts';
import { writeTask } from '../job/stats.ts';
import type { ProcessorTopics } from './topics.ts';

/** What a job is made of on one processor, from `begin` until `drop`. */
export interface Running {
  readonly plan: Plan;
  readonly incarnation: number;
  readonly channels: ReadonlyMap<number, SharedArrayBuffer>;
  readonly board: Board;
  /** Where its tasks say what they are at. */
  readonly work: SharedArrayBuffer;
}

/** One job on one processor: the pipeline as this thread has loaded it, and its tasks in the host. */
export class JobPart {
  readonly job: number;
  readonly pipeline: Pipeline;
  running: Running | undefined;
  /** Whether the supervisor has been told that the tasks are done, or that they failed. */
  reported = false;

  constructor(job: number, pipeline: Pipeline) {
    this.job = job;
    this.pipeline = pipeline;
  }

  /** Shows how the tasks stand to whoever asks for the job's statistics. */
  show(host: TaskHost): void {
    if (this.running === undefined) return;
    for (const stats of host.stats(this.pipeline.name)) writeTask(this.running.board, stats);
  }

  /** What the sources on this processor have committed, and what there is beyond: sums over them. */
  standing(topics: ProcessorTopics, processor: number): { committed: number; unread: number } {
    const standing = { committed: 0, unread: 0 };
    if (this.running === undefined) return standing;
    const { plan } = this.running;
    for (const task of plan.tasks) {
      const [input] = plan.stages[task.stage].inputs;
      if (input.kind !== 'source' || task.processor !== processor) continue;
      const topic = topics.get(input.topic);
      const group = topic.createGroup(plan.group);
      const shard = topic.shards[task.index];
      const committed = groupPlace(shard, group).committedOffset();
      standing.committed += committed;
      standing.unread += shard.offsetOf(shard.published()) - committed;
    }
    return standing;
  }
}
