import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import type { Bell } from '@lite-streams/core/ground';
import { Piscina } from 'piscina';
import type { ProcessorBoot, SupervisorBoot } from '../protocol/boot.ts';
import type { Control } from '../protocol/control.ts';
import type { FromProcessor, ProcessorHere, ToProcessor } from '../protocol/messages.ts';

/** What the processors tell the supervisor. */
export interface ProcessorsObserver {
  /** The first processors are all up. */
  processorsUp(): void;
  processorSaid(index: number, message: FromProcessor): void;
  processorExited(index: number, thread: number, error: Error | undefined): void;
  /** A new thread has the place of a dead one; it can be spoken to. */
  processorReplaced(index: number, thread: number, replaces: number): void;
}

interface Processor {
  readonly thread: number;
  readonly port: MessagePort;
  /** Resolves when its duty cycle has returned or its thread is gone, with why. */
  readonly over: Promise<Error | undefined>;
  /** As the process numbers its threads; unknown until the thread runs. */
  threadId: number | undefined;
  /** To be killed, at the latest when it is known which thread it is. */
  doomed: boolean;
}

/**
 * The processor pool: one task per thread that runs as long as the engine does, on piscina, which
 * starts the threads and puts new ones in the place of dead ones. A processor is stopped by a
 * message, never by an AbortSignal, which would kill its thread.
 */
export class Processors {
  private readonly boot: SupervisorBoot;
  private readonly control: Control;
  private readonly bell: Bell;
  private readonly topics: ReadonlyMap<string, TopicDescriptor>;
  private readonly observer: ProcessorsObserver;
  private readonly pool: Piscina;
  private readonly processors: Processor[] = [];
  private stopping = false;

  constructor(
    boot: SupervisorBoot,
    control: Control,
    bell: Bell,
    topics: ReadonlyMap<string, TopicDescriptor>,
    observer: ProcessorsObserver,
  ) {
    this.boot = boot;
    this.control = control;
    this.bell = bell;
    this.topics = topics;
    this.observer = observer;
    const threads = boot.config.processors;
    this.pool = new Piscina({
      filename: new URL('../entry/processor.ts', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
    });
    // A thread that dies without a task had none yet: its task goes to the next one.
    this.pool.on('error', () => {});
    for (let index = 0; index < threads; index++) this.begin(index);
  }

  /** A processor that steps, or is parked, looks into its port when it is told that there is something. */
  send(index: number, message: ToProcessor): void {
    this.processors[index].port.postMessage(message);
    this.control.letterPosted();
    this.bell.ring();
  }

  /** Ends a processor's thread as if it had crashed, at whatever it does. */
  kill(index: number): void {
    const processor = this.processors[index];
    if (processor === undefined) return;
    processor.doomed = true;
    const { threadId } = processor;
    void this.pool.threads.find(worker => worker.threadId === threadId)?.terminate();
  }

  sendAll(message: ToProcessor): void {
    for (const index of this.processors.keys()) this.send(index, message);
  }

  /** Resolves when every processor has returned, and the threads are gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.sendAll({ kind: 'stop' });
    await Promise.all(this.processors.map(({ over }) => over));
    for (const { port } of this.processors) port.close();
    await this.pool.destroy();
  }

  private begin(index: number): Processor {
    const { port1: port, port2 } = new MessageChannel();
    const thread = this.control.nextThread();
    const boot: ProcessorBoot = {
      ...this.boot,
      thread,
      index,
      topics: [...this.topics.values()],
      port: port2,
    };
    const over: Promise<Error | undefined> = this.pool.run(boot, { transferList: [port2] }).then(
      () => undefined,
      (error: Error) => error,
    );
    const processor: Processor = { thread, port, over, threadId: undefined, doomed: false };
    port.on('message', (message: FromProcessor | ProcessorHere) => {
      if (message.kind === 'here') this.isHere(index, message.threadId);
      else this.observer.processorSaid(index, message);
    });
    // The task may be over while its thread still runs exit handlers; with its port it is gone.
    port.on('close', () => {
      if (!this.stopping) void this.replace(index, processor);
    });
    this.processors[index] = processor;
    return processor;
  }

  private isHere(index: number, threadId: number): void {
    const { processors } = this;
    processors[index].threadId = threadId;
    if (processors[index].doomed) this.kill(index);
    if (processors.every(one => one.threadId !== undefined)) this.observer.processorsUp();
  }

  private async replace(index: number, dead: Processor): Promise<void> {
    const error = await dead.over;
    if (this.stopping) return;
    this.observer.processorExited(index, dead.thread, error);
    const { thread } = this.begin(index);
    this.observer.processorReplaced(index, thread, dead.thread);
  }
}
