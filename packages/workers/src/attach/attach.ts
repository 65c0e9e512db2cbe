import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Config, Topic, type TopicDescriptor } from '@lite-streams/core';
import { Bell, fail } from '@lite-streams/core/internal';
import { Answer, Control, ENGINE_STATE } from '../protocol/control.ts';
import type { FromAttached, ToAttached } from '../protocol/messages.ts';
import { historyOf } from '../storage/disk-history.ts';
import { nodeDisk } from '../storage/node-disk.ts';
import type { EngineDescriptor } from './descriptor.ts';

/** How long a wait for the supervisor is before the engine's state is looked at. */
const LOOK_MS = 100;

/**
 * Takes part in an engine from a thread of the user's own, with what `engine.descriptor()` returned
 * on the main thread. Returns at once; nothing waits for the main thread, now or later. Throws
 * `LAYOUT_MISMATCH` when the threads have loaded different versions of the package.
 */
export function attach(descriptor: EngineDescriptor): AttachedEngine {
  return new AttachedEngine(descriptor);
}

/** An engine as a thread of the user's own sees it. */
export class AttachedEngine implements Disposable {
  readonly config: Readonly<Config>;
  private readonly control: Control;
  private readonly bell: Bell;
  private readonly thread: number;
  private readonly port: MessagePort;
  private readonly known = new Map<string, TopicDescriptor>();
  private readonly handles = new Map<string, Topic>();

  /** Made by `attach`. */
  constructor(descriptor: EngineDescriptor) {
    this.control = Control.attach(descriptor.control);
    this.bell = Bell.attach(descriptor.bell);
    this.config = Object.freeze(descriptor.config);
    if (descriptor.config.directory !== undefined) this.control.ringsToo(this.bell);
    this.thread = descriptor.thread;
    this.port = descriptor.port;
    for (const topic of descriptor.topics) this.known.set(topic.name, topic);
  }

  /** Names of the topics that this thread has heard of. */
  topics(): string[] {
    this.readPort();
    return [...this.known.keys()];
  }

  /**
   * This thread's handle on a topic of the engine; the same for every call. Topics are made on the
   * main thread. Throws `UNKNOWN_TOPIC`, `CLOSED`.
   */
  topic(name: string): Topic {
    const handle = this.handles.get(name);
    if (handle !== undefined) return handle;
    const found = this.known.get(name) ?? this.lookUp(name);
    const topic = Topic.attach(found, {
      thread: this.thread,
      history: historyOf(found.storage, nodeDisk),
      bell: this.bell,
      development: this.config.development,
    });
    topic.owner = this.control;
    this.handles.set(name, topic);
    return topic;
  }

  /** Closes this thread's topic handles. The engine and its topics live on. */
  close(): void {
    for (const topic of this.handles.values()) topic.close();
    this.handles.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Asks the supervisor, which knows every topic before the call that made it has returned. */
  private lookUp(name: string): TopicDescriptor {
    this.readPort();
    const answer = new Answer();
    this.port.postMessage({ kind: 'lookup', name, answer: answer.buffer } satisfies FromAttached);
    while (!this.known.has(name) && !answer.wait(LOOK_MS)) {
      if (this.control.state === ENGINE_STATE.stopped) {
        fail('CLOSED', `The engine has stopped: the topic ${JSON.stringify(name)} is gone.`);
      }
    }
    this.readPort();
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const names = [...this.known.keys()].map(known => JSON.stringify(known)).join(', ');
    return fail(
      'UNKNOWN_TOPIC',
      `The engine has no topic ${JSON.stringify(name)}; it has ${names || 'none'}. ` +
        'engine.topic(name) on the main thread makes one.',
    );
  }

  private readPort(): void {
    for (;;) {
      const letter = receiveMessageOnPort(this.port) as { message: ToAttached } | undefined;
      if (letter === undefined) return;
      this.known.set(letter.message.topic.name, letter.message.topic);
    }
  }
}
