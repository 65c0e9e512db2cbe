import type { MessagePort } from 'node:worker_threads';
import type { TopicDescriptor } from '@lite-streams/core';
import { Answer } from '../protocol/control.ts';
import type { FromAttached, ToAttached } from '../protocol/messages.ts';

export interface AttachmentsObserver {
  attachedExited(thread: number): void;
}

/**
 * The threads of the user's own that take part. Each holds the other end of a port, which closes
 * when its thread is gone, whether that returned, threw, exited or was terminated.
 */
export class Attachments {
  private readonly topics: ReadonlyMap<string, TopicDescriptor>;
  private readonly catchUp: () => void;
  private readonly observer: AttachmentsObserver;
  private readonly ports = new Map<number, MessagePort>();

  /** `catchUp` reads what the main thread has sent and the event loop has not delivered yet. */
  constructor(
    topics: ReadonlyMap<string, TopicDescriptor>,
    catchUp: () => void,
    observer: AttachmentsObserver,
  ) {
    this.topics = topics;
    this.catchUp = catchUp;
    this.observer = observer;
  }

  add(thread: number, port: MessagePort): void {
    this.ports.set(thread, port);
    port.on('message', (message: FromAttached) => this.answer(port, message));
    port.on('close', () => {
      if (this.ports.delete(thread)) this.observer.attachedExited(thread);
    });
  }

  announce(topic: TopicDescriptor): void {
    for (const port of this.ports.values()) {
      port.postMessage({ kind: 'topic', topic } satisfies ToAttached);
    }
  }

  stop(): void {
    const ports = [...this.ports.values()];
    this.ports.clear();
    for (const port of ports) port.close();
  }

  private answer(port: MessagePort, { name, answer }: FromAttached): void {
    if (!this.topics.has(name)) this.catchUp();
    const topic = this.topics.get(name);
    if (topic !== undefined) port.postMessage({ kind: 'topic', topic } satisfies ToAttached);
    new Answer(answer).given();
  }
}
