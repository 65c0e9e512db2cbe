// The soak itself, as `main.ts` starts it.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Consumer, Topic } from '@lite-streams/core';
import { Engine } from '@lite-streams/workers';
import { killThread } from '@lite-streams/workers/internal';
import { seededRandom } from '../../packages/workers/src/storage/testing/random.ts';
import { Account } from './account.ts';
import { describeMemory, heldBytes } from './memory.ts';
import { grows, type MemorySample, slopeOf } from './slope.ts';
import { SOAK_WORDS, type SoakTask } from './task.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** Kills per minute, about; 0 for none. */
    kills: { type: 'string', default: '30' },
    /** Which topics: those in memory, the durable ones, or both. */
    topics: { type: 'string', default: 'memory,durable' },
    /** Who is killed. */
    roles: { type: 'string', default: 'producer,processor,owner' },
    /** `default`: with the environment as it is, see `memory.ts`. */
    malloc: { type: 'string', default: 'tight' },
  },
});
const lastsMs = Number(values.minutes) * 60_000;
const betweenKillsMs = 60_000 / Number(values.kills);
const roles = (['producer', 'processor', 'owner'] as const).filter(role =>
  values.roles.includes(role),
);
if (!(lastsMs > 0) || !(betweenKillsMs > 0) || roles.length === 0) {
  console.error('soak: --minutes must be above 0, --kills 0 or more, --roles name one at least');
  process.exit(2);
}
const chosen = (['memory', 'durable'] as const).filter(name => values.topics.includes(name));
const PROCESSORS = 2;
const SHARDS = 2;
const OWNERS = 1;
const SAMPLE_MS = 5_000;
const FEWEST_SAMPLES = 4;
/** Memory follows the load of so many samples: heaps shrink later than it falls. */
const LOAD_SAMPLES = 4;
const PROGRESS_MS = 10_000;
const ALLOW_MS = 20;
/** A thread that is not replaced within this is a fault of its own. */
const PATIENCE_MS = 60_000;
/** Heaps and arenas grow that long until they are as large as they have to be. */
const WARM_MS = 120_000;
const MIB = 1024 * 1024;

const random = seededRandom(Number(values.seed));
const directory = mkdtempSync(join(tmpdir(), 'soak-'));
const engine = await Engine.start({
  processors: PROCESSORS,
  owners: OWNERS,
  shards: SHARDS,
  slots: 8_192,
  directory,
});

/** A pair of topics, the pipeline between them, and who produces. */
interface Side {
  readonly name: string;
  readonly input: Topic;
  readonly output: Topic;
  readonly account: Account;
  readonly job: Awaited<ReturnType<typeof engine.run>>;
  readonly reading: Promise<unknown>;
  producer: ProducerThread;
}

interface ProducerThread {
  readonly id: number;
  readonly worker: Worker;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly exited: Promise<unknown>;
}

const acknowledged: { account: Account; id: number; words: Int32Array }[] = [];
const kills = { producer: 0, processor: 0, owner: 0 };
let producerIds = 0;
let failure: unknown;

function startProducer(topic: string, account: Account): ProducerThread {
  const words = new Int32Array(new SharedArrayBuffer(12));
  const id = producerIds++;
  words[SOAK_WORDS.allowed] = account.allowance(id);
  const task: SoakTask = { id, topic, words: words.buffer };
  const url = new URL('./producer.ts', import.meta.url);
  const worker = new Worker(url, engine.threadOptions({ workerData: { task } }));
  acknowledged.push({ account, id, words });
  return { id, worker, words, exited: once(worker, 'exit') };
}

async function read(consumer: Consumer, take: (text: string, shard: number) => void) {
  for await (const batch of consumer) {
    for (const { text, shard } of batch) take(text, shard);
  }
}

async function startSide(name: 'memory' | 'durable'): Promise<Side> {
  const isDurable = name === 'durable';
  const own = isDurable ? { retentionBytes: 64 * MIB, segmentBytes: 16 * MIB } : { durable: false };
  const input = engine.topic(`${name}-in`, own);
  const output = engine.topic(`${name}-out`, own);
  const account = new Account(name, SHARDS, isDurable);
  const reading = Promise.all([
    read(input.consume({ group: 'account' }), (text, shard) => account.input(text, shard)),
    read(output.consume({ group: 'account' }), text => account.output(text)),
  ]);
  reading.catch(error => {
    failure ??= error;
  });
  const job = await engine.run(new URL(`./pipeline-${name}.ts`, import.meta.url));
  job.ended.catch(error => {
    failure ??= error;
  });
  const producer = startProducer(input.name, account);
  return { name, input, output, account, job, reading, producer };
}

