// One thread of a transfer: a producer, a member of a group, or a reader that may be overtaken.
import { parentPort, workerData } from 'node:worker_threads';
import { type RecordView, Topic } from '@lite-streams/core';
import {
  GroupCursor,
  GroupReader,
  parkSync,
  RecordView as View,
} from '@lite-streams/core/internal';
import { isWhole, PayloadWriter } from './payload.ts';
import type { Role, Told, TransferTask } from './transfer.ts';

const MOST_FAULTS = 10;
const NO_TIMEOUT_FROM_MS = 100;

// Waits that are bounded only for safety's sake are not bounded here: a lost wake-up must show.
const unbounded = (timeoutMs?: number) =>
  timeoutMs !== undefined && timeoutMs < NO_TIMEOUT_FROM_MS ? timeoutMs : undefined;
const { wait, waitAsync } = Atomics;
Atomics.wait = ((words: Int32Array, index: number, value: number, timeoutMs?: number) =>
  wait(words, index, value, unbounded(timeoutMs))) as typeof Atomics.wait;
Atomics.waitAsync = ((words: Int32Array, index: number, value: number, timeoutMs?: number) =>
  waitAsync(words, index, value, unbounded(timeoutMs))) as typeof Atomics.waitAsync;

const task: TransferTask = workerData;
const topic = Topic.attach(task.topic, { thread: task.thread });
const progress = new Int32Array(task.progress);
const seen = new Int32Array(task.seen);
const place = task.thread - 2;
const faults: string[] = [];

function fault(message: string): void {
  if (faults.length < MOST_FAULTS) faults.push(`thread ${task.thread}: ${message}`);
}

/** Checks a record: whole, and behind all others of its producer in its shard. */
function check(record: RecordView, group: number): void {
  if (!isWhole(record)) {
    fault(`the record at ${record.shard}:${record.offset} is not what was written`);
    return;
  }
  const producer = record.valueInt32(0);
  const counter = record.valueInt32(4);
  const word = (group * topic.shardCount + record.shard) * task.producers + producer;
  if (counter < seen[word]) fault(`record ${counter} of producer ${producer} came late or again`);
  seen[word] = counter + 1;
}

function produce({ producer, records }: Role & { kind: 'produce' }): Told {
  const sender = topic.producer({ batchRecords: task.batchRecords });
  const payload = new PayloadWriter();
  const { shardCount } = topic;
  const record: { value: Uint8Array; shard: number; timestamp: number } = {
    value: new Uint8Array(0),
    shard: 0,
    timestamp: 0,
  };
  for (let counter = 0; counter < records; counter++) {
    record.value = payload.write(producer, counter);
    record.shard = counter % shardCount;
    sender.sendSync(record);
    progress[place] = counter;
  }
  sender.closeSync();
  return tell('produce', -1, {});
}

/** Odd members block their thread for records, even ones wait for them. */
async function read({ group, member, max }: Role & { kind: 'read' }): Promise<Told> {
  const consumer = topic.consume({ group: `g${group}`, member: `m${member}`, maxRecords: max });
  let delivered = 0;
  const take = (record: RecordView) => {
    check(record, group);
    delivered++;
  };
  if (member % 2 === 0) {
    for await (const batch of consumer) {
      batch.forEach(take);
      progress[place]++;
    }
  } else {
    while (!consumer.ended) {
      consumer.poll(Number.POSITIVE_INFINITY)?.forEach(take);
      progress[place]++;
    }
  }
  consumer.close();
  return tell('read', group, { delivered });
}

function readOvertaken({ group, max }: Role & { kind: 'overtaken' }): Told {
  const id = topic.createGroup(`g${group}`);
  const readers = topic.shards.map(shard => new GroupReader(new GroupCursor(shard, id), 0));
  const from = readers.map(({ cursor }) => cursor.next());
  const view = new View();
  let [delivered, lost, others] = [0, 0, 0];
  const isEnd = () =>
    topic.shards.every(
      (shard, i) => isSealed(shard.number) && readers[i].cursor.next() === shard.published(),
    );
  const some = () => readers.some(({ cursor, shard }) => cursor.next() !== shard.published());
  while (!isEnd()) {
    parkSync(topic.bell, topic.recordPlaces, () => some() || isEnd(), Number.POSITIVE_INFINITY);
    for (const reader of readers) {
      const count = reader.poll(max);
      for (let i = 0; i < count; i++) {
        if (reader.run.kind(i) === 0) {
          check(reader.run.view(i, view), group);
          delivered++;
        } else others++;
      }
      if (count > 0) reader.commit(reader.cursor.next());
      lost += reader.lost;
      progress[place]++;
    }
  }
  const slots = readers.map(({ cursor }, i) => (cursor.next() - from[i]) | 0);
  const published = slots.reduce((sum, one) => sum + one, 0);
  return tell('overtaken', group, { delivered, lost, others, published });
}

function isSealed(shard: number): boolean {
  return topic.ended && topic.shards[shard].state() === 3;
}

function tell(kind: Role['kind'], group: number, counts: Partial<Told>): Told {
  return { kind, group, delivered: 0, lost: 0, others: 0, published: 0, faults, ...counts };
}

const { role } = task;
const told =
  role.kind === 'produce'
    ? produce(role)
    : role.kind === 'read'
      ? await read(role)
      : readOvertaken(role);
topic.close();
parentPort?.postMessage(told);
