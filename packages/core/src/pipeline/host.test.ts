import { expect, test } from 'vitest';
import { Topic } from '../broker/topic.ts';
import { Bell } from '../memory/bell.ts';
import { text } from '../serde/text.ts';
import { VirtualClock } from '../time/clock.ts';
import { pipeline } from './builder.ts';
import { EpochSink } from './epoch-sink.ts';
import { TaskHost } from './host.ts';
import { plainDecoder, plainEncoder } from './plain-codec.ts';
import { planPipeline } from './plan.ts';
import { TopicSink } from './topic-sink.ts';
import { TopicSource } from './topic-source.ts';

function setup() {
  const bell = Bell.create();
  const small = { shards: 2, slots: 64, shardBytes: 16_384, maxRecordBytes: 256 };
  const topics = new Map(
    ['in', 'out', 'p.dead-letters'].map(name => [name, Topic.create(name, small, { bell })]),
  );
  const topic = (name: string) => topics.get(name) as Topic;
  const host = new TaskHost({
    source: (name, shard, group) => new TopicSource(topic(name), shard, group),
    sink: name => new TopicSink(topic(name)),
    epochSink: (name, held) => new EpochSink(topic(name), held),
    channel: () => {
      throw new Error('all tasks are here');
    },
    bell,
    wake: () => {},
    clock: new VirtualClock(),
    encoder: plainEncoder,
    decoder: plainDecoder,
    userRetries: 0,
    channelBytes: 4096,
  });
  const made = pipeline('p')
    .from('in', text())
    .keyBy(word => word)
    .to('out', text());
  const plan = planPipeline(made, { shardsOf: () => 2, processors: 1 });
  return { host, made, plan, topic };
}

test('a name runs once', () => {
  const { host, made, plan } = setup();
  host.add(made, plan, 0);
  expect(() => host.add(made, plan, 0)).toThrow(
    expect.objectContaining({ code: 'PIPELINE_RUNNING' }),
  );
  expect(host.stats('p').length).toBe(3);
  host.remove('p');
  host.remove('p');
  expect(host.stats('p')).toEqual([]);
  expect(host.done('p')).toBe(true);
  host.add(made, plan, 0);
});

test('what was read and not released is read again by whoever comes next', () => {
  const { host, made, plan, topic } = setup();
  topic('out').createGroup('slow');
  host.add(made, plan, 0);
  for (let i = 0; i < 200; i++) {
    const value = String(i);
    while (topic('in').tryAppend({ value }) < 0 && host.step());
    if (!host.step()) break;
  }
  const appended = topic('out').lag('slow');
  host.remove('p');
  const committed = topic('in')
    .groups()[0]
    .shards.reduce((sum, one) => sum + one.committed, 0);
  expect(committed).toBeLessThanOrEqual(appended);
  // A new incarnation goes on from there: at least once, nothing lost.
  host.add(made, plan, 0);
  const seen = new Set<string>();
  const consumer = topic('out').consume({ group: 'slow' });
  topic('in').end();
  while (!host.done('p')) {
    topic('in').maintain();
    host.step();
    consumer.poll()?.forEach(record => {
      seen.add(record.text);
    });
  }
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    batch.forEach(record => {
      seen.add(record.text);
    });
  }
  const sent = Math.max(...[...seen].map(Number));
  expect(seen.size).toBe(sent + 1);
});

test('says where to wait', () => {
  const { host, made, plan, topic } = setup();
  expect(host.places()).toEqual([]);
  host.add(made, plan, 0);
  const places = host.places();
  // Two shards to read, four channel ends of two tasks, and room in the shards of the output.
  expect(places).toEqual(
    expect.arrayContaining([...topic('in').recordPlaces, ...topic('out').roomPlaces]),
  );
  for (const place of places) place.countWaiter(1);
  for (const place of places) place.countWaiter(-1);
});
