import { StreamError, type Topic, type TopicOptions } from '@lite-streams/core';
import {
  checkOptionNames,
  fail,
  notAccountedFor,
  outputsOf,
  refuseCycle,
  unaccounted,
  unlessAborted,
} from '@lite-streams/core/internal';
import type { EngineConfig } from '../engine-config.ts';
import type { DeadLettersFound, EventSource, SlowCall } from '../events.ts';
import { asStreamError, fromFailure } from '../protocol/failure.ts';
import type { Ending, FromSupervisor, Outline, ToSupervisor } from '../protocol/messages.ts';
import { EngineJob, type JobHome, RUN_OPTIONS, type RunOptions } from './engine-job.ts';
import { JobWatch } from './watch.ts';

/** How often a job is looked at within the time after which it is warned of. */
const LOOKS_PER_WARNING = 4;
const LONGEST_LOOK_MS = 5_000;

/** What the jobs need of their engine. */
export interface EngineSurroundings {
  readonly config: EngineConfig;
  readonly events: EventSource;
  topic(name: string, own?: Partial<TopicOptions>): Topic;
  known(name: string): Topic | undefined;
  send(message: ToSupervisor): void;
}

/** A job from `run` to its end. */
interface Entry {
  readonly id: number;
  readonly options: RunOptions;
  readonly started: PromiseWithResolvers<EngineJob>;
  /** Resolved when statistics are up to date, by the number of the request. */
  readonly shows: Map<number, () => void>;
  /** Whoever waits for an epoch, by the number of the request. */
  readonly checkpoints: Map<number, Pick<PromiseWithResolvers<number>, 'resolve' | 'reject'>>;
  outline: Outline | undefined;
  job: EngineJob | undefined;
  watch: JobWatch | undefined;
  watching: NodeJS.Timeout | undefined;
}

type JobMessage = Extract<FromSupervisor, { job: number }>;

/** The main thread's side of all jobs: makes their topics and groups, and tells how they end. */
export class EngineJobs implements JobHome {
  private readonly around: EngineSurroundings;
  private readonly entries = new Map<number, Entry>();
  private count = 0;
  private requests = 0;

  constructor(around: EngineSurroundings) {
    this.around = around;
  }

  run(module: string, options: RunOptions): Promise<EngineJob> {
    checkOptionNames('A run of a pipeline', options, RUN_OPTIONS);
    const id = ++this.count;
    const started = Promise.withResolvers<EngineJob>();
    const shows = new Map<number, () => void>();
    const checkpoints: Entry['checkpoints'] = new Map();
    const unknown = { outline: undefined, job: undefined, watch: undefined, watching: undefined };
    this.entries.set(id, { id, options, started, shows, checkpoints, ...unknown });
    const { name, savepoint, signal } = options;
    this.around.send({ kind: 'run', job: id, module, name, savepoint });
    if (signal === undefined) return started.promise;
    const running = unlessAborted(started.promise, `The start of ${module}`, signal);
    running.catch(() => {
      if (this.entries.has(id)) this.end(id);
    });
    return running;
  }

  running(): EngineJob[] {
    const jobs = [...this.entries.values()].map(({ job }) => job);
    return jobs.filter(job => job !== undefined);
  }

  receive(message: JobMessage): void {
    const entry = this.entries.get(message.job);
    if (entry === undefined) return;
    switch (message.kind) {
      case 'loaded':
        this.loaded(entry, message.outline);
        return;
      case 'running':
        if (entry.outline === undefined) return;
        entry.job = new EngineJob(
          entry.id,
          entry.outline,
          message,
          this,
          this.around.config.slowCallMs,
        );
        this.watch(entry, entry.job);
        entry.started.resolve(entry.job);
        return;
      case 'restarted':
        entry.job?.hasRestarted();
        this.around.events.tell('job-restarted', { job: nameOf(entry), thread: message.thread });
        return;
      case 'checkpointed':
        this.answer(entry, message);
        return;
      case 'epoch':
        entry.job?.hasCommitted(message.epoch, message.tookMs);
        return;
      case 'shown':
        entry.shows.get(message.request)?.();
        entry.shows.delete(message.request);
        return;
      case 'slow-work':
        entry.job?.hasSlowWork(message);
        return;
      case 'warning':
        this.warn(nameOf(entry), message.message);
        return;
      case 'ended':
        this.over(entry, message.how);
    }
  }

