import { DEFAULT_TOPIC_OPTIONS, type TopicOptions } from '../broker/options.ts';
import { Topic } from '../broker/topic.ts';
import { createChannelMemory } from '../channel/layout.ts';
import { checkOptionNames, type NamesOf } from '../config/option-names.ts';
import { OPTIONS } from '../config/options.ts';
import { EpochCoordinator } from '../epoch/coordinator.ts';
import { type EpochDriver, newLineage, resumeFrom } from '../epoch/driver.ts';
import { asEpochError, refuseCheckpoint } from '../epoch/failures.ts';
import { checkSavepointName, MemoryDriver } from '../epoch/memory-driver.ts';
import { OutputGauge } from '../epoch/output-gauge.ts';
import type { Epoch, TaskSnapshot } from '../epoch/task-snapshot.ts';
import { fail, StreamError } from '../errors.ts';
import { aborted, type WaitOptions } from '../memory/abort.ts';
import { Bell } from '../memory/bell.ts';
import { park } from '../memory/park.ts';
import { unaccounted } from '../operator/counters.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { refuseCycle } from './cycles.ts';
import { EpochSink } from './epoch-sink.ts';
import { type ExplainOptions, explanationOf } from './explain.ts';
import { TaskHost } from './host.ts';
import { isCaughtUp, isRead, type Job, type JobStats, jobStats, notAccountedFor } from './job.ts';
import { checkLocalOptions, type LocalEngineOptions } from './local-options.ts';
import { type Pipeline, Pipeline as PipelineClass, pipelineOf } from './pipeline.ts';
import { plainDecoder, plainEncoder } from './plain-codec.ts';
import { givesByEpochs, type Plan, planPipeline } from './plan.ts';
import { TopicSink } from './topic-sink.ts';
import { TopicSource } from './topic-source.ts';
import { type HeldTime, whyHeld } from './why.ts';

const DEFAULT_CHANNEL_BYTES = 256 * 1024;
const LONGEST_WAIT_MS = 1_000;
const OTHER_CLOCK_MS = 10;
const MOST_WAITS_TO_LEAVE = 200;

/**
 * An engine without threads: the same topics, tasks and channels, stepped on the thread that made it.
 * For tests and small programs. With `automatic: false`, an injected clock and the same input it
 * repeats exactly.
 */
export class LocalEngine {
  private readonly options: LocalEngineOptions;
  private readonly bell = Bell.create();
  private readonly clock: Clock;
  private readonly epochs: EpochDriver;
  private readonly hosts: readonly TaskHost[];
  private readonly topics = new Map<string, Topic>();
  private readonly jobs = new Map<string, LocalJob>();
  private readonly channels = new Map<string, SharedArrayBuffer>();
  private open = true;
  /** How many wait for a step that does something. */
  private waiting = 0;
  private pumping: Promise<void> | undefined;

  /** Throws `INVALID_OPTION`. */
  static async start(options: LocalEngineOptions = {}): Promise<LocalEngine> {
    return new LocalEngine(options);
  }

  constructor(options: LocalEngineOptions = {}) {
    checkLocalOptions(options);
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.epochs = options.epochs ?? new MemoryDriver();
    const { channelSlots } = options;
    this.hosts = Array.from(
      { length: options.processors ?? 1 },
      () =>
        new TaskHost({
          source: (topic, shard, group, from) =>
            new TopicSource(this.topic(topic), shard, group, from),
          sink: topic => new TopicSink(this.topic(topic)),
          epochSink: (topic, held) => new EpochSink(this.topic(topic), held),
          connector: options.connector,
          channel: (plan, channel) => this.channelMemory(plan, channel.id),
          bell: this.bell,
          clock: this.clock,
          backend: options.backend,
          wake: () => {
            if (this.waiting > 0) this.bell.ring();
          },
          encoder: plainEncoder,
          decoder: plainDecoder,
          userRetries: options.userRetries ?? 3,
          channelBytes: options.channelBytes ?? DEFAULT_CHANNEL_BYTES,
          ...(channelSlots === undefined ? {} : { channelSlots }),
        }),
    );
  }

