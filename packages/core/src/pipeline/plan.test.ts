import { describe, expect, test } from 'vitest';
import { flatbuffer } from '../serde/flatbuffer.ts';
import { json } from '../serde/json.ts';
import { records } from '../serde/records.ts';
import { every, everyCount } from '../window/early.ts';
import { global } from '../window/global.ts';
import { session } from '../window/session.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { refuseCycle } from './cycles.ts';
import { explainPlan } from './explain.ts';
import type { Pipeline } from './pipeline.ts';
import { type Plan, planPipeline } from './plan.ts';

const start = (name = 'p', from = 'in') => pipeline(name).from(from, json<number>());
const count = { create: () => 0, add: (n: number) => n + 1 };
const plan = (made: Pipeline, processors = 2, shards = 3) =>
  planPipeline(made, { shardsOf: () => shards, processors });
/** Of each stage, its exits and the number of its tasks. */
const shape = ({ stages }: Plan) =>
  stages.map(({ exits, tasks }) => [...exits.map(way), tasks.length] as const);
const way = (exit: Plan['stages'][number]['exits'][number]) =>
  exit.kind === 'sink' ? 'sink' : `${exit.route} ${exit.to}`;

describe('stages', () => {
  test('a pipeline without keys is one stage, a task per shard, spread over the processors', () => {
    const made = plan(
      start()
        .map(x => x)
        .to('out', json()),
    );
    expect(shape(made)).toEqual([['sink', 3]]);
    expect(made.tasks.map(({ processor }) => processor)).toEqual([0, 1, 0]);
    expect(made.channels).toEqual([]);
    expect(made.stateful).toBe(false);
    expect(made.topics).toEqual({
      sources: ['in'],
      sinks: ['out'],
      ending: [],
      late: [],
      deadLetters: 'p.dead-letters',
    });
    expect(made.group).toBe('pipeline/p');
  });

  test('keyBy is an exchange: a channel per pair of tasks', () => {
    const made = plan(
      start()
        .keyBy(x => x)
        .window(tumbling(1), { lateTo: 'late' })
        .aggregate(count)
        .to('out', json()),
    );
    expect(shape(made)).toEqual([
      ['by-key 1', 3],
      ['sink', 2],
    ]);
    expect(made.channels).toEqual([
      { id: 0, from: 0, to: 3, exit: 0, shared: false },
      { id: 1, from: 0, to: 4, exit: 0, shared: true },
      { id: 2, from: 1, to: 3, exit: 0, shared: true },
      { id: 3, from: 1, to: 4, exit: 0, shared: false },
      { id: 4, from: 2, to: 3, exit: 0, shared: false },
      { id: 5, from: 2, to: 4, exit: 0, shared: true },
    ]);
    expect(made.stateful).toBe(true);
    expect(made.topics.late).toEqual(['late']);
  });

  test('a window without a key is one task', () => {
    const made = plan(start().window(tumbling(1)).aggregate(count).to('out', json()));
    expect(shape(made)).toEqual([
      ['to-one 1', 3],
      ['sink', 1],
    ]);
    const twice = start().window(tumbling(1)).aggregate(count).window(tumbling(5)).aggregate(count);
    expect(shape(plan(twice.to('out', json()))).length).toBe(2);
  });

  test('keyed windows one after the other need one exchange; another keyBy, another', () => {
    const again = start()
      .keyBy(x => x)
      .window(tumbling(1))
      .aggregate(count)
      .window(tumbling(10))
      .aggregate(count);
    expect(shape(plan(again.to('out', json()))).length).toBe(2);
    const other = start()
      .keyBy(x => x)
      .window(tumbling(1))
      .aggregate(count)
      .keyBy(n => n % 2)
      .window(tumbling(10))
      .aggregate(count);
    expect(shape(plan(other.to('out', json()), 4))).toEqual([
      ['by-key 1', 3],
      ['by-key 2', 4],
      ['sink', 4],
    ]);
  });

  test('the key of the record needs none', () => {
    const made = plan(start().keyByRecord().window(tumbling(1)).aggregate(count).to('out', json()));
    expect(shape(made)).toEqual([['sink', 3]]);
  });

  test('more processors than key groups are not all used', () => {
    const made = plan(
      start()
        .keyBy(x => x)
        .to('out', json()),
      200,
      1,
    );
    expect(made.stages[1].tasks.length).toBe(128);
  });

  test('views of records cross as whole records, as long as they are views', () => {
    class Table {
      __init(): this {
        return this;
      }
    }
    const exchange = (made: Pipeline) => {
      const [exit] = plan(made).stages[0].exits;
      return exit.kind === 'exchange' ? exit.carries : undefined;
    };
    const views = () => pipeline('p').from('in', records());
    expect(
      exchange(
        views()
          .keyBy(r => r.key ?? '')
          .to('out', records()),
      ),
    ).toBe('records');
    expect(
      exchange(
        views()
          .filter(Boolean)
          .tap(() => {})
          .keyBy(r => r.key ?? '')
          .to('out', records()),
      ),
    ).toBe('records');
    expect(
      exchange(
        views()
          .map(r => r.text)
          .keyBy(t => t)
          .to('out', json()),
      ),
    ).toBe('values');
    expect(
      exchange(
        pipeline('p')
          .from('in', flatbuffer(Table as never))
          .keyBy(() => 1)
          .to('out', flatbuffer(Table as never)),
      ),
    ).toBe('records');
    expect(
      exchange(
        start()
          .keyBy(x => x)
          .to('out', json()),
      ),
    ).toBe('values');
  });

  test('is plain data: every processor gets the same', () => {
    const made = plan(
      start()
        .keyBy(x => x)
        .to('out', json()),
    );
    expect(structuredClone(made)).toEqual(made);
  });
});

