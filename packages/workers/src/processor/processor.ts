import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { systemClock } from '@lite-streams/core';
import type { TaskSnapshot } from '@lite-streams/core/ground';
import {
  Bell,
  EpochSink,
  explanationOf,
  plainDecoder,
  plainEncoder,
  planPipeline,
  TaskHost,
  TopicSink,
  TopicSource,
  WorkRow,
} from '@lite-streams/core/internal';
import { Board } from '../job/board.ts';
import type { ProcessorBoot } from '../protocol/boot.ts';
import { Control } from '../protocol/control.ts';
import { toFailure } from '../protocol/failure.ts';
import type { FromProcessor, ProcessorHere, ToProcessor } from '../protocol/messages.ts';
import type { OpenBackend } from '../state/state-place.ts';
import { JobPart, type Running } from './job-part.ts';
import { loadPipeline } from './module.ts';
import { ProcessorTopics } from './topics.ts';

/** How often a processor shows how its tasks stand, at most. */
const SHOW_MS = 20;

/** From here on memory is given to another thread faster than copied for it. */
const LARGE_BYTES = 64 * 1024;

/** Enough to learn which topics a pipeline has. */
const SHARDS_UNKNOWN = { shardsOf: () => 1, processors: 1 } as const;

type Begin = Extract<ToProcessor, { kind: 'begin' }>;

/**
 * The duty cycle of a processor: takes what the supervisor has sent, steps the tasks of its jobs,
 * and reports. It never waits; how its thread waits is in `processor-thread.ts`.
 */
export class Processor {
  readonly bell: Bell;
  readonly host: TaskHost;
  /** Set by the supervisor's last message. */
  stopped = false;
  /** Whether the thread waits without blocking its event loop. */
  asleep = false;

  private readonly boot: ProcessorBoot;
  private readonly port: MessagePort;
  private readonly control: Control;
  private readonly topics: ProcessorTopics;
  private readonly parts = new Map<number, JobPart>();
  /** Jobs that have not been forgotten, whether or not their module has been loaded yet. */
  private readonly wanted = new Set<number>();
  /** Jobs whose end has not been told yet. */
  private readonly dropping = new Set<number>();
  private readonly now: () => number;
  private lettersRead = -1;
  private loading = 0;
  private shownAtMs = 0;
  private unreported = false;

  /** `backend`: where keyed state lies; on the heap by default. */
  constructor(
    boot: ProcessorBoot,
    threadId: number,
    now: () => number,
    backend: OpenBackend | undefined = undefined,
  ) {
    this.boot = boot;
    this.port = boot.port;
    this.now = now;
    this.control = Control.attach(boot.control);
    this.bell = Bell.attach(boot.bell);
    this.topics = new ProcessorTopics(boot, this.bell, this.control);
    for (const topic of boot.topics) this.topics.add(topic);
    this.host = new TaskHost({
      source: (topic, shard, group, from) =>
        new TopicSource(this.topics.get(topic), shard, group, from),
      sink: topic => new TopicSink(this.topics.get(topic)),
      epochSink: (topic, held) => new EpochSink(this.topics.get(topic), held),
      channel: (plan, { id }) => this.channel(plan.pipeline, id),
      work: (plan, task) => this.work(plan.pipeline, task),
      bell: this.bell,
      clock: systemClock,
      backend,
      wake: () => {
        if (this.asleep) this.bell.ring();
      },
      encoder: plainEncoder,
      decoder: plainDecoder,
      userRetries: boot.config.userRetries,
      channelBytes: boot.config.channelBytes,
    });
    this.port.postMessage({ kind: 'here', threadId } satisfies ProcessorHere);
  }

  /** How long there is nothing to do by the clock; +∞ when nobody waits for it. */
  untilDueMs(): number {
    const { dueAtMs } = this.host;
    return dueAtMs === Number.POSITIVE_INFINITY
      ? dueAtMs
      : Math.max(0, dueAtMs - systemClock.now());
  }

  /** Whether something is under way that needs the event loop. */
  get needsEventLoop(): boolean {
    return this.loading > 0 || this.host.busy;
  }

  /** One round. Tells whether there was anything to do. */
  step(): boolean {
    const letters = this.readLetters();
    if (!this.host.step()) return letters;
    this.unreported = true;
    this.tellDropped();
    return true;
  }

  /**
   * Tells which jobs are done or have failed, and shows how the tasks stand, if any had anything to
   * do since; to be called now and then, and before the thread waits. False when it is too early to
   * show it again.
   */
  report(): boolean {
    if (!this.unreported) return true;
    for (const part of this.parts.values()) this.reportEnd(part);
    const nowMs = this.now();
    if (nowMs - this.shownAtMs < SHOW_MS) return false;
    this.shownAtMs = nowMs;
    this.unreported = false;
    for (const part of this.parts.values()) part.show(this.host);
    return true;
  }

  /** Lets go of everything: what was not released will be read again. */
  close(): void {
    for (const job of [...this.parts.keys()]) this.drop(job);
    this.topics.close();
  }

  private readLetters(): boolean {
    const letters = this.control.letters();
    if (letters === this.lettersRead) return false;
    this.lettersRead = letters;
    let any = false;
    for (;;) {
      const letter = receiveMessageOnPort(this.port) as { message: ToProcessor } | undefined;
      if (letter === undefined) return any;
      any = true;
      this.receive(letter.message);
    }
  }

