import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Topic } from '@lite-streams/core';
import { createWorkMemory, OutputGauge } from '@lite-streams/core/ground';
import { Bell, type Plan } from '@lite-streams/core/internal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { engineConfig, topicOptions } from '../engine-config.ts';
import { Board, createBoard } from '../job/board.ts';
import { readTask } from '../job/stats.ts';
import { Control } from '../protocol/control.ts';
import { fromFailure } from '../protocol/failure.ts';
import type { FromProcessor, ProcessorHere, ToProcessor } from '../protocol/messages.ts';
import { Processor } from './processor.ts';

const module = new URL('./fixture-pipeline.ts', import.meta.url).href;
const config = engineConfig({ processors: 1, shards: 2 }, {});
const SHARDS = new Map([['in', 2]]);
const gauge = OutputGauge.memory();

let supervisor: MessagePort;
let processor: Processor;
let control: Control;
let bell: Bell;
let nowMs: number;
let input: Topic;
let output: Topic;

beforeEach(() => {
  control = Control.create();
  bell = Bell.create();
  nowMs = 0;
  input = Topic.create('in', topicOptions(config, {}), { bell });
  output = Topic.create('out', topicOptions(config, {}), { bell });
  const deadLetters = Topic.create('fixture.dead-letters', topicOptions(config, {}), { bell });
  const { port1, port2 } = new MessageChannel();
  supervisor = port1;
  const boot = {
    control: control.buffer,
    bell: bell.buffer,
    config,
    thread: 3,
    index: 0,
    topics: [input, output, deadLetters].map(topic => topic.descriptor()),
    port: port2,
  };
  processor = new Processor(boot, 42, () => nowMs);
});

afterEach(() => {
  processor.close();
  supervisor.close();
});

function send(message: ToProcessor): void {
  supervisor.postMessage(message);
  control.letterPosted();
}

function heard(): (FromProcessor | ProcessorHere) | undefined {
  return receiveMessageOnPort(supervisor)?.message;
}

/** Steps until the processor says something of this kind; throws what a job failed with. */
async function until<K extends FromProcessor['kind']>(
  kind: K,
): Promise<FromProcessor & { kind: K }> {
  const said = await vi.waitFor(() => {
    nowMs += 1_000;
    processor.step();
    processor.report();
    for (let message = heard(); message !== undefined; message = heard()) {
      if (message.kind === kind || message.kind === 'failed') return message;
    }
    throw new Error(`nothing of the kind ${kind}`);
  });
  if (said.kind === 'failed' && kind !== 'failed') throw fromFailure(said.error);
  return said as FromProcessor & { kind: K };
}

async function begin(incarnation = 0): Promise<{ plan: Plan; board: SharedArrayBuffer }> {
  send({ kind: 'load', job: 1, module, name: undefined });
  await until('loaded');
  send({ kind: 'plan', job: 1, shards: SHARDS });
  const { plan } = await until('planned');
  const board = createBoard(plan.tasks.length);
  input.createGroup(plan.group);
  send({
    kind: 'begin',
    job: 1,
    incarnation,
    plan,
    channels: new Map(),
    gauge,
    board,
    work: createWorkMemory(plan.tasks.length),
    from: undefined,
    lineage: '',
  });
  await until('begun');
  return { plan, board };
}

describe('a processor', () => {
  test('says first which thread it is', () => {
    expect(heard()).toEqual({ kind: 'here', threadId: 42 });
  });

  test('loads, plans, begins, runs and finishes a job, and shows how it stands', async () => {
    const { plan, board } = await begin();
    for (let i = 0; i < 10; i++) input.append({ key: String(i), value: String(i) });
    input.end();
    expect(await until('finished')).toMatchObject({ job: 1, incarnation: 0 });
    const tasks = plan.tasks.map(task => readTask(new Board(board), 'fixture', task));
    expect(tasks.reduce((sum, { counts }) => sum + counts.out, 0)).toBe(10);
    expect(tasks.every(({ done }) => done)).toBe(true);
    expect(output.stats().reduce((sum, { end }) => sum + end, 0)).toBeGreaterThanOrEqual(10);
  });

  test('shows statistics at once when it is asked', async () => {
    const { plan, board } = await begin();
    input.append({ value: 'x' });
    while (processor.step());
    send({ kind: 'show', job: 1, request: 5 });
    expect(await until('shown')).toMatchObject({ request: 5 });
    const tasks = plan.tasks.map(task => readTask(new Board(board), 'fixture', task));
    expect(tasks.reduce((sum, { counts }) => sum + counts.in, 0)).toBe(1);
  });

  test('says what its sources had committed when a job begins again', async () => {
    await begin();
    for (let i = 0; i < 10; i++) input.append({ key: String(i), value: 'x' });
    while (processor.step());
    send({ kind: 'drop', job: 1 });
    await until('dropped');
    for (let i = 0; i < 3; i++) input.append({ key: String(i), value: 'x' });
    const again = await beginAgain();
    expect(again.committed).toBeGreaterThanOrEqual(10);
    expect(again.unread).toBe(3);
  });

  test('lets go of a job that it is told to forget, also while it loads it', async () => {
    send({ kind: 'load', job: 1, module, name: undefined });
    send({ kind: 'forget', job: 1 });
    processor.step();
    await vi.waitFor(() => expect(processor.needsEventLoop).toBe(false));
    expect([heard()?.kind, heard()?.kind, heard()]).toEqual(['here', 'importing', undefined]);
    send({ kind: 'plan', job: 1, shards: SHARDS });
    send({ kind: 'drop', job: 1 });
    expect(await until('dropped')).toMatchObject({ job: 1 });
  });

  test('says that a job has failed, with its code', async () => {
    await begin();
    output.end();
    input.append({ value: 'x' });
    expect(await until('failed')).toMatchObject({ job: 1, error: { code: 'TOPIC_ENDED' } });
    processor.report();
    expect(heard()).toBeUndefined();
  });

  test('stops when it is told to', () => {
    expect(processor.stopped).toBe(false);
    send({ kind: 'stop' });
    expect(processor.step()).toBe(true);
    expect(processor.stopped).toBe(true);
  });

  test('does not know a topic that it was not told of', async () => {
    send({ kind: 'load', job: 1, module, name: undefined });
    await until('loaded');
    send({ kind: 'plan', job: 1, shards: SHARDS });
    const { plan } = await until('planned');
    const board = createBoard(plan.tasks.length);
    const inputs = [{ kind: 'source', node: 0, topic: 'unknown' }] as const;
    const elsewhere = { ...plan, stages: [{ ...plan.stages[0], inputs }] };
    send({
      kind: 'begin',
      job: 1,
      incarnation: 0,
      plan: elsewhere,
      channels: new Map(),
      gauge,
      board,
      work: createWorkMemory(plan.tasks.length),
      from: undefined,
      lineage: '',
    });
    await expect(until('begun')).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
  });
});

async function beginAgain(): Promise<{ committed: number; unread: number }> {
  send({ kind: 'plan', job: 1, shards: SHARDS });
  const { plan } = await until('planned');
  const board = createBoard(plan.tasks.length);
  send({
    kind: 'begin',
    job: 1,
    incarnation: 1,
    plan,
    channels: new Map(),
    gauge,
    board,
    work: createWorkMemory(plan.tasks.length),
    from: undefined,
    lineage: '',
  });
  return until('begun');
}
