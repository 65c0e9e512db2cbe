import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import { Bell, type EpochDriver } from '@lite-streams/core/ground';
import type { SupervisorBoot } from '../protocol/boot.ts';
import { Control } from '../protocol/control.ts';
import { toFailure } from '../protocol/failure.ts';
import type {
  FromProcessor,
  FromSupervisor,
  LogStopped,
  Poisoned,
  Role,
  ToSupervisor,
} from '../protocol/messages.ts';
import { Attachments, type AttachmentsObserver } from './attachments.ts';
import { Jobs } from './jobs.ts';
import { Owners, type OwnersObserver } from './owners.ts';
import { Processors, type ProcessorsObserver } from './processors.ts';

/** Owners start at the latest after this. */
const OWNERS_LATEST_MS = 1_000;

/**
 * The thread that starts all others of an engine and knows when one of them is gone. It does nothing
 * that takes long and runs no user code, so that it notices at once, whatever the main thread does.
 */
export class Supervisor implements OwnersObserver, ProcessorsObserver, AttachmentsObserver {
  private readonly main: MessagePort;
  private readonly topics = new Map<string, TopicDescriptor>();
  private readonly owners: Owners;
  private readonly processors: Processors;
  private readonly attachments: Attachments;
  private readonly jobs: Jobs;

  /** `epochs`: those of pipelines whose input is on disk. */
  constructor(boot: SupervisorBoot, main: MessagePort, epochs: EpochDriver | undefined) {
    this.main = main;
    const control = Control.attach(boot.control);
    const bell = Bell.attach(boot.bell);
    if (boot.config.directory !== undefined) control.ringsToo(bell);
    this.processors = new Processors(boot, control, bell, this.topics, this);
    this.owners = new Owners(boot, control, this.topics, this);
    this.attachments = new Attachments(this.topics, () => this.catchUp(), this);
    this.jobs = new Jobs(
      boot.config,
      (index, message) => this.processors.send(index, message),
      message => this.tell(message),
      epochs,
    );
    // Where there are logs to be written, whoever appends waits for an owner.
    const latestMs = boot.config.directory === undefined ? OWNERS_LATEST_MS : 0;
    setTimeout(() => this.owners.start(), latestMs).unref();
    main.on('message', (message: ToSupervisor) => this.receive(message));
    this.tell({ kind: 'ready' });
  }

  processorsUp(): void {
    this.owners.start();
  }

  ownerExited(thread: number, error: Error | undefined): void {
    this.exited('owner', thread, error);
  }

  ownerReplaced(thread: number, replaces: number): void {
    this.tell({ kind: 'replaced', role: 'owner', thread, replaces });
  }

  shardPoisoned(message: Poisoned): void {
    this.tell(message);
  }

  logStopped(message: LogStopped): void {
    this.tell(message);
  }

  ownersBroken(error: Error): void {
    this.tell({ kind: 'broken', error: toFailure(error) });
  }

  processorSaid(index: number, message: FromProcessor): void {
    this.jobs.said(index, message);
  }

  processorExited(index: number, thread: number, error: Error | undefined): void {
    this.owners.threadExited(thread);
    this.exited('processor', thread, error);
    this.jobs.processorExited(index, thread, error);
  }

  processorReplaced(index: number, thread: number, replaces: number): void {
    this.tell({ kind: 'replaced', role: 'processor', thread, replaces });
    this.jobs.processorReplaced(index);
  }

  attachedExited(thread: number): void {
    this.owners.threadExited(thread);
    this.exited('attached', thread, undefined);
  }

  private exited(role: Role, thread: number, error: Error | undefined): void {
    const failure = error === undefined ? undefined : toFailure(error);
    this.tell({ kind: 'exited', role, thread, error: failure });
  }

  private receive(message: ToSupervisor): void {
    switch (message.kind) {
      case 'topic':
        this.addTopic(message.topic);
        return;
      case 'attach':
        this.attachments.add(message.thread, message.port);
        return;
      case 'run':
        this.jobs.run(message.job, message);
        return;
      case 'begin':
        this.jobs.begin(message.job, message);
        return;
      case 'show':
        this.jobs.show(message.job, message.request);
        return;
      case 'checkpoint':
        this.jobs.checkpoint(message.job, message.request, message.savepoint);
        return;
      case 'hurry':
        this.jobs.hurry(message.job);
        return;
      case 'end-job':
        this.jobs.end(message.job);
        return;
      case 'kill':
        if (message.role === 'owner') this.owners.kill(message.index);
        else this.processors.kill(message.index);
        return;
      case 'stop':
        void this.stop();
    }
  }

  private addTopic(topic: TopicDescriptor): void {
    this.topics.set(topic.name, topic);
    this.owners.addTopic(topic);
    this.processors.sendAll({ kind: 'topic', topic });
    this.attachments.announce(topic);
  }

  /** Reads what the main thread has sent and the event loop has not delivered yet. */
  private catchUp(): void {
    for (;;) {
      const letter = receiveMessageOnPort(this.main) as { message: ToSupervisor } | undefined;
      if (letter === undefined) return;
      this.receive(letter.message);
    }
  }

  /** The jobs have ended before. Owners go last: they seal and repair. */
  private async stop(): Promise<void> {
    await this.processors.stop();
    this.attachments.stop();
    await this.owners.stop();
    this.main.close();
  }

  private tell(message: FromSupervisor): void {
    this.main.postMessage(message);
  }
}
