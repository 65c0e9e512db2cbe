import type { MessagePort } from 'node:worker_threads';
import type { OwnerBoot } from '../protocol/boot.ts';
import { Control } from '../protocol/control.ts';
import { toFailure } from '../protocol/failure.ts';
import type { FromOwner, ToOwner } from '../protocol/messages.ts';
import { OwnerCycle } from './owner-cycle.ts';

/**
 * Steps an owner's duty cycle, and between two steps rests until it is called or something may have
 * become possible. Messages of the supervisor come in meanwhile.
 */
export async function runOwner(boot: OwnerBoot, port: MessagePort): Promise<void> {
  const control = Control.attach(boot.control);
  const tell = (message: FromOwner) => port.postMessage(message);
  const cycle = new OwnerCycle(boot, Date.now, {
    poisoned: (topic, shard, error) =>
      tell({ kind: 'poisoned', topic, shard, error: toFailure(error) }),
    repaired: thread => tell({ kind: 'repaired', thread }),
  });
  let stopped = false;
  port.on('message', (message: ToOwner) => {
    switch (message.kind) {
      case 'topic':
        cycle.add(message.topic);
        return;
      case 'exited':
        cycle.threadExited(message.thread);
        // What is left of it may need more than one look.
        control.look();
        return;
      case 'stop':
        stopped = true;
        control.look();
    }
  });
  tell({ kind: 'ready' });
  while (!stopped) {
    const calls = control.calls();
    await control.called(calls, cycle.step());
  }
  cycle.step();
  port.close();
}
