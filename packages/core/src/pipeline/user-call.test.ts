import { beforeEach, describe, expect, test } from 'vitest';
import { count } from '../aggregate/count.ts';
import { Topic } from '../broker/topic.ts';
import { createChannelMemory } from '../channel/layout.ts';
import { OutputGauge } from '../epoch/output-gauge.ts';
import { Bell } from '../memory/bell.ts';
import { createWorkMemory, WorkRow } from '../memory/work-row.ts';
import { text } from '../serde/text.ts';
import { VirtualClock } from '../time/clock.ts';
import { monotonic } from '../time/watermark.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { EpochSink } from './epoch-sink.ts';
import { TaskHost } from './host.ts';
import type { Pipeline } from './pipeline.ts';
import { plainDecoder, plainEncoder } from './plain-codec.ts';
import { type Plan, planPipeline } from './plan.ts';
import { TopicSink } from './topic-sink.ts';
import { TopicSource } from './topic-source.ts';
import { callInHand, describeCall, type UserCall } from './user-call.ts';
import { USER_CODE, whyHeld } from './why.ts';

const START_MS = Date.UTC(2026, 0, 1);

let clock: VirtualClock;
let topics: Map<string, Topic>;
let hosts: TaskHost[];
let plan: Plan;
let rows: WorkRow[];
/** What a look from another thread would have met, whenever user code said `here()`. */
let met: UserCall[];

/** Of the tasks of one thread, the last one that is at something. */
function here<T>(value: T): T {
  const id = rows.findLastIndex(row => row.inHand() !== undefined);
  const work = rows[id].inHand();
  if (work !== undefined)
    met.push(callInHand(plan, plan.tasks[id], work, work.sinceMs ?? Number.NaN));
  return value;
}

const topic = (name: string) => topics.get(name) as Topic;

beforeEach(() => {
  met = [];
  clock = new VirtualClock(START_MS);
});

function start(
  made: Pipeline,
  processors = 1,
  slots = 64,
  overflow: 'block' | 'overwrite' = 'block',
): void {
  const bell = Bell.create();
  const small = { shards: 2, slots, shardBytes: 16_384, maxRecordBytes: 256, overflow };
  const names = ['in', 'out', 'p.dead-letters'];
  topics = new Map(names.map(name => [name, Topic.create(name, small, { bell })]));
  plan = planPipeline(made, { shardsOf: () => 2, processors });
  const memory = createWorkMemory(plan.tasks.length);
  rows = plan.tasks.map(({ id }) => new WorkRow(memory, id));
  const channels = plan.channels.map(() => createChannelMemory(4096));
  hosts = Array.from({ length: processors }, (_, processor) => {
    const host = new TaskHost({
      source: (name, shard, group) => new TopicSource(topic(name), shard, group),
      sink: name => new TopicSink(topic(name)),
      epochSink: (name, held) => new EpochSink(topic(name), held),
      channel: (_plan, { id }) => channels[id],
      work: (_plan, task) => new WorkRow(memory, task),
      bell,
      wake: () => {},
      clock,
      encoder: plainEncoder,
      decoder: plainDecoder,
      userRetries: 0,
      channelBytes: 4096,
    });
    const epochs = { taken: () => {}, ended: () => {}, hurry: () => {} };
    const from = { from: undefined, lineage: 'l', gauge: OutputGauge.memory() };
    host.add(made, plan, processor, { ...epochs, ...from });
    return host;
  });
}

function settle(): void {
  while (hosts.map(host => host.step()).includes(true));
}

function append(value: string, shard = 0, timestamp = 0): void {
  topic('in').append({ key: value, value, shard, timestamp });
}

/** Offsets of records in a shard are not from 0 on: producers begin in the log. */
function offsets(shard = 0): number[] {
  const group = topic('in').consume({ group: 'offsets', from: 'earliest' });
  const found: number[] = [];
  for (let batch = group.poll(); batch !== undefined; batch = group.poll()) {
    for (const record of batch) if (record.shard === shard) found.push(record.offset);
  }
  group.close();
  topic('in').deleteGroup('offsets');
  return found;
}

