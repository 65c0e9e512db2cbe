// Kills producers, processors and the owner of a running engine at random moments, and proves that nothing was lost
// or repeated beyond what is promised.
//
//   node tests/stress/kills.ts --kills 300 --seed 1
//   node tests/stress/kills.ts --kills 300 --seed 1 --durable
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Consumer, Topic } from '@lite-streams/core';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { KillLedger } from './kill-ledger.ts';
import type { ProducerTask } from './kill-producer.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '30' },
    durable: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const kills = Number(values.kills);
const PRODUCERS = 2;
const PROCESSORS = 2;
const SHARDS = 4;
const LONGEST_PAUSE_MS = 60;
/** A thread that is not replaced within this is a fault of its own. */
const PATIENCE_MS = 60_000;

/** Numbers from 0 to 1 that a seed repeats. */
function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface ProducerThread {
  readonly id: number;
  readonly worker: Worker;
  readonly progress: Int32Array<SharedArrayBuffer>;
  readonly exited: Promise<unknown>;
}

const next = random(Number(values.seed));
const below = (limit: number) => Math.floor(next() * limit);
const ledger = new KillLedger(SHARDS);
const acknowledged = new Map<number, Int32Array>();
const counts = { producer: 0, processor: 0, owner: 0 };

const directory = values.durable ? mkdtempSync(join(tmpdir(), 'kills-')) : undefined;
const engine = await Engine.start({
  processors: PROCESSORS,
  shards: SHARDS,
  slots: 2_048,
  directory,
});
const input = engine.topic('in');
const output = engine.topic('out');
const module = new URL('../integration/engine/pipeline-exchange.ts', import.meta.url);
const job = await engine.run(module);
let producerIds = 0;

function startProducer(): ProducerThread {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const task: ProducerTask = { id: producerIds++, progress: progress.buffer };
  const url = new URL('./kill-producer.ts', import.meta.url);
  const worker = new Worker(url, engine.threadOptions({ workerData: { task } }));
  acknowledged.set(task.id, progress);
  return { id: task.id, worker, progress, exited: once(worker, 'exit') };
}

/** Reads a topic to its end, giving every record to the ledger. */
async function read(consumer: Consumer, take: (value: string, shard: number) => void) {
  for await (const batch of consumer) {
    for (const record of batch) take(record.text, record.shard);
  }
}

/** Whether the last processor was killed and not waited for: three that die while they import are taken for the module's fault. */
let isStarting = false;

async function killOne(producers: ProducerThread[]): Promise<void> {
  const role = (['producer', 'processor', 'owner'] as const)[below(3)];
  counts[role]++;
  if (role === 'producer') {
    const index = below(PRODUCERS);
    await producers[index].worker.terminate();
    producers[index] = startProducer();
    return;
  }
  const index = role === 'owner' ? 0 : below(PROCESSORS);
  // Most of the time the next one is killed in the midst of its work, now and then while it starts.
  const waitsForJob = role === 'processor' && (below(4) > 0 || isStarting);
  if (role === 'processor') isStarting = !waitsForJob;
  const waits = waitsForJob ? 'job-restarted' : 'thread-replaced';
  const happened = once(engine.events, waits, { signal: AbortSignal.timeout(PATIENCE_MS) });
  killThread(engine, role, index);
  // It only ends here if it fails.
  await Promise.race([happened, job.ended]);
}

function leftOpen(topic: Topic): string[] {
  return topic.shards.flatMap(shard => {
    const { openProducers } = topic.stats()[shard.number];
    const claimed = shard.claimed();
    const published = shard.published();
    if (openProducers === 0 && claimed === published) return [];
    return [
      `${topic.name}/${shard.number}: ${openProducers} producers, ${claimed} claimed, ${published} published`,
    ];
  });
}

const reading = [
  read(input.consume({ group: 'ledger' }), (value, shard) => ledger.input(value, shard)),
  read(output.consume({ group: 'ledger' }), value => ledger.output(value)),
];
const producers = Array.from({ length: PRODUCERS }, startProducer);
const startMs = performance.now();
for (let kill = 0; kill < kills; kill++) {
  await new Promise(resolve => setTimeout(resolve, below(LONGEST_PAUSE_MS)));
  await killOne(producers);
}
for (const { progress } of producers) {
  Atomics.store(progress, 1, 1);
  Atomics.notify(progress, 1);
}
await Promise.all(producers.map(({ exited }) => exited));
input.end();
await job.drained();
output.end();
await Promise.all(reading);
for (const [producer, progress] of acknowledged) ledger.acknowledged(producer, progress[0]);
ledger.compare();
const faults = [...ledger.faults, ...leftOpen(input), ...leftOpen(output)];
const { restarts } = job.stats();
await engine.stop();
if (directory !== undefined) rmSync(directory, { recursive: true });

const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
console.log(
  `kills: ${counts.producer} producers, ${counts.processor} processors, ${counts.owner} owners killed in ` +
    `${seconds} s (seed ${values.seed}); ${restarts} restarts; ${ledger.read} records, ` +
    `${ledger.repeated} of them repeated in the output; ${faults.length} faults`,
);
for (const fault of faults) console.error(`kills: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
