import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Bell } from '@lite-streams/core/internal';
import { attach } from '@lite-streams/workers';
import { Generator } from '../generate/generator.ts';
import type { FromGenerator, GeneratorBoot, ToGenerator } from '../generate/messages.ts';

if (parentPort === null) throw new Error('This file is the start of a thread.');
const port = parentPort;
const boot = workerData as GeneratorBoot;
const engine = attach(boot.engine);
const topic = engine.topic(boot.topic);
const producer = topic.producer();
const clock = Bell.create();
let stopped = false;

const generator = new Generator(boot.workload, boot.index, producer, {
  waitsForDisk: topic.options.durable && topic.options.acks === 'disk',
  now: () => performance.timeOrigin + performance.now(),
  sleep: ms => clock.waitSync(clock.epoch(), ms),
  stopped: () => {
    stopped ||= receiveMessageOnPort(port) !== undefined;
    return stopped;
  },
});

port.once('message', (message: ToGenerator) => {
  stopped = message.kind === 'stop';
  const result = generator.run(message.kind === 'go' ? message.startMs : 0);
  producer.closeSync();
  engine.close();
  port.postMessage({ kind: 'done', result } satisfies FromGenerator);
});
port.postMessage({ kind: 'ready' } satisfies FromGenerator);