  /** The topic of this name; made when there is none. Throws `TOPIC_EXISTS` for other options. */
  topic(name: string, options?: Partial<TopicOptions>): Topic {
    this.checkOpen();
    const known = this.topics.get(name);
    if (known === undefined) return this.create(name, options);
    for (const [option, value] of Object.entries(options ?? {})) {
      const has = known.options[option as keyof TopicOptions];
      if (has === value) continue;
      fail('TOPIC_EXISTS', `The topic "${name}" exists with ${option} = ${has}, not ${value}.`);
    }
    return known;
  }

  /**
   * Runs a pipeline, given as such or as the URL of a module that exports one. Throws
   * `PIPELINE_RUNNING`, `PIPELINE_CYCLE`, `MODULE_NOT_LOADED`, `MODULE_NO_DEFAULT`; with checkpoints
   * also `UNKNOWN_SAVEPOINT`, `STATE_MISFIT`, `OFFSET_OUT_OF_RANGE`.
   */
  async run(pipeline: Pipeline | URL | string, options: LocalRunOptions = {}): Promise<LocalJob> {
    return this.add(PipelineClass.is(pipeline) ? pipeline : await load(pipeline), options);
  }

  /** Like `run`, for a pipeline at hand. */
  add(given: Pipeline, options: LocalRunOptions = {}): LocalJob {
    this.checkOpen();
    checkOptionNames('A run of a pipeline', options, NAMES);
    const pipeline = options.name === undefined ? given : given.named(options.name);
    const { name } = pipeline;
    if (this.jobs.has(name)) fail('PIPELINE_RUNNING', `The pipeline "${name}" runs already.`);
    const plan = planPipeline(pipeline, {
      shardsOf: topic => this.topic(topic).shardCount,
      processors: this.hosts.length,
    });
    const plans = [...this.jobs.values()].map(job => job.plan);
    refuseCycle(plans, plan, topic => this.topics.get(topic)?.options.overflow !== 'overwrite');
    for (const topic of [...plan.topics.late, plan.topics.deadLetters]) {
      if (!this.topics.has(topic)) this.create(topic, { overflow: 'overwrite' });
    }
    for (const source of plan.topics.sources) {
      this.topic(source).createGroup(plan.group, 'earliest');
    }
    const keep = options.keepGroup ?? false;
    const job = new LocalJob(this, pipeline, plan, this.hosts, this.epochs, this.clock, keep);
    this.jobs.set(name, job);
    try {
      job.start(options.savepoint);
    } catch (error) {
      job.stopNow();
      throw error;
    }
    if (this.options.automatic ?? true) this.pumping ??= this.pump();
    return job;
  }

  /** Steps every task once; `true` when any had something to do. */
  step(): boolean {
    let progress = false;
    for (const topic of this.topics.values()) topic.maintain();
    for (const host of this.hosts) if (host.step(this.options.stepRecords)) progress = true;
    for (const job of this.jobs.values()) job.endOutputs();
    for (const job of this.jobs.values()) if (job.stepEpochs()) progress = true;
    // Whoever waits for a job may have what it waits for, though it was another who stepped.
    if (progress && this.waiting > 0) this.bell.ring();
    return progress;
  }

  /** Steps until nothing is left to do without more input. */
  settle(): void {
    while (this.step());
  }

  /** Waits until a step did something, or until `reached`; for about a second at most. */
  async waitForWork(reached: () => boolean = () => false): Promise<void> {
    const places = this.hosts.flatMap(host => host.places());
    this.waiting++;
    try {
      const timeoutMs = this.untilDueMs();
      await park(this.bell, places, () => reached() || this.step() || !this.open, timeoutMs);
    } finally {
      this.waiting--;
    }
  }

  /** Inputs in flight in steps that are asynchronous. */
  get pending(): number {
    let pending = 0;
    for (const host of this.hosts) pending += host.pending;
    return pending;
  }

  /** Whether something is under way that needs the event loop. */
  get busy(): boolean {
    return this.hosts.some(host => host.busy);
  }

  /** How long there is nothing to do by the clock; a clock that is not the machine's is looked at often. */
  private untilDueMs(): number {
    const epochsMs = [...this.jobs.values()].map(job => job.epochDueAtMs);
    const dueAtMs = Math.min(...this.hosts.map(host => host.dueAtMs), ...epochsMs);
    if (dueAtMs === Number.POSITIVE_INFINITY) return LONGEST_WAIT_MS;
    if (this.clock !== systemClock) return OTHER_CLOCK_MS;
    return Math.min(Math.max(0, dueAtMs - this.clock.now()), LONGEST_WAIT_MS);
  }