describe('what a task is at', () => {
  test('is the record in hand, though those before it are gone', () => {
    const inHand: string[] = [];
    const step = (value: string) => {
      inHand.push(value);
      return here(value);
    };
    start(pipeline('p').from('in', text()).map(step).to('out', text()), 1, 64, 'overwrite');
    append('a');
    settle();
    for (let i = 0; i < 200; i++) append(`${i}`);
    const last = offsets().at(-1) as number;
    settle();
    expect(inHand.length).toBeLessThan(201);
    const expected = inHand.slice(1).map(value => last - 199 + Number(value));
    expect(met.slice(1).map(({ offset }) => offset)).toEqual(expected);
  });

  test('is the record in hand, since its step began if that began with it', () => {
    start(pipeline('p').from('in', text()).map(here).to('out', text()));
    append('a', 1);
    append('b', 1);
    clock.advance(5);
    settle();
    const [first, second] = offsets(1);
    const place = { during: 'record', step: undefined, topic: 'in', shard: 1 };
    expect(met).toEqual([
      { ...place, offset: first, sinceMs: START_MS + 5 },
      { ...place, offset: second, sinceMs: Number.NaN },
    ]);
    append('c', 1);
    clock.advance(5);
    settle();
    expect(met[2]).toEqual({ ...place, offset: offsets(1)[2], sinceMs: START_MS + 10 });
    expect(rows.map(row => row.inHand())).toEqual([undefined, undefined]);
  });

  test('in a keyed stage is the source record that the value came from', () => {
    for (const processors of [1, 2]) {
      met = [];
      const keyed = pipeline('p')
        .from('in', text())
        .keyBy(word => word);
      start(keyed.map(here).to('out', text()), processors);
      for (const word of ['a', 'b', 'c']) append(word, 1);
      settle();
      expect(met.map(({ topic, shard }) => `${topic}/${shard}`)).toEqual(['in/1', 'in/1', 'in/1']);
      expect(new Set(met.map(({ offset }) => offset))).toEqual(new Set(offsets(1)));
      expect(rows.some(row => row.inHand() !== undefined)).toBe(false);
    }
  });

  test('behind a second exchange is not known to be of a record', () => {
    const keyed = pipeline('p')
      .from('in', text())
      .keyBy(word => word);
    const again = keyed.map(word => `${word}!`).keyBy(word => word);
    start(again.map(here).to('out', text()));
    append('a');
    settle();
    expect(met).toMatchObject([{ during: 'record', topic: undefined, offset: undefined }]);
  });

  test('when time makes a window fire is not of a record', () => {
    const windowed = pipeline('p')
      .from('in', text(), { watermark: monotonic() })
      .keyBy(word => word)
      .window(tumbling(10))
      .aggregate({ create: () => 0, add: n => n + 1, result: n => String(here(n)) });
    start(windowed.to('out', text()), 2);
    const producers = [topic('in').producer(), topic('in').producer()];
    for (const [shard, producer] of producers.entries()) {
      producer.offer({ key: 'a', value: 'a', shard, timestamp: 5 });
      void producer.flush();
    }
    settle();
    for (const producer of producers) producer.watermark(50);
    settle();
    expect(met).toMatchObject([{ during: 'record', topic: undefined }]);
  });

  test('by the clock is no record', () => {
    const timed = pipeline('p')
      .from('in', text())
      .keyBy(word => word)
      .process({
        state: {},
        onRecord: (_word, { timers }) => {
          timers.set(clock.now() + 50, 'processing');
        },
        onTimer: () => here('timer'),
      });
    start(timed.to('out', text()));
    append('a');
    settle();
    clock.advance(100);
    settle();
    expect(met).toMatchObject([{ during: 'clock', topic: undefined, sinceMs: START_MS + 100 }]);
  });

  test('once a full output has suspended it is the record that it goes on with', () => {
    const many = pipeline('p')
      .from('in', text())
      .flatMap(function* (word) {
        for (let i = 0; i < 40; i++) yield here(`${word}${i}`);
      })
      .to('out', text());
    start(many, 1, 16);
    topic('out').createGroup('slow');
    append('a');
    settle();
    const before = met.length;
    expect(before).toBeLessThan(40);
    topic('out').deleteGroup('slow');
    settle();
    expect(met).toHaveLength(40);
    expect(new Set(met.map(({ offset }) => offset))).toEqual(new Set(offsets(0)));
  });
});

