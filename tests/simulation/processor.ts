import type { Topic } from '@lite-streams/core';
import { systemClock } from '@lite-streams/core';
import {
  type Bell,
  EpochSink,
  explanationOf,
  groupPlace,
  plainDecoder,
  plainEncoder,
  planPipeline,
  TaskHost,
  TopicSink,
  TopicSource,
} from '@lite-streams/core/internal';
import { toFailure } from '../../packages/workers/src/protocol/failure.ts';
import type { FromProcessor, ToProcessor } from '../../packages/workers/src/protocol/messages.ts';
import { sums } from './pipeline.ts';

const CHANNEL_BYTES = 4_096;
const SHARDS_UNKNOWN = { shardsOf: () => 1, processors: 1 } as const;

/** What a processor has around it. */
export interface ProcessorSurroundings {
  readonly index: number;
  readonly processors: number;
  readonly bell: Bell;
  topic(name: string): Topic;
  now(): number;
  tell(message: FromProcessor): void;
}

/**
 * A processor without a thread: the tasks are real, and it says to the supervisor what a processor
 * does, through letters that the scheduler hands over.
 */
export class SimulatedProcessor {
  readonly letters: ToProcessor[] = [];
  private readonly around: ProcessorSurroundings;
  private readonly host: TaskHost;
  private incarnation = -1;
  private job = 0;
  private channels: ReadonlyMap<number, SharedArrayBuffer> = new Map();
  private running = false;
  private reported = false;

  constructor(around: ProcessorSurroundings) {
    this.around = around;
    this.host = new TaskHost({
      source: (topic, shard, group, from) =>
        new TopicSource(around.topic(topic), shard, group, from),
      sink: topic => new TopicSink(around.topic(topic)),
      epochSink: (topic, held) => new EpochSink(around.topic(topic), held),
      channel: (_plan, { id }) => this.channels.get(id) as SharedArrayBuffer,
      bell: around.bell,
      clock: { ...systemClock, now: () => around.now() },
      wake: () => {},
      encoder: plainEncoder,
      decoder: plainDecoder,
      userRetries: 1,
      channelBytes: CHANNEL_BYTES,
    });
  }

  /** Takes one letter, if there is any. */
  receive(): void {
    const letter = this.letters.shift();
    if (letter === undefined) return;
    const { around } = this;
    switch (letter.kind) {
      case 'load': {
        this.job = letter.job;
        const plan = planPipeline(sums, SHARDS_UNKNOWN);
        const { pipeline, group, topics, checkpoint } = plan;
        around.tell({
          kind: 'loaded',
          job: this.job,
          outline: { pipeline, group, topics, checkpoint },
        });
        return;
      }
      case 'plan': {
        const shardsOf = (topic: string): number => letter.shards.get(topic) ?? 0;
        const plan = planPipeline(sums, { shardsOf, processors: around.processors });
        const explanation = explanationOf(sums.graph, plan);
        around.tell({ kind: 'planned', job: this.job, plan, explanation });
        return;
      }
      case 'begin':
        this.begin(letter);
        return;
      case 'epoch':
        if (letter.incarnation === this.incarnation && this.running) {
          this.host.beginEpoch(sums.name, letter.epoch);
        }
        return;
      case 'committed':
        if (letter.incarnation === this.incarnation && this.running) {
          this.host.epochCommitted(sums.name, letter.epoch);
        }
        return;
      case 'drop':
        this.drop();
        around.tell({ kind: 'dropped', job: this.job });
        return;
      default:
    }
  }

  /** Steps the tasks, each for about `budget` records. */
  step(budget: number): void {
    if (!this.running) return;
    this.host.step(budget);
    this.reportEnd();
  }

  private begin({
    plan,
    incarnation,
    channels,
    gauge,
    from,
    lineage,
  }: Extract<ToProcessor, { kind: 'begin' }>): void {
    const { around, job } = this;
    this.incarnation = incarnation;
    this.channels = channels;
    this.running = true;
    this.reported = false;
    const of = { job, incarnation };
    try {
      this.host.add(sums, plan, around.index, {
        from,
        lineage,
        gauge,
        taken: (task, epoch, snapshot) =>
          around.tell({ kind: 'taken', ...of, task, epoch, snapshot: structuredClone(snapshot) }),
        ended: (task, snapshot) =>
          around.tell({ kind: 'task-ended', ...of, task, snapshot: structuredClone(snapshot) }),
        hurry: () => around.tell({ kind: 'hurry', ...of }),
      });
    } catch (error) {
      this.reported = true;
      around.tell({ kind: 'failed', job, error: toFailure(error) });
      return;
    }
    let committed = 0;
    let unread = 0;
    const topic = around.topic('in');
    const group = topic.createGroup(plan.group);
    for (const task of plan.tasks) {
      const [input] = plan.stages[task.stage].inputs;
      if (input.kind !== 'source' || task.processor !== around.index) continue;
      const shard = topic.shards[task.index];
      const at = groupPlace(shard, group).committedOffset();
      committed += at;
      unread += shard.offsetOf(shard.published()) - at;
    }
    around.tell({ kind: 'begun', ...of, committed, unread });
    this.reportEnd();
  }

  private drop(): void {
    if (!this.running) return;
    this.running = false;
    this.host.remove(sums.name);
  }

  private reportEnd(): void {
    if (this.reported || !this.running) return;
    const failure = this.host.failure(sums.name);
    if (failure === undefined && !this.host.done(sums.name)) return;
    this.reported = true;
    const { job, incarnation } = this;
    if (failure !== undefined) {
      this.around.tell({ kind: 'failed', job, error: toFailure(failure) });
    } else this.around.tell({ kind: 'finished', job, incarnation });
  }
}