  /** Why a pipeline stopped by itself, if it did. */
  failure(pipeline: string): StreamError | undefined {
    const ofEpochs = this.jobs.get(pipeline)?.epochFailure;
    return ofEpochs ?? this.hosts.map(host => host.failure(pipeline)).find(Boolean);
  }

  /**
   * Drops whatever a host holds, as if its thread had died: every pipeline with checkpoints and a task
   * there goes back to its last epoch, as a whole. For tests of what comes out then.
   */
  failHost(processor: number): void {
    for (const job of this.jobs.values()) {
      const isThere = job.plan.tasks.some(task => task.processor === processor);
      if (isThere && job.plan.checkpoint !== undefined) job.rollBack();
    }
  }

  /** Stops every pipeline and closes every topic. The second call does nothing. */
  async stop(): Promise<void> {
    this.stopNow();
    await this.pumping;
  }

  /** Like `stop`, at once. */
  stopNow(): void {
    if (!this.open) return;
    for (const job of [...this.jobs.values()]) job.stopNow();
    this.open = false;
    this.bell.ring();
    for (const topic of this.topics.values()) topic.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Called by a job: whoever waits for work looks again. */
  wake(): void {
    this.bell.ring();
  }

  /** Called by a job. */
  drop(plan: Plan, keepGroup: boolean): void {
    this.jobs.delete(plan.pipeline);
    this.dropTasks(plan);
    this.bell.ring();
    if (keepGroup) return;
    if (this.options.epochs === undefined) this.epochs.forget(plan.pipeline);
    for (const source of plan.topics.sources) this.topics.get(source)?.deleteGroup(plan.group);
  }

  /** Called by a job: its channels begin empty the next time. */
  dropTasks(plan: Plan): void {
    for (const host of this.hosts) host.remove(plan.pipeline);
    for (const { id } of plan.channels) this.channels.delete(`${plan.pipeline}/${id}`);
  }

  private create(name: string, options: Partial<TopicOptions> = {}): Topic {
    const whole = { ...DEFAULT_TOPIC_OPTIONS, ...this.options.topics, ...options };
    const { bell, clock } = this;
    const { development } = this.options;
    const environment = { bell, now: () => clock.now(), ...(development ? { development } : {}) };
    const topic = Topic.create(name, whole, environment);
    this.topics.set(name, topic);
    return topic;
  }

  private channelMemory(plan: Plan, id: number): SharedArrayBuffer {
    const name = `${plan.pipeline}/${id}`;
    const known = this.channels.get(name);
    if (known !== undefined) return known;
    const memory = createChannelMemory(this.options.channelBytes ?? DEFAULT_CHANNEL_BYTES);
    this.channels.set(name, memory);
    return memory;
  }

  /** Runs as long as there are pipelines, giving way to whatever else the thread has to do. */
  private async pump(): Promise<void> {
    while (this.open && this.jobs.size > 0) {
      if (this.step()) await giveWay();
      else await this.waitForWork();
    }
    this.pumping = undefined;
  }

  private checkOpen(): void {
    if (!this.open) fail('CLOSED', 'The engine has been stopped.');
  }
}

export interface LocalRunOptions {
  /** Runs the pipeline under another name than its own, which also names its group. */
  readonly name?: string | undefined;
  /**
   * Keeps the pipeline's group, and with it what is committed (with checkpoints, its last epoch), when the
   * job has ended. Default false.
   */
  readonly keepGroup?: boolean | undefined;
  /** Begins from this savepoint of the pipeline, and not from its last epoch. */
  readonly savepoint?: string | undefined;
}

const NAMES: NamesOf<LocalRunOptions> = { name: true, keepGroup: true, savepoint: true };

/** A pipeline that a `LocalEngine` runs. */
export class LocalJob implements Job {
  readonly name: string;
  readonly plan: Plan;
  private readonly engine: LocalEngine;
  private readonly pipeline: Pipeline;
  private readonly hosts: readonly TaskHost[];
  private readonly ending: string[];
  private readonly epochs: EpochDriver;
  private readonly clock: Clock;
  private readonly keepGroup: boolean;
  private coordinator: EpochCoordinator | undefined;
  private stopped: JobStats | undefined;
  /** Whether its tasks have counted every record: those that go on from an epoch count from there. */
  private countsAll = true;
  /** What was thrown where an epoch was to be kept. */
  epochFailure: StreamError | undefined;

