import { Topic, type TopicDescriptor } from '@lite-streams/core';
import { type Bell, fail } from '@lite-streams/core/internal';
import type { ProcessorBoot } from '../protocol/boot.ts';
import type { Control } from '../protocol/control.ts';
import { historyOf } from '../storage/disk-history.ts';
import { nodeDisk } from '../storage/node-disk.ts';

/** The topics of an engine as a processor sees them: handles are made when they are first used. */
export class ProcessorTopics {
  private readonly thread: number;
  private readonly bell: Bell;
  private readonly control: Control;
  private readonly development: boolean;
  private readonly descriptors = new Map<string, TopicDescriptor>();
  private readonly handles = new Map<string, Topic>();

  constructor(boot: ProcessorBoot, bell: Bell, control: Control) {
    this.thread = boot.thread;
    this.bell = bell;
    if (boot.config.directory !== undefined) control.ringsToo(bell);
    this.control = control;
    this.development = boot.config.development;
  }

  add(descriptor: TopicDescriptor): void {
    this.descriptors.set(descriptor.name, descriptor);
  }

  /** Throws `UNKNOWN_TOPIC`. */
  get(name: string): Topic {
    const known = this.handles.get(name);
    if (known !== undefined) return known;
    const descriptor = this.descriptors.get(name);
    if (descriptor === undefined) fail('UNKNOWN_TOPIC', `The engine has no topic "${name}".`);
    const { thread, bell, control, development } = this;
    const history = historyOf(descriptor.storage, nodeDisk);
    const topic = Topic.attach(descriptor, { thread, bell, development, history });
    topic.owner = control;
    this.handles.set(name, topic);
    return topic;
  }

  close(): void {
    for (const topic of this.handles.values()) topic.close();
  }
}
