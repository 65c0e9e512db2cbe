// How long a pipeline is gone when a processor dies: from the kill until its tasks have begun again from
// the last epoch, on all processors. Half of its state is in windows, with an exchange between. The time is
// printed and not judged: a busy machine is no fault of the pipeline's. It fails when the pipeline stays away.
//
//   node tests/checkpoints/prove-rollback.ts --kills 100

import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';

const WANTED_P99_MS = 1_000;
const LONGEST_MS = 60_000;

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
  const signal = AbortSignal.timeout(LONGEST_MS);
  const restarted = once(engine.events, 'job-restarted', { signal });
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
const p99 = at(0.99);
console.log(
  `${kills} kills: a pipeline is back after ${at(0.5).toFixed(0)} ms (median), ${p99.toFixed(0)} ms (99 %, ` +
    `${p99 < WANTED_P99_MS ? 'within' : 'above'} the ${WANTED_P99_MS} wanted), ${at(1).toFixed(0)} ms at most`,
);