  /** Made by `LocalEngine.run`. */
  constructor(
    engine: LocalEngine,
    pipeline: Pipeline,
    plan: Plan,
    hosts: readonly TaskHost[],
    epochs: EpochDriver,
    clock: Clock,
    keepGroup: boolean,
  ) {
    this.keepGroup = keepGroup;
    this.name = pipeline.name;
    this.engine = engine;
    this.pipeline = pipeline;
    this.plan = plan;
    this.hosts = hosts;
    this.ending = [...plan.topics.ending];
    this.epochs = epochs;
    this.clock = clock;
  }

  /** Called by the engine: begins, from a savepoint or else from the last epoch that there is. */
  start(savepoint: string | undefined): void {
    const { name, epochs, clock } = this;
    const lineage = newLineage(clock.now());
    if (savepoint !== undefined) resumeFrom(epochs, name, savepoint, lineage);
    this.coordinator = this.coordinated(lineage);
    this.startTasks(epochs.restore(name));
  }

  /** The last epoch that was committed; 0 before there is one, and without checkpoints. */
  get epoch(): number {
    return this.coordinator?.committed ?? 0;
  }

  /** Goes back to the last epoch, as after a failure. */
  rollBack(): void {
    this.coordinator?.stop();
    this.engine.dropTasks(this.plan);
    this.startTasks(this.epochs.restore(this.name));
  }

  /**
   * Resolves when an epoch that began after this call has been committed. Rejects with
   * `INVALID_OPTION` for a pipeline without checkpoints, and with what stopped the pipeline.
   */
  async checkpoint({ signal }: WaitOptions = {}): Promise<number> {
    return this.nextEpoch(undefined, signal);
  }

  /**
   * Makes an epoch and keeps it under a name, so that the pipeline, changed or not, can be run from it.
   * Rejects as `checkpoint` does, and for a name that is none.
   */
  async savepoint(name: string, { signal }: WaitOptions = {}): Promise<void> {
    checkSavepointName(name);
    await this.nextEpoch(name, signal);
  }

  /** Called by the engine: whether an epoch has begun. */
  stepEpochs(): boolean {
    const { coordinator } = this;
    if (coordinator === undefined || this.epochFailure !== undefined) return false;
    const begun = coordinator.begun;
    coordinator.step(this.clock.now());
    return coordinator.begun !== begun;
  }

  /** When the clock will have something to do for epochs. */
  get epochDueAtMs(): number {
    return this.coordinator?.dueAtMs ?? Number.POSITIVE_INFINITY;
  }

  stats(): JobStats {
    return (
      this.stopped ??
      jobStats(
        this.name,
        this.hosts.flatMap(host => host.stats(this.name)),
      )
    );
  }

  async drained({ signal }: WaitOptions = {}): Promise<void> {
    await this.until(() => this.allDone(), signal);
    const lost = this.countsAll ? unaccounted(this.stats()) : 0;
    if (lost !== 0) fail('TASK_FAILED', notAccountedFor(this.name, lost));
  }

  async caughtUp({ signal }: WaitOptions = {}): Promise<void> {
    const sources = this.plan.topics.sources.map(topic => this.engine.topic(topic));
    const { group } = this.plan;
    await this.until(() => {
      if (this.stopped !== undefined) return false;
      if (sources.every(topic => isCaughtUp(topic, group))) return true;
      // With checkpoints it is an epoch that commits what was read.
      const { coordinator } = this;
      const isIdle = coordinator !== undefined && coordinator.begun === coordinator.committed;
      if (isIdle && sources.every(topic => isRead(topic, group))) coordinator.hurry();
      return false;
    }, signal);
    // The next epoch is not taken before what this one gave is where it belongs.
    if (givesByEpochs(this.plan) && !this.allDone()) await this.nextEpoch(undefined, signal);
  }

  async stop(): Promise<void> {
    this.stopNow();
    const { engine, name, hosts } = this;
    const isGone = (): boolean => hosts.every(host => host.gone(name));
    // A clock that stands still would let a connection take for ever to end.
    for (let waits = 0; waits < MOST_WAITS_TO_LEAVE && !isGone(); ) {
      if (engine.step()) continue;
      waits++;
      await engine.waitForWork(isGone);
    }
  }