async function killOne(sides: readonly Side[]): Promise<void> {
  const role = roles[random.below(roles.length)];
  kills[role]++;
  if (role === 'producer') {
    const side = sides[random.below(sides.length)];
    await side.producer.worker.terminate();
    side.producer = startProducer(side.input.name, side.account);
    return;
  }
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const replaced = once(engine.events, 'thread-replaced', { signal });
  killThread(engine, role, random.below(role === 'owner' ? OWNERS : PROCESSORS));
  await replaced;
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

const sides = await Promise.all(chosen.map(startSide));
const startMs = performance.now();
const elapsedMs = () => performance.now() - startMs;
const samples: MemorySample[] = [];
const sum = (of: (account: Account) => number) =>
  sides.reduce((total, { account }) => total + of(account), 0);

const allowing = setInterval(() => {
  for (const { account, producer } of sides) {
    Atomics.store(producer.words, SOAK_WORDS.allowed, account.allowance(producer.id));
    Atomics.notify(producer.words, SOAK_WORDS.allowed);
  }
}, ALLOW_MS);
/** Records at the last samples. */
const counts = [0];
const sampling = setInterval(() => {
  const given = sum(account => account.given);
  const load = (given - counts[0]) / (counts.length * (SAMPLE_MS / 1_000));
  counts.push(given);
  if (counts.length > LOAD_SAMPLES) counts.shift();
  samples.push({ second: elapsedMs() / 1_000, bytes: heldBytes(), load });
}, SAMPLE_MS);
let shownRecords = 0;
const showing = setInterval(() => {
  const records = sum(({ given }) => given);
  const rate = Math.round((records - shownRecords) / (PROGRESS_MS / 1_000));
  shownRecords = records;
  const rss = Math.round(process.memoryUsage.rss() / MIB);
  const { producer, processor, owner } = kills;
  console.error(
    `soak: ${Math.round(elapsedMs() / 1_000)} s, ${rate} records/s, ${rss} MiB, ` +
      `${producer + processor + owner} kills, ${sum(({ faults }) => faults.length)} faults`,
  );
}, PROGRESS_MS);

try {
  while (elapsedMs() < lastsMs && failure === undefined) {
    const left = lastsMs - elapsedMs();
    await pause(Math.min(left, random.next() * 2 * betweenKillsMs, PATIENCE_MS));
    if (elapsedMs() < lastsMs && failure === undefined && Number(values.kills) > 0) {
      await killOne(sides);
    }
  }
} catch (error) {
  failure ??= error;
}
clearInterval(sampling);
for (const { producer } of sides) Atomics.store(producer.words, SOAK_WORDS.stop, 1);
if (failure === undefined) {
  await Promise.all(sides.map(({ producer }) => producer.exited));
  for (const { input, job, output } of sides) {
    input.end();
    await job.drained();
    output.end();
  }
  await Promise.all(sides.map(({ reading }) => reading));
}
clearInterval(allowing);
clearInterval(showing);
const seconds = elapsedMs() / 1_000;
const restarts = sides.reduce((total, { job }) => total + job.stats().restarts, 0);
await engine.stop();
rmSync(directory, { recursive: true });

const faults: string[] = [];
if (failure !== undefined) faults.push(String(failure));
else {
  for (const { account, id, words } of acknowledged) {
    account.acknowledged(id, words[SOAK_WORDS.acknowledged]);
  }
  for (const { account } of sides) account.compare();
}
for (const { account } of sides) faults.push(...account.faults);
// A short run says how memory moves while it grows warm, and not whether it goes on growing.
const isJudged = lastsMs >= 2 * WARM_MS && failure === undefined;
const warm = samples.filter(({ second }) => second * 1_000 >= Math.min(WARM_MS, lastsMs / 2));
const memory = warm.length < FEWEST_SAMPLES ? undefined : slopeOf(warm);
if (isJudged && memory !== undefined && grows(memory)) faults.push('memory grows');
const killed = kills.producer + kills.processor + kills.owner;
console.log(
  `soak: ${sides.map(({ name, account }) => `${account.read} records ${name} (${account.repeated} repeated)`).join(', ')}; ` +
    `${kills.producer} producers, ${kills.processor} processors, ${kills.owner} owners killed, ` +
    `${restarts} restarts, in ${seconds.toFixed(1)} s (seed ${values.seed})`,
);
console.log(
  `soak: ${memory === undefined ? 'memory not measured' : describeMemory(memory, killed / seconds)}` +
    `${isJudged ? '' : ' (too short to tell)'}; ${faults.length} faults`,
);
for (const fault of faults) console.error(`soak: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
