import { Worker } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import type { OwnerBoot, SupervisorBoot } from '../protocol/boot.ts';
import type { Control } from '../protocol/control.ts';
import { FlushOrder } from '../protocol/flush-order.ts';
import type { FromOwner, LogStopped, Poisoned, ToOwner } from '../protocol/messages.ts';
import { FileFlusher } from './file-flusher.ts';

/** What the owners tell the supervisor. */
export interface OwnersObserver {
  ownerExited(thread: number, error: Error | undefined): void;
  ownerReplaced(thread: number, replaces: number): void;
  shardPoisoned(message: Poisoned): void;
  logStopped(message: LogStopped): void;
  /** An owner died before it could begin: another one would too. */
  ownersBroken(error: Error): void;
}

interface OwnerThread {
  readonly worker: Worker;
  readonly thread: number;
  /** Resolves when the thread has exited. */
  readonly ended: Promise<void>;
  ready: boolean;
  /** Threads whose exit this owner has been told of and has not answered. */
  readonly repairing: Set<number>;
}

/** The owner threads of an engine: starts them, tells them of topics and exits, replaces dead ones. */
export class Owners {
  private readonly boot: SupervisorBoot;
  private readonly control: Control;
  private readonly observer: OwnersObserver;
  private readonly topics: ReadonlyMap<string, TopicDescriptor>;
  private readonly threads: OwnerThread[] = [];
  private readonly flusher = new FileFlusher();
  /** Threads that exited before there was an owner to tell. */
  private readonly exitedBefore: number[] = [];
  private stopping = false;

  constructor(
    boot: SupervisorBoot,
    control: Control,
    topics: ReadonlyMap<string, TopicDescriptor>,
    observer: OwnersObserver,
  ) {
    this.boot = boot;
    this.control = control;
    this.topics = topics;
    this.observer = observer;
  }

  /** Starts the owners. Nothing needs them at once, so that they may leave the cores to others first. */
  start(): void {
    if (this.threads.length > 0 || this.stopping) return;
    const { owners } = this.boot.config;
    for (let index = 0; index < owners; index++) this.begin(index, this.exitedBefore);
  }

  addTopic(topic: TopicDescriptor): void {
    for (const { worker } of this.threads) {
      this.post(worker, { kind: 'topic', topic });
    }
  }

  /** A thread of the engine, of whatever role, has exited. */
  threadExited(thread: number): void {
    if (this.threads.length === 0) this.exitedBefore.push(thread);
    for (const { worker, repairing } of this.threads) {
      repairing.add(thread);
      this.post(worker, { kind: 'exited', thread });
    }
  }

  kill(index: number): void {
    this.start();
    void this.threads[index]?.worker.terminate();
  }

  /** Resolves when every owner has had its last look and has exited. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const { worker } of this.threads) {
      this.post(worker, { kind: 'stop' });
    }
    await Promise.all(this.threads.map(({ ended }) => ended));
  }

  private begin(index: number, exited: readonly number[]): OwnerThread {
    const thread = this.control.nextThread();
    const workerData: OwnerBoot = {
      ...this.boot,
      thread,
      index,
      topics: [...this.topics.values()],
      exited,
    };
    const worker = new Worker(new URL('../entry/owner.ts', import.meta.url), { workerData });
    let cause: Error | undefined;
    worker.on('error', error => {
      cause = error as Error;
    });
    const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()));
    const owner: OwnerThread = { worker, thread, ended, ready: false, repairing: new Set(exited) };
    worker.on('message', (message: FromOwner) => {
      if (message.kind === 'repaired') owner.repairing.delete(message.thread);
      else if (message.kind === 'poisoned') this.observer.shardPoisoned(message);
      else if (message.kind === 'log-stopped') this.observer.logStopped(message);
      else if (message.kind === 'flush-ahead')
        this.flusher.flush(message.path, new FlushOrder(message.order));
      else owner.ready = true;
    });
    void ended.then(() => {
      if (!this.stopping) this.replace(index, owner, cause);
    });
    this.threads[index] = owner;
    return owner;
  }

  /** An owner with logs blocks while it waits: it is called to look into its port. */
  private post(worker: Worker, message: ToOwner): void {
    worker.postMessage(message);
    this.control.look();
  }

  private replace(index: number, dead: OwnerThread, cause: Error | undefined): void {
    this.observer.ownerExited(dead.thread, cause);
    if (!dead.ready && cause !== undefined) {
      this.observer.ownersBroken(cause);
      return;
    }
    const { thread } = this.begin(index, [...dead.repairing, dead.thread]);
    for (const other of this.threads) {
      if (other.thread === thread) continue;
      other.repairing.add(dead.thread);
      this.post(other.worker, { kind: 'exited', thread: dead.thread });
    }
    this.observer.ownerReplaced(thread, dead.thread);
  }
}
