import type { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type WorkerOptions } from 'node:worker_threads';
import { StreamError, Topic, type TopicOptions } from '@lite-streams/core';
import { Bell, fail, KERNEL } from '@lite-streams/core/internal';
import type { EngineDescriptor } from './attach/descriptor.ts';
import {
  type EngineConfig,
  type EngineOptions,
  engineConfig,
  knownTopicOptions,
  topicOptions,
} from './engine-config.ts';
import { type EngineEvents, EventSource } from './events.ts';
import type { EngineJob, RunOptions } from './job/engine-job.ts';
import { EngineJobs } from './job/engine-jobs.ts';
import { Control, ENGINE_STATE } from './protocol/control.ts';
import { fromFailure } from './protocol/failure.ts';
import type { FromSupervisor } from './protocol/messages.ts';
import { preparePlace, removePlace } from './state/state-place.ts';
import { EngineDirectory } from './storage/engine-directory.ts';
import { nodeDisk } from './storage/node-disk.ts';
import type { openDurableTopic } from './storage/open-topic.ts';
import { Supervised } from './supervised.ts';

/**
 * An engine: topics in shared memory, owner threads that look after them, and processor threads that
 * run pipelines. It keeps the process alive until it is stopped.
 *
 * A supervisor thread starts all others and sees to it that one that dies is replaced, also while
 * the main thread is busy.
 */
export class Engine implements AsyncDisposable {
  /** The options in force: those given, over those of the environment, over the defaults. */
  readonly config: EngineConfig;

  private readonly control = Control.create();
  private readonly bell = Bell.create();
  private readonly directory: EngineDirectory | undefined;
  private openDurable: typeof openDurableTopic | undefined;
  private readonly thread: number;
  private readonly topicHandles = new Map<string, Topic>();
  private readonly eventSource = new EventSource();
  private readonly supervised: Supervised;
  private readonly engineJobs: EngineJobs;
  private readonly ready = Promise.withResolvers<void>();
  /** Aborted when stopping must not drain any longer. */
  private readonly hurry = new AbortController();
  private stopping: Promise<void> | undefined;
  private failure: StreamError | undefined;