describe('calls of mapAsync', () => {
  test('are told of by the oldest, until it ends', async () => {
    const calls: PromiseWithResolvers<string>[] = [];
    const made = pipeline('p')
      .from('in', text())
      .mapAsync(
        () => {
          const call = Promise.withResolvers<string>();
          calls.push(call);
          return call.promise;
        },
        { name: 'ask', ordered: false },
      );
    start(made.to('out', text()));
    const oldest = () => hosts[0].stats('p')[0].oldestCall;
    expect(oldest()).toBeUndefined();
    append('a');
    settle();
    clock.advance(20);
    append('b');
    settle();
    const [first, second] = offsets();
    const place = { during: 'async', step: 'ask', topic: 'in', shard: 0 };
    expect(oldest()).toEqual({ ...place, offset: first, sinceMs: START_MS });
    const why = (longBeforeMs: number) =>
      whyHeld(plan, hosts[0].stats('p'), undefined, longBeforeMs);
    expect(why(START_MS - 1)).toEqual([]);
    expect(why(START_MS)).toMatchObject([
      { step: 'ask', task: 0, by: USER_CODE, sinceMs: START_MS },
    ]);
    expect(why(START_MS)[0].text).toBe(
      `A call of "ask" in task 0 (stage 0, processor 0) for the record at offset ${first} of shard 0 of ` +
        '"in" has been under way since 2026-01-01T00:00:00.000Z by the clock.',
    );
    calls[0].resolve('A');
    await new Promise(resolve => setImmediate(resolve));
    settle();
    expect(oldest()).toEqual({ ...place, offset: second, sinceMs: START_MS + 20 });
  });
});

test('job.why() names the steps of a task that does not come back, and is asked by any of them', () => {
  start(
    pipeline('p')
      .from('in', text(), { name: 'read' })
      .map(here, { name: 'work' })
      .to('out', text()),
  );
  append('a');
  settle();
  const [call] = met;
  const tasks = hosts[0].stats('p').map(stats => ({ ...stats, slowCall: call }));
  const held = whyHeld(plan, tasks, 'work', 0);
  expect(held[0]).toMatchObject({ step: 'work', by: USER_CODE, sinceMs: START_MS });
  expect(held[0].text).toBe(
    `Task 0 (stage 0, processor 0) has been at the record at offset ${call.offset} of shard 0 of "in" ` +
      'since 2026-01-01T00:00:00.000Z by the clock, in one of its steps "read", "work", "to-2".',
  );
  expect(whyHeld(plan, tasks, 'other', 0)).toEqual([]);
  expect(whyHeld(plan, tasks, undefined, 0)).toHaveLength(2);
});

test('each kind of work is put in words', () => {
  start(
    pipeline('p')
      .from('in', text())
      .keyBy(word => word)
      .window(tumbling(10))
      .aggregate(count())
      .to('out', text() as never),
  );
  const nothing = { step: undefined, topic: undefined, shard: undefined, offset: undefined };
  const textOf = (during: UserCall['during']) =>
    describeCall(plan, plan.tasks[2], { during, ...nothing, sinceMs: START_MS });
  expect(textOf('clock')).toContain('at a timer or a result of mapAsync since');
  expect(textOf('sink')).toContain('at a call of a sink outside since');
  expect(textOf('snapshot')).toContain('at a snapshot of its state since');
  expect(textOf('record')).toContain('at what is not of one record');
});
