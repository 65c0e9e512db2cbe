import { pipeline, text, tumbling } from '@lite-streams/core';
import { MemoryDriver } from '@lite-streams/core/ground';
import { type Plan, planPipeline } from '@lite-streams/core/internal';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FromProcessor, FromSupervisor, ToProcessor } from '../protocol/messages.ts';
import { JobRun } from './job-run.ts';

const PROCESSORS = 2;
const copy = pipeline('copy').from('in', text()).to('out', text());
const exchange = pipeline('exchange')
  .from('in', text())
  .keyBy(v => v)
  .to('out', text());
const counting = pipeline('counting')
  .from('in', text())
  .keyBy(v => v)
  .window(tumbling('1s'))
  .aggregate({ create: () => 0, add: sum => sum + 1, result: sum => String(sum) })
  .to('out', text());

const driver = new MemoryDriver();
let sent: { to: number; message: ToProcessor }[];
let told: FromSupervisor[];
let over: boolean;
let run: JobRun;
const EXPLAINED = { text: 'text', mermaid: 'flowchart' };
let plan: Plan;

beforeEach(() => {
  sent = [];
  told = [];
  over = false;
});

function begin(what: typeof copy, channelBytes = 4096): void {
  plan = planPipeline(what, { shardsOf: () => 4, processors: PROCESSORS });
  const request = { module: 'file:///m.ts', name: undefined, savepoint: undefined };
  run = new JobRun(7, request, {
    epochs: () => driver,
    processors: PROCESSORS,
    channelBytes,
    slowCallMs: 1_000,
    send: (to, message) => sent.push({ to, message }),
    tell: message => told.push(message),
    over: () => {
      over = true;
    },
  });
}

type Said = FromProcessor extends infer M
  ? M extends { job: number }
    ? Omit<M, 'job'>
    : never
  : never;

function say(index: number, message: Said): void {
  run.said(index, { ...message, job: 7 } as FromProcessor);
}

/** What was sent since the last call, as `kind>processor`. */
function letters(): string[] {
  return sent.splice(0).map(({ to, message }) => `${message.kind}>${to}`);
}

function news(): FromSupervisor['kind'][] {
  return told.splice(0).map(({ kind }) => kind);
}

function loadAll(): void {
  const { pipeline: name, group, topics, checkpoint } = plan;
  const outline = { pipeline: name, group, topics, checkpoint };
  for (let index = 0; index < PROCESSORS; index++) say(index, { kind: 'loaded', outline });
}

function startAll(committed = 0): void {
  loadAll();
  run.begin({ shards: new Map([['in', 4]]), durable: false, keep: false });
  say(0, { kind: 'planned', plan, explanation: EXPLAINED });
  for (let index = 0; index < PROCESSORS; index++) {
    say(index, { kind: 'begun', incarnation: 0, committed, unread: 5 });
  }
  sent = [];
  told = [];
}

function endOf(messages: readonly FromSupervisor[]): string | undefined {
  const end = messages.find(message => message.kind === 'ended');
  return end?.kind === 'ended' ? (end.how.error?.code ?? end.how.state) : undefined;
}

describe('a job that nothing befalls', () => {
  test('loads everywhere, is planned once, begins everywhere, and ends when all have finished', () => {
    begin(exchange);
    expect(letters()).toEqual(['load>0', 'load>1']);
    loadAll();
    expect(news()).toEqual(['loaded']);
    run.begin({ shards: new Map([['in', 4]]), durable: false, keep: false });
    expect(letters()).toEqual(['plan>0']);
    say(0, { kind: 'planned', plan, explanation: EXPLAINED });
    const begins = sent.map(({ message }) => message).filter(({ kind }) => kind === 'begin');
    expect(begins).toHaveLength(2);
    expect(letters()).toEqual(['begin>0', 'begin>1']);
    const [first, second] = begins;
    if (first.kind !== 'begin' || second.kind !== 'begin') throw new Error('unreachable');
    expect([...first.channels.keys()]).toEqual(
      plan.channels.filter(({ shared }) => shared).map(({ id }) => id),
    );
    expect(second.channels).toBe(first.channels);
    say(0, { kind: 'begun', incarnation: 0, committed: 0, unread: 5 });
    expect(news()).toEqual([]);
    say(1, { kind: 'begun', incarnation: 0, committed: 0, unread: 5 });
    expect(news()).toEqual(['running']);
    say(1, { kind: 'finished', incarnation: 0 });
    say(0, { kind: 'finished', incarnation: 0 });
    expect(letters()).toEqual(['drop>0', 'drop>1']);
    say(0, { kind: 'dropped' });
    say(1, { kind: 'dropped' });
    expect(letters()).toEqual(['forget>0', 'forget>1']);
    expect(endOf(told)).toBe('drained');
    expect(over).toBe(true);
  });

  test('is stopped once all processors have let go of it', () => {
    begin(copy);
    startAll();
    run.end('stopped');
    run.end('stopped');
    say(1, { kind: 'dropped' });
    expect(over).toBe(false);
    say(0, { kind: 'dropped' });
    expect(endOf(told)).toBe('stopped');
  });

  test('shows how it stands once every processor has', () => {
    begin(copy);
    startAll();
    run.show(1);
    expect(letters()).toEqual(['show>0', 'show>1']);
    say(0, { kind: 'shown', request: 1 });
    expect(news()).toEqual([]);
    run.processorExited(1, 9, undefined);
    expect(news()).toEqual(['shown']);
  });

  test('hands on what its processors warn of', () => {
    begin(copy);
    startAll();
    say(1, { kind: 'warning', message: 'idle' });
    expect(told).toEqual([{ kind: 'warning', job: 7, message: 'idle' }]);
  });
});