  /**
   * Starts an engine: its threads begin at once, and topics can be made as soon as this resolves.
   * Throws `INVALID_OPTION`, `THREAD_FAILED`, `STATE_BACKEND_MISSING`, `STATE_FAILED`, and with a
   * directory `DIRECTORY_LOCKED`, `STORAGE_MISMATCH`, `STORAGE_FAILED`, `LOG_DAMAGED`.
   */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    const config = preparePlace(engineConfig(options, process.env));
    const { directory } = config;
    const opened =
      directory === undefined ? undefined : EngineDirectory.open(resolve(directory), nodeDisk);
    const engine = new Engine(config, opened);
    // Engines without a directory do not load what writes logs.
    if (opened !== undefined) {
      engine.openDurable = (await import('./storage/open-topic.ts')).openDurableTopic;
    }
    warmUp();
    try {
      await engine.ready.promise;
    } catch (error) {
      opened?.close();
      throw error;
    }
    return engine;
  }

  private constructor(config: EngineConfig, directory: EngineDirectory | undefined) {
    this.config = config;
    this.directory = directory;
    if (directory !== undefined) this.control.ringsToo(this.bell);
    this.thread = this.control.nextThread();
    const boot = { control: this.control.buffer, bell: this.bell.buffer, config };
    this.supervised = new Supervised(boot, message => this.receive(message));
    this.engineJobs = new EngineJobs({
      config,
      events: this.eventSource,
      topic: (name, own) => this.topic(name, own),
      known: name => this.topicHandles.get(name),
      send: message => this.supervised.send(message),
    });
    void this.supervised.gone.then(error => {
      if (error !== undefined) this.failed(error);
    });
  }

  /** What the engine tells; `diagnostics_channel` has the same as `lite-streams:<event>`. */
  get events(): EventEmitter<EngineEvents> {
    return this.eventSource.emitter;
  }

  /**
   * The topic of this name: made, by these options over those of the engine, when there is none.
   * One that the engine's directory has goes on where it ended, with the options that it had unless
   * others are given; only its shards and its partitioner are fixed.
   *
   * Throws `TOPIC_EXISTS` when there is one with other options, `INVALID_OPTION`, `OUT_OF_MEMORY`,
   * `CLOSED`, `STORAGE_FAILED`, `STORAGE_MISMATCH`, `LOG_DAMAGED`.
   */
  topic(name: string, options: Partial<TopicOptions> = {}): Topic {
    const known = this.topicHandles.get(name);
    if (known === undefined) return this.createTopic(name, options);
    for (const [option, value] of Object.entries(options)) {
      const has = known.options[option as keyof TopicOptions];
      if (value === undefined || value === has) continue;
      fail(
        'TOPIC_EXISTS',
        `The topic "${name}" exists with ${option} = ${has}, not ${String(value)}: the options of a ` +
          'topic are fixed when it is made.',
      );
    }
    return known;
  }

  /** Names of all topics: of those that are open, and of those that the directory has beside. */
  topics(): string[] {
    return [...new Set([...this.topicHandles.keys(), ...(this.directory?.topics() ?? [])])];
  }

  /**
   * Runs the pipeline that a module exports by default: every processor imports the module and runs
   * its share. `module` is a URL or a path. Topics that the pipeline names and that there are not
   * are made. Throws `MODULE_NOT_LOADED`, `MODULE_NO_DEFAULT`, `INVALID_PIPELINE`,
   * `PIPELINE_RUNNING`, `PIPELINE_CYCLE`, `TOO_MANY_GROUPS`, `OUT_OF_MEMORY`, `CLOSED`, `ABORTED`.
   */
  async run(module: URL | string, options: RunOptions = {}): Promise<EngineJob> {
    this.checkOpen();
    return this.engineJobs.run(moduleUrl(module), options);
  }

  /** The jobs that run. */
  jobs(): EngineJob[] {
    return this.engineJobs.running();
  }

  /**
   * What one thread of your own needs to take part: pass it there by `workerData` or `postMessage`,
   * with its `port` in the transfer list, and call `attach` with it. One descriptor serves one
   * thread.
   */
  descriptor(): EngineDescriptor {
    this.checkOpen();
    const { port1, port2 } = new MessageChannel();
    const thread = this.control.nextThread();
    this.supervised.send({ kind: 'attach', thread, port: port1 }, [port1]);
    return {
      control: this.control.buffer,
      bell: this.bell.buffer,
      config: this.config,
      thread,
      topics: [...this.topicHandles.values()].map(topic => topic.descriptor()),
      port: port2,
    };
  }

  /**
   * Options for a `Worker` of your own that takes part: `options`, with a descriptor as
   * `workerData.engine` and its port in the transfer list.
   */
  threadOptions(options: WorkerOptions = {}): WorkerOptions {
    const engine = this.descriptor();
    return {
      ...options,
      workerData: { ...options.workerData, engine },
      transferList: [...(options.transferList ?? []), engine.port],
    };
  }

  /**
   * Stops the engine: sends what producers of this thread have taken, lets pipelines catch up, ends
   * every topic and every thread; for `stopTimeoutMs` at most. A second call while this one waits
   * stops at once. Whoever reads a topic to its end is told that there is no more.
   */
  stop(): Promise<void> {
    if (this.stopping !== undefined) this.hurry.abort();
    this.stopping ??= this.drainAndStop();
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private createTopic(name: string, own: Partial<TopicOptions>): Topic {
    this.checkOpen();
    const { bell, thread } = this;
    const { development } = this.config;
    const { directory } = this;
    const kept = directory?.topicOptions(name);
    const options = topicOptions(this.config, keptOptions(name, kept, own));
    const topic =
      directory !== undefined && this.openDurable !== undefined && options.durable
        ? this.openDurable(directory, nodeDisk, name, options, { thread, bell, development })
        : Topic.create(name, options, { thread, bell, development });
    topic.owner = this.control;
    this.topicHandles.set(name, topic);
    this.supervised.send({ kind: 'topic', topic: topic.descriptor() });
    return topic;
  }

  private receive(message: FromSupervisor): void {
    switch (message.kind) {
      case 'ready':
        this.ready.resolve();
        return;
      case 'exited': {
        const { role, thread } = message;
        const error = message.error === undefined ? undefined : fromFailure(message.error);
        this.eventSource.tell('thread-exited', { role, thread, error });
        return;
      }
      case 'replaced': {
        const { role, thread, replaces } = message;
        this.eventSource.tell('thread-replaced', { role, thread, replaces });
        return;
      }
      case 'poisoned': {
        const { topic, shard, error } = message;
        this.eventSource.tell('shard-poisoned', { topic, shard, error: fromFailure(error) });
        return;
      }
      case 'log-stopped': {
        const { topic, shard, error } = message;
        this.eventSource.tell('shard-stopped', { topic, shard, error: fromFailure(error) });
        return;
      }
      case 'broken': {
        const cause = fromFailure(message.error);
        const text = `An owner thread could not start: ${cause.message}`;
        this.failed(new StreamError('THREAD_FAILED', text, { cause }));
        return;
      }
      default:
        this.engineJobs.receive(message);
    }
  }

  private async drainAndStop(): Promise<void> {
    this.control.state = ENGINE_STATE.stopping;
    const { signal } = this.hurry;
    const deadline = setTimeout(() => this.hurry.abort(), this.config.stopTimeoutMs);
    const hurried = new Promise<void>(done => signal.addEventListener('abort', () => done()));
    const drained = this.drain(signal);
    await Promise.race([drained, hurried]);
    if (signal.aborted || this.failure !== undefined) await this.supervised.terminate();
    await this.supervised.gone;
    clearTimeout(deadline);
    this.closeAll();
    this.directory?.close();
    removePlace(this.config);
  }

  private async drain(signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) return;
    const flushes = [...this.topicHandles.values()].map(topic => topic.flush());
    await Promise.allSettled(flushes);
    if (signal.aborted) return;
    await this.engineJobs.stop(signal);
    if (signal.aborted) return;
    await this.supervised.stop();
  }

  /**
   * Ends the topics here, their owners being gone. Readers come to their end; only where a shard has
   * no room for its end are they closed.
   */
  private closeAll(): void {
    this.control.state = ENGINE_STATE.stopped;
    this.engineJobs.close(this.failure);
    for (const topic of this.topicHandles.values()) {
      topic.owner = undefined;
      if (topic.ended) topic.maintain();
      else topic.end();
      if (topic.shards.some(shard => shard.state() !== KERNEL.STATE_SEALED)) topic.close();
    }
    this.bell.ring();
  }

  /** The supervisor is gone, and with it every thread. */
  private failed(error: StreamError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.ready.reject(error);
    this.engineJobs.close(error);
    this.eventSource.tell('failed', { error });
  }

  private checkOpen(): void {
    if (this.failure !== undefined) {
      const message = 'The engine has failed; stop it and start another one.';
      throw new StreamError('CLOSED', message, { cause: this.failure });
    }
    if (this.stopping !== undefined) fail('CLOSED', 'The engine has been stopped.');
  }
}