  /** Lets all jobs catch up, until `signal` fires, and stops them. */
  async stop(signal: AbortSignal): Promise<void> {
    // One may read what another writes: as many rounds as there are jobs reach the end of any row.
    for (let round = this.running().length; round > 0; round--) {
      await Promise.allSettled(this.running().map(job => job.caughtUp({ signal })));
      if (signal.aborted) return;
      if (this.running().every(job => job.stats().lag === 0)) break;
    }
    for (const { id } of this.entries.values()) this.end(id);
    const started = [...this.entries.values()].map(entry => entry.started.promise);
    const jobs = await Promise.allSettled(started);
    await Promise.allSettled(
      jobs.map(outcome => (outcome.status === 'fulfilled' ? outcome.value.ended : undefined)),
    );
  }

  /** No thread is left: whatever has not ended yet has now. */
  close(failure: StreamError | undefined): void {
    for (const entry of [...this.entries.values()]) {
      const how: Ending = { state: failure === undefined ? 'stopped' : 'failed', error: undefined };
      this.over(entry, how, failure);
    }
  }

  topic(name: string): Topic {
    return this.around.topic(name);
  }

  async show(job: number): Promise<void> {
    const entry = this.entries.get(job);
    if (entry === undefined) return;
    const request = ++this.requests;
    const { promise, resolve } = Promise.withResolvers<void>();
    entry.shows.set(request, resolve);
    this.around.send({ kind: 'show', job, request });
    await promise;
  }

  async checkpoint(job: number, savepoint: string | undefined): Promise<number> {
    const entry = this.entries.get(job);
    if (entry === undefined) fail('CLOSED', 'The job is over.');
    const request = ++this.requests;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    entry.checkpoints.set(request, { resolve, reject });
    this.around.send({ kind: 'checkpoint', job, request, savepoint });
    return promise;
  }

  hurry(job: number): void {
    this.around.send({ kind: 'hurry', job });
  }

  end(job: number): void {
    this.around.send({ kind: 'end-job', job });
  }

  slowCall(call: SlowCall): void {
    this.around.events.tell('slow-call', call);
  }

  deadLetters(found: DeadLettersFound): void {
    this.around.events.tell('dead-letters', found);
  }

  warn(job: string, message: string): void {
    this.around.events.tell('warning', { job, message });
  }

  private answer(entry: Entry, message: Extract<FromSupervisor, { kind: 'checkpointed' }>): void {
    const { request, epoch, error } = message;
    const waiting = entry.checkpoints.get(request);
    entry.checkpoints.delete(request);
    if (error === undefined) waiting?.resolve(epoch);
    else waiting?.reject(fromFailure(error));
  }

  /** Every processor has the module: its topics and its group are made, and it begins. */
  private loaded(entry: Entry, outline: Outline): void {
    try {
      this.refuseSecond(outline);
      const running = [...this.entries.values()].map(other => other.outline);
      const outlines = running.filter(other => other !== undefined);
      refuseCycle(outlines, outline, topic => this.willBeLossless(outline, topic));
      const shards = this.makeTopics(outline);
      entry.outline = outline;
      const durable = this.readsFromDisk(outline);
      const keep = entry.options.keepGroup ?? durable;
      this.around.send({ kind: 'begin', job: entry.id, shards, durable, keep });
    } catch (error) {
      entry.started.reject(error);
      this.end(entry.id);
    }
  }

  private watch(entry: Entry, job: EngineJob): void {
    const { idleWarnMs, slowCallMs } = this.around.config;
    const watch = new JobWatch(job, this, idleWarnMs, slowCallMs);
    const lookMs = Math.min(idleWarnMs, slowCallMs) / LOOKS_PER_WARNING;
    const everyMs = Math.min(Math.max(lookMs, 10), LONGEST_LOOK_MS);
    entry.watch = watch;
    entry.watching = setInterval(() => watch.look(performance.now()), everyMs).unref();
  }

  private refuseSecond({ pipeline }: Outline): void {
    for (const { outline } of this.entries.values()) {
      if (outline?.pipeline !== pipeline) continue;
      fail(
        'PIPELINE_RUNNING',
        `A pipeline of the name "${pipeline}" runs already; run it under another by { name }.`,
      );
    }
  }

