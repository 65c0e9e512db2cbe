// How long a pipeline is gone when a processor dies: from the kill until its tasks have begun again from
// the last epoch, on all processors. Half of its state is in windows, with an exchange between.
//
//   node tests/checkpoints/prove-rollback.ts --kills 100

import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';

const MOST_P99_MS = 1_000;

const { values } = parseArgs({ options: { kills: { type: 'string', default: '100' } } });
const kills = Number(values.kills);

await using engine = await Engine.start({ processors: 2, shards: 2 });
const job = await engine.run(new URL('../integration/engine/pipeline-windows.ts', import.meta.url));
const producer = engine.topic('in').producer();
const tookMs: number[] = [];
for (let kill = 0, t = 0; kill < kills; kill++) {
  for (let i = 0; i < 200; i++, t++) {
    producer.sendSync({ key: `k${t % 50}`, value: JSON.stringify({ k: `k${t % 50}`, t }) });
  }
  producer.flushSync();
  await job.caughtUp();
  const restarted = once(engine.events, 'job-restarted');
  const startMs = performance.now();
  killThread(engine, 'processor', kill % 2);
  await restarted;
  tookMs.push(performance.now() - startMs);
}
producer.closeSync();
engine.topic('in').end();
await job.drained();
tookMs.sort((a, b) => a - b);
const at = (share: number): number => tookMs[Math.min(kills - 1, Math.floor(kills * share))];
console.log(
  `${kills} kills: a pipeline is back after ${at(0.5).toFixed(0)} ms (median), ` +
    `${at(0.99).toFixed(0)} ms (99 %), ${at(1).toFixed(0)} ms at most`,
);
process.exitCode = at(0.99) < MOST_P99_MS ? 0 : 1;
