import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Bell } from '@lite-streams/core/ground';
import { parkSync } from '@lite-streams/core/internal';
import type { OwnerBoot } from '../protocol/boot.ts';
import { Control } from '../protocol/control.ts';
import { toFailure } from '../protocol/failure.ts';
import { FlushOrder } from '../protocol/flush-order.ts';
import type { FromOwner, ToOwner } from '../protocol/messages.ts';
import type { Disk, FlushAhead } from '../storage/disk.ts';
import { nodeDisk } from '../storage/node-disk.ts';
import { OwnerCycle, type OwnerObserver } from './owner-cycle.ts';

/**
 * Steps an owner's duty cycle, and between two steps rests until it is called or something may have
 * become possible. Messages of the supervisor come in meanwhile.
 */
export async function runOwner(boot: OwnerBoot, port: MessagePort): Promise<void> {
  const owner = new OwnerThread(boot, port);
  if (boot.config.directory === undefined) await owner.run();
  else owner.runBlocking();
  port.close();
}

class OwnerThread {
  private readonly control: Control;
  private readonly bell: Bell;
  private readonly port: MessagePort;
  private readonly cycle: OwnerCycle;
  private stopped = false;

  constructor(boot: OwnerBoot, port: MessagePort) {
    this.control = Control.attach(boot.control);
    this.bell = Bell.attach(boot.bell);
    this.port = port;
    const observer: OwnerObserver = {
      poisoned: (topic, shard, error) =>
        this.tell({ kind: 'poisoned', topic, shard, error: toFailure(error) }),
      stopped: (topic, shard, error) =>
        this.tell({ kind: 'log-stopped', topic, shard, error: toFailure(error) }),
      repaired: thread => this.tell({ kind: 'repaired', thread }),
    };
    this.cycle = new OwnerCycle(boot, Date.now, observer, this.disk());
    this.tell({ kind: 'ready' });
  }

  /** Without logs nobody needs an owner at once: it may as well give way to its event loop. */
  async run(): Promise<void> {
    this.port.on('message', (message: ToOwner) => this.receive(message));
    while (!this.stopped) {
      const calls = this.control.calls();
      await this.control.called(calls, this.cycle.step());
    }
    this.cycle.step();
  }

  /**
   * With logs, whoever waits for an acknowledgement waits for this thread: it blocks, which wakes in
   * a fraction of the time that an event loop takes. Whoever sends it a message rings the bell.
   */
  runBlocking(): void {
    const { control, cycle, bell } = this;
    while (!this.stopped) {
      // A message is posted first, then called for: one that is not read here has moved the calls.
      const calls = control.calls();
      this.readPort();
      const restMs = cycle.step();
      const ready = () => cycle.behind || control.calls() !== calls;
      if (restMs > 0) parkSync(bell, cycle.logPlaces, ready, restMs);
    }
    cycle.step();
    cycle.close();
  }

  private readPort(): void {
    for (;;) {
      const letter = receiveMessageOnPort(this.port) as { message: ToOwner } | undefined;
      if (letter === undefined) return;
      this.receive(letter.message);
    }
  }

  private receive(message: ToOwner): void {
    switch (message.kind) {
      case 'topic':
        this.cycle.add(message.topic);
        return;
      case 'exited':
        this.cycle.threadExited(message.thread);
        // What is left of it may need more than one look.
        this.control.look();
        return;
      case 'stop':
        this.stopped = true;
        this.control.look();
    }
  }

  /** Files that grow are flushed ahead by the supervisor, which has nothing else to do. */
  private disk(): Disk {
    // What it gains is known of Linux alone.
    if (process.platform !== 'linux') return nodeDisk;
    return { ...nodeDisk, flushAhead: path => this.flushAhead(path) };
  }

  private flushAhead(path: string): FlushAhead {
    const order = new FlushOrder();
    this.tell({ kind: 'flush-ahead', path, order: order.memory });
    return order;
  }

  private tell(message: FromOwner): void {
    this.port.postMessage(message);
  }
}