test.each([
  [
    session('1m'),
    { early: every('5s'), panes: 'discarding' },
    'session, gap 60000 ms, aggregate, early every 5000 ms, lateness 0 ms, discarding panes',
  ],
  [
    session(5),
    { emit: 'on-close', allowedLateness: 7 },
    'session, gap 5 ms, aggregate, on closing only, lateness 7 ms, accumulating panes',
  ],
  [
    tumbling(5),
    { time: 'processing', early: everyCount(3) },
    'tumbling 5 ms, aggregate, processing time, early every 3 values, lateness 0 ms, accumulating panes',
  ],
  [
    tumbling(5),
    { early: every(2, { time: 'processing' }) },
    'tumbling 5 ms, aggregate, early every 2 ms of processing time, lateness 0 ms, accumulating panes',
  ],
  [global(), {}, 'global, aggregate'],
  [
    global(),
    { trigger: { name: 'mine', onRecord: () => 'fire' }, panes: 'discarding' },
    'global, aggregate, trigger mine, discarding panes',
  ],
  [
    global(),
    { trigger: { onRecord: () => 'fire' } },
    'global, aggregate, trigger custom, accumulating panes',
  ],
] as [never, object, string][])(
  'explain says of a window when its results come',
  (spec, options, said) => {
    const made = start()
      .keyBy(x => x)
      .window(spec, options)
      .aggregate({ create: () => 0, add: n => n, merge: n => n })
      .to('out', json());
    expect(explainPlan(made.graph, plan(made))).toContain(`  window-2: ${said}\n`);
  },
);

test('explain says what runs where, and where values cross', () => {
  const made = start()
    .map(x => x, { name: 'as they are' })
    .keyBy(x => x)
    .window(tumbling('1m'), { allowedLateness: '1s', lateTo: 'late' })
    .aggregate(count)
    .tap(() => {})
    .to('out', json());
  expect(explainPlan(made.graph, plan(made))).toBe(
    [
      'pipeline "p", group "pipeline/p"',
      'stage 0: 3 tasks (0 on processor 0, 1 on processor 1, 2 on processor 0)',
      '  from-0: topic "in", json, monotonic, one task per shard',
      '  as they are: map',
      '  keyBy-2: exchange by key to stage 1 over 6 channels (3 between processors), values',
      'stage 1: 2 tasks (3 on processor 0, 4 on processor 1), state',
      '  window-3: tumbling 60000 ms, aggregate, lateness 1000 ms, accumulating panes, late to "late"',
      '  tap-4: tap',
      '  to-5: topic "out", json',
      'dead letters: topic "p.dead-letters"',
    ].join('\n'),
  );
  const other = pipeline('q')
    .from('in', records())
    .keyByRecord()
    .window({ kind: 'count', size: 5 })
    .process((_, values) => values.length)
    .window(tumbling(7))
    .process((_, values) => values.length)
    .to('out', json());
  expect(explainPlan(other.graph, plan(other))).toContain(
    "keyByRecord-1: the record's own key, no exchange",
  );
  const unkeyed = pipeline('q')
    .from('in', records())
    .window(tumbling(7))
    .process((_, values) => values.length)
    .to('out', json());
  expect(explainPlan(unkeyed.graph, plan(unkeyed, 1, 1))).toContain(
    '  window-1: exchange to one task to stage 1 over 1 channels (0 between processors), whole records\n' +
      'stage 1: 1 task (1 on processor 0), state\n' +
      '  window-1: tumbling 7 ms, process, without a key, lateness 0 ms, accumulating panes\n',
  );
});

describe('cycles', () => {
  const edge = (name: string, from: string, to: string) => plan(start(name, from).to(to, json()));

  test('of lossless topics are refused', () => {
    const running = [edge('one', 'a', 'b'), edge('two', 'b', 'c'), edge('other', 'b', 'x')];
    expect(() => refuseCycle(running, edge('three', 'c', 'a'), () => true)).toThrow(
      expect.objectContaining({
        code: 'PIPELINE_CYCLE',
        message: expect.stringContaining('c → a → b → c'),
      }),
    );
  });

  test('are fine where a topic overwrites', () => {
    const running = [edge('one', 'a', 'b')];
    refuseCycle(running, edge('two', 'b', 'a'), topic => topic !== 'b');
    refuseCycle(running, edge('two', 'b', 'c'), () => true);
  });

  test('that the new pipeline is no part of do not matter', () => {
    const running = [edge('one', 'a', 'b'), edge('two', 'b', 'a')];
    refuseCycle(running, edge('three', 'x', 'a'), () => true);
  });
});