/** Fixed when a topic is made: what is on disk was written by them. */
const FIXED = ['shards', 'partitioner'] as const;

/** The options that a topic of the directory had, below those that are given now. */
function keptOptions(
  name: string,
  kept: TopicOptions | undefined,
  own: Partial<TopicOptions>,
): Partial<TopicOptions> {
  if (kept === undefined) return own;
  for (const option of FIXED) {
    if (own[option] === undefined || own[option] === kept[option]) continue;
    fail(
      'TOPIC_EXISTS',
      `The topic "${name}" is in the directory with ${option} = ${kept[option]}, not ` +
        `${own[option]}: that is fixed when a topic is made.`,
    );
  }
  if (own.durable === false) {
    fail('TOPIC_EXISTS', `The topic "${name}" is in the directory: it is durable.`);
  }
  return { ...knownTopicOptions(kept), ...own };
}

/**
 * While the supervisor starts, this thread compiles what its first topic and its first append will
 * need: together that is a tenth of the time to the first record.
 */
function warmUp(): void {
  const options = { shards: 1, slots: 8, shardBytes: 4096, maxProducers: 1, maxGroups: 1 };
  const topic = Topic.create('warm-up', { ...options, maxMembers: 1 });
  topic.append({ key: 'key', value: 'value' });
  topic.close();
}

/** `import` of a path is not relative to where the caller is: make a URL of it. */
function moduleUrl(module: URL | string): string {
  const isUrl = typeof module !== 'string' || /^[a-z][a-z+.-]+:/i.test(module);
  return isUrl ? String(module) : pathToFileURL(resolve(module)).href;
}
