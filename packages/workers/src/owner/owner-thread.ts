import type { MessagePort } from 'node:worker_threads';
import type { OwnerBoot } from '../protocol/boot.ts';
import type { FromOwner, ToOwner } from '../protocol/messages.ts';
import { OwnerCycle } from './owner-cycle.ts';

/** How often an owner looks at its shards: a bound for what waits for it, such as the end of a topic. */
const INTERVAL_MS = 10;

/** Steps an owner's duty cycle by a timer, between messages of the supervisor. */
export function runOwner(boot: OwnerBoot, port: MessagePort): void {
  const cycle = new OwnerCycle(boot, Date.now);
  const timer = setInterval(() => cycle.step(), INTERVAL_MS);
  const tell = (message: FromOwner) => port.postMessage(message);
  port.on('message', (message: ToOwner) => {
    switch (message.kind) {
      case 'topic':
        cycle.add(message.topic);
        return;
      case 'exited':
        cycle.threadExited(message.thread);
        tell({ kind: 'repaired', thread: message.thread });
        return;
      case 'stop':
        cycle.step();
        clearInterval(timer);
        port.close();
    }
  });
  tell({ kind: 'ready' });
}