  /** Returns the number of shards of each source. */
  private makeTopics(outline: Outline): ReadonlyMap<string, number> {
    const { around } = this;
    const { group, topics } = outline;
    const sources = topics.sources.map(source => around.topic(source));
    for (const sink of topics.sinks) around.topic(sink);
    for (const name of [...topics.late, topics.deadLetters]) {
      if (around.known(name) === undefined) around.topic(name, { overflow: 'overwrite' });
    }
    this.checkDurable(outline);
    for (const source of sources) source.createGroup(group, 'earliest');
    return new Map(sources.map(({ name, shardCount }) => [name, shardCount]));
  }

  private readsFromDisk({ topics }: Outline): boolean {
    return topics.sources.every(name => this.around.topic(name).options.durable);
  }

  /** Throws `NOT_DURABLE` for a pipeline that is to give outputs exactly once, and cannot. */
  private checkDurable({ pipeline, topics, checkpoint }: Outline): void {
    if (checkpoint?.mode !== 'exactly-once') return;
    const compacted = outputsOf(topics).filter(name => this.around.topic(name).options.compact);
    if (compacted.length > 0) {
      fail(
        'NOT_DURABLE',
        `The pipeline "${pipeline}" is to give outputs exactly once, and compaction takes records out of ` +
          `${compacted.join(', ')}, so that nobody can tell what was given. Make it without \`compact\`.`,
      );
    }
    const names = [...topics.sources, ...outputsOf(topics)];
    const inMemory = names.filter(name => !this.around.topic(name).options.durable);
    if (inMemory.length === 0) return;
    fail(
      'NOT_DURABLE',
      `The pipeline "${pipeline}" is to give outputs exactly once, and ${inMemory.join(', ')} ` +
        `${inMemory.length === 1 ? 'is' : 'are'} in memory. Exactly-once checkpoints need topics in the ` +
        'directory of an engine; at-least-once ones do not.',
    );
  }

  private willBeLossless({ topics }: Outline, name: string): boolean {
    const { known, config } = this.around;
    const overflow = known(name)?.options.overflow;
    if (overflow !== undefined) return overflow === 'block';
    return config.overflow === 'block' && [...topics.sinks, ...topics.sources].includes(name);
  }

  private over(entry: Entry, how: Ending, failure?: StreamError): void {
    this.entries.delete(entry.id);
    clearInterval(entry.watching);
    entry.watch?.lookAtDeadLetters();
    for (const shown of entry.shows.values()) shown();
    const over = new StreamError('CLOSED', `The pipeline "${nameOf(entry)}" was stopped.`);
    for (const { reject } of entry.checkpoints.values()) reject(failure ?? over);
    const { outline, options, job, started } = entry;
    if (outline !== undefined) {
      for (const name of outline.topics.sources) {
        const source = this.around.known(name);
        // On disk a pipeline goes on where it stopped.
        const keeps = options.keepGroup ?? source?.options.durable ?? false;
        if (!keeps) source?.deleteGroup(outline.group);
      }
    }
    if (how.state === 'drained') {
      for (const topic of outline?.topics.ending ?? []) this.around.known(topic)?.end();
    }
    const error = failure ?? errorOf(nameOf(entry), how);
    job?.hasEnded(how.state, error);
    if (job === undefined) {
      started.reject(
        error ?? new StreamError('CLOSED', 'The engine was stopped before the job ran.'),
      );
    } else if (how.state === 'failed' && error !== undefined) {
      this.around.events.tell('job-failed', { job: job.name, error });
    } else if (how.state === 'drained') {
      this.account(job);
      this.around.events.tell('job-drained', { job: job.name });
    }
  }

  /** Nothing disappears in silence. Tasks that began anew, or in an epoch, have not counted all. */
  private account(job: EngineJob): void {
    const stats = job.stats();
    const lost = unaccounted(stats);
    if (stats.restarts > 0 || stats.epoch > 0 || lost === 0) return;
    this.warn(job.name, notAccountedFor(job.name, lost));
  }
}

function nameOf({ outline, options }: Entry): string {
  return outline?.pipeline ?? options.name ?? 'a pipeline that has not been loaded';
}

function errorOf(name: string, { error }: Ending): StreamError | undefined {
  if (error === undefined) return undefined;
  return asStreamError(fromFailure(error), 'THREAD_FAILED', `The pipeline "${name}" failed.`);
}
