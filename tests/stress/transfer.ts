import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Topic, type TopicDescriptor, type TopicOptions } from '@lite-streams/core';

/** What is transferred, by how many threads, through what. */
export interface Transfer {
  readonly name: string;
  readonly options: Partial<TopicOptions>;
  /** The offset of the first record. */
  readonly firstOffset: number;
  readonly producers: number;
  /** Records that a producer batches at most. */
  readonly batchRecords: number;
  /** How many members read in each group. */
  readonly groups: readonly number[];
}

export type Role =
  | { readonly kind: 'produce'; readonly producer: number; readonly records: number }
  | { readonly kind: 'read'; readonly group: number; readonly member: number; readonly max: number }
  | { readonly kind: 'overtaken'; readonly group: number; readonly max: number };

/** What a thread of a transfer is given. */
export interface TransferTask {
  readonly topic: TopicDescriptor;
  readonly thread: number;
  readonly role: Role;
  readonly batchRecords: number;
  /** For each thread a word that grows while it gets on. */
  readonly progress: SharedArrayBuffer;
  /** For each group, shard and producer the last counter that was delivered, plus one. */
  readonly seen: SharedArrayBuffer;
  readonly producers: number;
}

/** What a thread has to say at its end. */
export interface Told {
  readonly kind: Role['kind'];
  readonly group: number;
  readonly delivered: number;
  readonly lost: number;
  /** Slots without a record of a user. */
  readonly others: number;
  /** Slots from where a reader began to the end of the log. */
  readonly published: number;
  readonly faults: readonly string[];
}

export interface TransferReport {
  readonly records: number;
  readonly delivered: number;
  readonly lost: number;
  readonly seconds: number;
  readonly threads: number;
  readonly faults: readonly string[];
}

const MAINTAIN_MS = 20;
/** Without any progress of any thread for so long, a wake-up has been lost. */
const PATIENCE_MS = 60_000;

/** Runs a transfer of so many records and checks that everything arrived as promised. */
export async function runTransfer(transfer: Transfer, records: number): Promise<TransferReport> {
  const started = performance.now();
  const topic = Topic.create('stress', transfer.options, { firstOffset: transfer.firstOffset });
  const roles = rolesOf(transfer, records);
  for (let group = 0; group < transfer.groups.length; group++) topic.createGroup(`g${group}`);
  const progress = new SharedArrayBuffer(4 * roles.length);
  const { producers } = transfer;
  const seen = new SharedArrayBuffer(4 * transfer.groups.length * topic.shardCount * producers);
  const base = { topic: topic.descriptor(), progress, seen, producers };
  const threads = roles.map(
    (role, index) =>
      new TransferThread({ ...base, thread: index + 2, role, batchRecords: transfer.batchRecords }),
  );
  const upkeep = setInterval(() => topic.maintain(), MAINTAIN_MS);
  const watch = watchProgress(new Int32Array(progress), topic, threads);
  try {
    await Promise.all(threads.slice(0, producers).map(({ told }) => told));
    topic.end();
    const told = await Promise.all(threads.map(thread => thread.told));
    await Promise.all(threads.map(({ exited }) => exited));
    topic.maintain();
    const faults = [...told.flatMap(one => one.faults), ...atRest(topic)];
    faults.push(...wrongCounts(told, transfer, records, topic));
    const readers = told.filter(({ kind }) => kind !== 'produce');
    return {
      records,
      delivered: readers.reduce((sum, { delivered }) => sum + delivered, 0),
      lost: readers.reduce((sum, { lost }) => sum + lost, 0),
      seconds: (performance.now() - started) / 1000,
      threads: threads.length,
      faults,
    };
  } finally {
    clearInterval(upkeep);
    clearInterval(watch);
    topic.close();
  }
}

function rolesOf({ producers, groups, options }: Transfer, records: number): Role[] {
  const roles: Role[] = [];
  for (let producer = 0; producer < producers; producer++) {
    const share = Math.floor(records / producers) + (producer < records % producers ? 1 : 0);
    roles.push({ kind: 'produce', producer, records: share });
  }
  for (const [group, members] of groups.entries()) {
    for (let member = 0; member < members; member++) {
      const max = member % 2 === 0 ? 1_024 : 7;
      if (options.overflow === 'overwrite') roles.push({ kind: 'overtaken', group, max });
      else roles.push({ kind: 'read', group, member, max });
    }
  }
  return roles;
}

class TransferThread {
  readonly told: Promise<Told>;
  readonly exited: Promise<unknown>;
  readonly worker: Worker;

  constructor(task: TransferTask) {
    const url = new URL('./transfer-thread.ts', import.meta.url);
    this.worker = new Worker(url, { workerData: task });
    this.exited = once(this.worker, 'exit');
    this.told = once(this.worker, 'message').then(([told]) => told as Told);
  }
}

function watchProgress(
  words: Int32Array,
  topic: Topic,
  threads: readonly TransferThread[],
): ReturnType<typeof setInterval> {
  let before = '';
  let sinceMs = performance.now();
  return setInterval(() => {
    const now = words.join(' ');
    if (now !== before) {
      before = now;
      sinceMs = performance.now();
      return;
    }
    if (performance.now() - sinceMs < PATIENCE_MS) return;
    console.error(`stress: no progress for ${PATIENCE_MS / 1000} s: ${now}`);
    for (const shard of topic.shards) {
      console.error(`stress: shard ${shard.number}: ${shard.published()} of ${shard.claimed()}`);
    }
    console.error(`stress: ${JSON.stringify(topic.groups())}`);
    process.exitCode = 1;
    for (const { worker } of threads) void worker.terminate();
  }, 1_000);
}

/** Invariant 3: what must hold once nobody does anything any more. */
function atRest(topic: Topic): string[] {
  const faults: string[] = [];
  for (const [index, { aborted, openProducers }] of topic.stats().entries()) {
    const shard = topic.shards[index];
    const name = `shard ${index}`;
    if (shard.published() !== shard.claimed()) faults.push(`${name}: published is not the tail`);
    if (aborted !== 0) faults.push(`${name}: ${aborted} slots were aborted`);
    if (openProducers !== 0) faults.push(`${name}: ${openProducers} producers are still open`);
  }
  for (const { name, lag } of topic.groups()) {
    if (lag !== 0) faults.push(`group ${name} has a lag of ${lag}`);
  }
  return faults;
}

function wrongCounts(
  told: readonly Told[],
  { groups, options }: Transfer,
  records: number,
  topic: Topic,
): string[] {
  const faults: string[] = [];
  const controls = topic.shards.length;
  for (let group = 0; group < groups.length; group++) {
    const readers = told.filter(one => one.kind !== 'produce' && one.group === group);
    const sum = (value: (one: Told) => number) => readers.reduce((all, one) => all + value(one), 0);
    const delivered = sum(one => one.delivered);
    if (options.overflow !== 'overwrite') {
      if (delivered !== records) faults.push(`group ${group}: ${delivered} of ${records} arrived`);
      continue;
    }
    const accounted = delivered + sum(one => one.lost) + sum(one => one.others);
    const published = sum(one => one.published);
    if (accounted !== published || published < records + controls) {
      faults.push(`group ${group}: ${accounted} of ${published} slots are accounted for`);
    }
  }
  return faults;
}
