// A thread that appends records one by one, each visible to every other thread when the call returns.

import { parentPort, workerData } from 'node:worker_threads';
import { Topic, type TopicDescriptor } from '@lite-streams/core';
import { RECORDS, ROTATE } from '../workload.ts';

export interface AppenderData {
  readonly topic: TopicDescriptor;
  /** Identifies the thread, from 2 on. */
  readonly thread: number;
}

const port = parentPort;
if (port === null) throw new Error('threads/appender.ts runs as a worker thread');
const data = workerData as AppenderData;
const topic = Topic.attach(data.topic, { thread: data.thread });

port.on('message', (records: number) => {
  let offsets = 0;
  for (let i = 0; i < records; i++) offsets += topic.append(RECORDS[i & ROTATE]);
  port.postMessage(offsets);
});
port.postMessage(0);
