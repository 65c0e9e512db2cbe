import type { Topic } from '../broker/topic.ts';
import { type DeliveryStats, sumOfDeliveries } from '../delivery/delivery-sink.ts';
import type { WaitOptions } from '../memory/abort.ts';
import { addCounts, noCounts, type RecordCounts } from '../operator/counters.ts';
import { groupPlace } from '../shard/group-access.ts';
import type { ExplainOptions } from './explain.ts';
import type { TaskStats } from './task-stats.ts';
import type { HeldTime } from './why.ts';

/** How a running pipeline stands. */
export interface JobStats extends RecordCounts {
  readonly pipeline: string;
  /** Records that were overwritten in a source topic before they could be read. */
  readonly lost: number;
  /** Bytes of outputs that tasks hold until their epoch is committed and they are where they belong. */
  readonly heldBytes: number;
  /** How results get into systems outside, of a pipeline with `.deliver()`. */
  readonly delivery: DeliveryStats | undefined;
  /** By number, so that `tasks[n]` is task n. */
  readonly tasks: readonly TaskStats[];
}

/** Sums up the tasks of a job, wherever they run. */
export function jobStats(pipeline: string, tasks: readonly TaskStats[]): JobStats {
  const sum = noCounts();
  let lost = 0;
  let heldBytes = 0;
  for (const task of tasks) {
    addCounts(sum, task.counts);
    lost += task.lost;
    heldBytes += task.heldBytes;
  }
  const deliveries = tasks.map(task => task.delivery).filter(one => one !== undefined);
  const delivery = deliveries.length === 0 ? undefined : deliveries.reduce(sumOfDeliveries);
  const byNumber = tasks.toSorted((a, b) => a.task - b.task);
  return { pipeline, ...sum, lost, heldBytes, delivery, tasks: byNumber };
}

/** What to say of a job that has drained with records of which nobody knows what became: a defect. */
export function notAccountedFor(pipeline: string, records: number): string {
  return (
    `${records} records of the pipeline "${pipeline}" are not accounted for: what came in is not what ` +
    'came out, was filtered, late or a dead letter.'
  );
}

/** Whether a group has done all that is in a topic just now, watermarks and ends included. */
export function isCaughtUp(topic: Topic, group: string): boolean {
  const { shards } = topic.groups().find(({ name }) => name === group) ?? { shards: [] };
  return shards.every(({ committed, end }) => committed === end);
}

/** Whether a group has read all that is in a topic just now. */
export function isRead(topic: Topic, group: string): boolean {
  const id = topic.createGroup(group);
  return topic.shards.every(
    shard => groupPlace(shard, id).nextOffset() >= shard.offsetOf(shard.published()),
  );
}

/** A pipeline that an engine runs. */
export interface Job extends AsyncDisposable {
  readonly name: string;
  stats(): JobStats | Promise<JobStats>;
  /**
   * Resolves when all source topics have ended and everything that came of them is appended. Rejects
   * with what stopped the pipeline, `CLOSED`, `ABORTED`.
   */
  drained(options?: WaitOptions): Promise<void>;
  /** Resolves when the pipeline has read and appended all that is there now, without flushing. */
  caughtUp(options?: WaitOptions): Promise<void>;
  /** Stops the pipeline and ends its group; windows that are open are lost. */
  stop(): Promise<void>;
  /**
   * Why windows are still open: for every step that keeps state, or for the one named `step`, which
   * input time waits for, where that is, and since when. Before them, calls of user code that take long.
   */
  why(step?: string): HeldTime[] | Promise<HeldTime[]>;
  /** The plan: stages, tasks and exchanges, as text or as a Mermaid flowchart. */
  explain(options?: ExplainOptions): string;
}