  private receive(message: ToProcessor): void {
    switch (message.kind) {
      case 'topic':
        this.topics.add(message.topic);
        return;
      case 'load':
        void this.load(message.job, message.module, message.name);
        return;
      case 'plan':
        this.plan(message.job, message.shards);
        return;
      case 'begin':
        this.begin(message);
        return;
      case 'epoch':
      case 'committed':
        this.epoch(message);
        return;
      case 'show':
        this.parts.get(message.job)?.show(this.host);
        this.tell({ kind: 'shown', job: message.job, request: message.request });
        return;
      case 'drop':
        this.drop(message.job);
        this.dropping.add(message.job);
        this.tellDropped();
        return;
      case 'forget':
        this.drop(message.job);
        this.parts.delete(message.job);
        this.wanted.delete(message.job);
        return;
      case 'stop':
        this.stopped = true;
    }
  }

  /** Jobs that were dropped are gone when connections to systems outside have ended. */
  private tellDropped(): void {
    for (const job of this.dropping) {
      const name = this.parts.get(job)?.pipeline.name;
      if (name !== undefined && !this.host.gone(name)) continue;
      this.dropping.delete(job);
      this.tell({ kind: 'dropped', job });
    }
  }

  private async load(job: number, module: string, name: string | undefined): Promise<void> {
    this.wanted.add(job);
    this.loading++;
    this.tell({ kind: 'importing', job });
    try {
      const pipeline = await loadPipeline(module, name);
      if (!this.wanted.has(job)) return;
      this.parts.set(job, new JobPart(job, pipeline));
      const { pipeline: named, group, topics, checkpoint } = planPipeline(pipeline, SHARDS_UNKNOWN);
      this.tell({ kind: 'loaded', job, outline: { pipeline: named, group, topics, checkpoint } });
    } catch (error) {
      this.failed(job, error);
    } finally {
      this.loading--;
    }
  }

  private plan(job: number, shards: ReadonlyMap<string, number>): void {
    const part = this.parts.get(job);
    if (part === undefined) return;
    const { processors } = this.boot.config;
    const shardsOf = (topic: string) => shards.get(topic) ?? 0;
    const plan = planPipeline(part.pipeline, { shardsOf, processors });
    const explanation = explanationOf(part.pipeline.graph, plan);
    this.tell({ kind: 'planned', job, plan, explanation });
  }

  private epoch(message: Extract<ToProcessor, { kind: 'epoch' | 'committed' }>): void {
    const part = this.parts.get(message.job);
    if (part?.running?.incarnation !== message.incarnation) return;
    const { name } = part.pipeline;
    if (message.kind === 'epoch') this.host.beginEpoch(name, message.epoch);
    else {
      this.host.epochCommitted(name, message.epoch);
      this.reportEnd(part);
    }
  }

  private begin(begin: Begin): void {
    const { job, plan, incarnation, channels, gauge, board, work, from, lineage } = begin;
    const part = this.parts.get(job);
    if (part === undefined) return;
    part.running = { plan, incarnation, channels, board: new Board(board), work };
    part.reported = false;
    try {
      const of = { job, incarnation };
      this.host.add(part.pipeline, plan, this.boot.index, {
        from,
        lineage,
        gauge,
        taken: (task, epoch, snapshot) =>
          this.tell({ kind: 'taken', ...of, task, epoch, snapshot }, largeParts(snapshot)),
        ended: (task, snapshot) =>
          this.tell({ kind: 'task-ended', ...of, task, snapshot }, largeParts(snapshot)),
        hurry: () => this.tell({ kind: 'hurry', ...of }),
      });
      const standing = part.standing(this.topics, this.boot.index);
      this.tell({ kind: 'begun', job, incarnation, ...standing });
    } catch (error) {
      part.reported = true;
      this.failed(job, error);
      return;
    }
    // A processor without a task of the job is done with it at once.
    this.reportEnd(part);
  }

  private drop(job: number): void {
    const part = this.parts.get(job);
    if (part?.running === undefined) return;
    part.show(this.host);
    this.host.remove(part.pipeline.name);
    part.running = undefined;
  }

  private channel(pipeline: string, id: number): SharedArrayBuffer {
    const memory = this.running(pipeline)?.channels.get(id);
    if (memory !== undefined) return memory;
    throw new Error(`no memory for the channel ${id} of the pipeline "${pipeline}"`);
  }

  private work(pipeline: string, task: number): WorkRow {
    const memory = this.running(pipeline)?.work;
    return memory === undefined ? WorkRow.unseen() : new WorkRow(memory, task);
  }

  private running(pipeline: string): Running | undefined {
    for (const part of this.parts.values()) {
      if (part.pipeline.name === pipeline && part.running !== undefined) return part.running;
    }
    return undefined;
  }

  /** Tells that a job is done here, or has failed: once. */
  private reportEnd(part: JobPart): void {
    const { job, running, pipeline } = part;
    if (running === undefined || part.reported) return;
    const failure = this.host.failure(pipeline.name);
    if (failure === undefined && !this.host.done(pipeline.name)) return;
    part.reported = true;
    part.show(this.host);
    if (failure !== undefined) this.failed(job, failure);
    else this.tell({ kind: 'finished', job, incarnation: running.incarnation });
  }

  private failed(job: number, error: unknown): void {
    this.tell({ kind: 'failed', job, error: toFailure(error) });
  }

  /** `given`: memory of the message that nobody needs here any more, and that is not copied. */
  private tell(message: FromProcessor, given: readonly ArrayBuffer[] = []): void {
    this.port.postMessage(message, given);
  }
}

/**
 * The large pieces of state in a snapshot, which the task has made for it alone. Small ones are copied
 * sooner than given away; outputs stay with the task, and lie in shared memory where they are large.
 */
function largeParts({ steps }: TaskSnapshot): ArrayBuffer[] {
  return steps.flatMap(({ sections }) =>
    sections
      .filter(({ bytes }) => bytes.length >= LARGE_BYTES)
      .map(({ bytes }) => bytes.buffer as ArrayBuffer),
  );
}