describe('a job that cannot begin', () => {
  test('ends with what a processor could not load', () => {
    begin(copy);
    const error = { code: 'MODULE_NOT_LOADED', name: '', message: '' } as never;
    say(1, { kind: 'failed', error });
    expect(endOf(told)).toBe('MODULE_NOT_LOADED');
    expect(letters()).toContain('forget>0');
  });

  test('is loaded again where the processor died meanwhile, but not for ever', () => {
    begin(copy);
    letters();
    for (let death = 1; death <= 20; death++) {
      run.processorExited(0, death, undefined);
      run.processorReplaced(0);
      expect(letters()).toEqual(['load>0']);
    }
    expect(told).toEqual([]);
    for (let death = 1; death <= 3; death++) {
      expect(told).toEqual([]);
      say(0, { kind: 'importing' });
      run.processorExited(0, death, new Error('exit 1'));
      run.processorReplaced(0);
    }
    expect(endOf(told)).toBe('THREAD_FAILED');
  });

  test('is planned by the successor of a planner that died', () => {
    begin(copy);
    loadAll();
    run.begin({ shards: new Map([['in', 4]]), durable: false, keep: false });
    letters();
    run.processorExited(0, 5, undefined);
    run.processorReplaced(0);
    loadAll();
    expect(letters()).toEqual(['load>0', 'plan>0']);
  });

  test('ends without memory for its channels', () => {
    begin(exchange, 2 ** 45);
    loadAll();
    run.begin({ shards: new Map([['in', 4]]), durable: false, keep: false });
    say(0, { kind: 'planned', plan, explanation: EXPLAINED });
    expect(endOf(told)).toBe('OUT_OF_MEMORY');
    expect(over).toBe(true);
  });
});

describe('a processor dies', () => {
  test('and tasks that stand alone are begun again there, and nowhere else', () => {
    begin(copy);
    startAll();
    run.processorExited(1, 9, undefined);
    run.processorReplaced(1);
    loadAll();
    expect(letters()).toEqual(['load>1', 'begin>1']);
    expect(told).toEqual([]);
    say(1, { kind: 'begun', incarnation: 0, committed: 0, unread: 5 });
    expect(told).toEqual([{ kind: 'restarted', job: 7, thread: 9 }]);
  });

  test('and tasks that channels join are begun again everywhere, in a new incarnation', () => {
    begin(exchange);
    startAll();
    run.processorExited(1, 9, undefined);
    run.processorReplaced(1);
    expect(letters()).toEqual(['drop>0', 'load>1']);
    loadAll();
    // What the old incarnation still says is void.
    say(0, { kind: 'finished', incarnation: 0 });
    expect(letters()).toEqual([]);
    say(0, { kind: 'dropped' });
    const incarnations = sent.map(({ message }) => message.kind === 'begin' && message.incarnation);
    expect(incarnations).toEqual([1, 1]);
  });

  test('and state is lost with it', () => {
    begin(counting);
    startAll();
    run.processorExited(1, 9, new Error('exit 1'));
    say(0, { kind: 'dropped' });
    expect(endOf(told)).toBe('STATE_LOST');
    run.processorReplaced(1);
    expect(letters()).not.toContain('load>1');
  });

  test('and nothing is lost when it had finished', () => {
    begin(counting);
    startAll();
    say(1, { kind: 'finished', incarnation: 0 });
    run.processorExited(1, 9, undefined);
    run.processorReplaced(1);
    expect(news()).toEqual([]);
    say(0, { kind: 'finished', incarnation: 0 });
    say(0, { kind: 'dropped' });
    say(1, { kind: 'dropped' });
    expect(endOf(told)).toBe('drained');
  });

  test('again and again without reading on: the job is given up', () => {
    begin(copy);
    startAll();
    let deaths = 0;
    for (; endOf(told) === undefined && deaths < 20; deaths++) {
      run.processorExited(0, deaths, undefined);
      run.processorReplaced(0);
      loadAll();
      say(0, { kind: 'begun', incarnation: 0, committed: 0, unread: 5 });
      say(1, { kind: 'dropped' });
    }
    expect(deaths).toBeLessThanOrEqual(12);
    expect(endOf(told)).toBe('THREAD_FAILED');
  });

  test('again and again with nothing to read: the job goes on', () => {
    begin(copy);
    loadAll();
    run.begin({ shards: new Map([['in', 4]]), durable: false, keep: false });
    say(0, { kind: 'planned', plan, explanation: EXPLAINED });
    for (let deaths = 0; deaths < 100; deaths++) {
      say(0, { kind: 'begun', incarnation: 0, committed: 7, unread: 0 });
      say(1, { kind: 'begun', incarnation: 0, committed: 7, unread: 0 });
      run.processorExited(0, deaths, undefined);
      run.processorReplaced(0);
      loadAll();
    }
    expect(endOf(told)).toBeUndefined();
  });

  test('again and again, but the job reads on: it goes on', () => {
    begin(copy);
    startAll();
    for (let deaths = 0; deaths < 100; deaths++) {
      run.processorExited(0, deaths, undefined);
      run.processorReplaced(0);
      loadAll();
      say(0, { kind: 'begun', incarnation: 0, committed: deaths + 1, unread: 5 });
    }
    expect(endOf(told)).toBeUndefined();
  });

  test('while the job is being stopped: it is over all the same', () => {
    begin(copy);
    startAll();
    run.end('stopped');
    say(0, { kind: 'dropped' });
    run.processorExited(1, 9, undefined);
    expect(endOf(told)).toBe('stopped');
  });
});
