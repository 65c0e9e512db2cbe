// A process that appends to a durable topic, a thousand records a second, each with the time of its
// append; how many, it is told.

import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from 'lite-streams';

const PER_MS = 1;
const [, , directory] = process.argv;
const engine = await Engine.start({ directory, processors: 1 });
const topic = engine.topic('tailed');

process.on('message', (records: number) => void append(records));
process.on('disconnect', () => void engine.stop());
process.send?.('ready');

async function append(records: number): Promise<void> {
  const startMs = performance.now();
  for (let sent = 0; sent < records; ) {
    const due = Math.min(records, Math.ceil((performance.now() - startMs) * PER_MS));
    for (; sent < due; sent++) {
      topic.append({
        key: `k${sent & 63}`,
        value: String(performance.timeOrigin + performance.now()),
      });
    }
    await sleep(1);
  }
}