  stopNow(): void {
    if (this.stopped !== undefined) return;
    this.stopped = this.stats();
    this.coordinator?.close(new StreamError('CLOSED', `The pipeline "${this.name}" was stopped.`));
    this.engine.drop(this.plan, this.keepGroup);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  why(step?: string): HeldTime[] {
    const longBeforeMs = this.clock.now() - OPTIONS.slowCallMs.default;
    return whyHeld(this.plan, this.stats().tasks, step, longBeforeMs);
  }

  explain({ format = 'text' }: ExplainOptions = {}): string {
    return explanationOf(this.pipeline.graph, this.plan)[format];
  }

  /** Ends the topics that end with the pipeline, once it has drained. */
  endOutputs(): void {
    if (this.ending.length === 0 || !this.allDone()) return;
    if (this.engine.failure(this.name) !== undefined) return;
    for (const topic of this.ending.splice(0)) this.engine.topic(topic).end();
  }

  private coordinated(lineage: string): EpochCoordinator | undefined {
    const { checkpoint } = this.plan;
    if (checkpoint === undefined) return undefined;
    return new EpochCoordinator({
      pipeline: this.name,
      checkpoint,
      driver: this.epochs,
      newLineage: lineage,
      observer: {
        begin: epoch => {
          for (const host of this.hosts) host.beginEpoch(this.name, epoch);
        },
        committed: epoch => {
          for (const host of this.hosts) host.epochCommitted(this.name, epoch);
        },
        late: () => {},
        failed: error => {
          this.epochFailure = asEpochError(error, this.name);
        },
      },
    });
  }

  private startTasks(from: Epoch | undefined): void {
    const { coordinator, clock } = this;
    if (from !== undefined) this.countsAll = false;
    const epochs =
      coordinator === undefined
        ? undefined
        : {
            from,
            lineage: coordinator.lineage,
            gauge: OutputGauge.memory(),
            taken: (task: number, epoch: number, snapshot: TaskSnapshot) =>
              coordinator.taskTook(task, epoch, snapshot, clock.now()),
            ended: (task: number, snapshot: TaskSnapshot) =>
              coordinator.taskEnded(task, snapshot, clock.now()),
            hurry: () => coordinator.hurry(),
          };
    coordinator?.start(this.plan.tasks.length, clock.now());
    for (const [processor, host] of this.hosts.entries()) {
      host.add(this.pipeline, this.plan, processor, epochs);
    }
  }

  private async nextEpoch(
    savepoint: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { coordinator, name } = this;
    if (coordinator === undefined) return refuseCheckpoint(name);
    const waiting = { epoch: 0, error: undefined as unknown };
    coordinator.request({
      savepoint,
      done: (epoch, error) => Object.assign(waiting, { epoch, error }),
    });
    await this.until(() => waiting.epoch !== 0 || waiting.error !== undefined, signal);
    if (waiting.error !== undefined) throw waiting.error;
    return waiting.epoch;
  }

  private allDone(): boolean {
    if (this.stopped !== undefined) return this.stopped.tasks.every(({ done }) => done);
    return this.hosts.every(host => host.done(this.name));
  }

  /** Steps the engine until `reached`. Throws what stopped the pipeline, `CLOSED`, `ABORTED`. */
  private async until(reached: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const { engine, name } = this;
    const isOver = () =>
      signal?.aborted ||
      reached() ||
      this.stopped !== undefined ||
      engine.failure(name) !== undefined;
    const wake = (): void => engine.wake();
    signal?.addEventListener('abort', wake, { once: true });
    try {
      while (!isOver()) {
        if (!engine.step()) await engine.waitForWork(isOver);
        else if (signal !== undefined || engine.busy) await giveWay();
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
    const failure = engine.failure(name);
    if (failure !== undefined) throw failure;
    if (reached()) return;
    if (signal?.aborted) throw aborted(`Waiting for the pipeline "${name}"`, signal);
    fail('CLOSED', `The pipeline "${this.name}" was stopped.`);
  }
}

/** Lets the thread do what else it has to. */
function giveWay(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

async function load(module: URL | string): Promise<Pipeline> {
  const url = String(module);
  let exported: unknown;
  try {
    exported = await import(url);
  } catch (cause) {
    throw new StreamError(
      'MODULE_NOT_LOADED',
      `The pipeline module ${url} did not load: ${cause}`,
      {
        cause,
      },
    );
  }
  return pipelineOf(exported, url);
}
