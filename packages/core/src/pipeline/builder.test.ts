import { describe, expect, expectTypeOf, test } from 'vitest';
import { count } from '../aggregate/count.ts';
import { last } from '../aggregate/last.ts';
import { min } from '../aggregate/min.ts';
import { percentile } from '../aggregate/percentile.ts';
import { sum as sumOf } from '../aggregate/sum.ts';
import { topN } from '../aggregate/top-n.ts';
import { where } from '../aggregate/where.ts';
import { bytes } from '../serde/bytes.ts';
import { json } from '../serde/json.ts';
import { records } from '../serde/records.ts';
import { text } from '../serde/text.ts';
import { manual } from '../time/watermark.ts';
import { counting } from '../window/counting.ts';
import { every, everyCount } from '../window/early.ts';
import { global } from '../window/global.ts';
import { hopping } from '../window/hopping.ts';
import { session } from '../window/session.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { Pipeline, pipelineOf } from './pipeline.ts';
import type { Stream } from './stream.ts';

interface Flight {
  origin: string;
  delay: number;
  date: number;
}

const start = () => pipeline('p').from('flights', json<Flight>());
const sum = { create: () => 0, add: (total: number, { delay }: Flight) => total + delay };

test('types flow without annotations', () => {
  const stream = start().filter(({ delay }) => delay > 0);
  expectTypeOf(stream).toEqualTypeOf<Stream<Flight, string | undefined>>();
  const byOrigin = stream.map((f, { timestamp }) => ({ ...f, at: timestamp })).keyBy(f => f.origin);
  expectTypeOf(byOrigin).toEqualTypeOf<
    Stream<{ at: number; origin: string; delay: number; date: number }, string>
  >();
  const windowed = byOrigin.window(tumbling('1d')).aggregate({
    create: () => ({ n: 0 }),
    add: (a, f) => {
      expectTypeOf(f.at).toBeNumber();
      return { n: a.n + 1 };
    },
    result: ({ n }, { key, window }) => ({ n, key, day: window.start }),
  });
  expectTypeOf(windowed).toEqualTypeOf<Stream<{ n: number; key: string; day: number }, string>>();
  expectTypeOf(start().flatMap(f => [f.delay])).toEqualTypeOf<Stream<number, string | undefined>>();
  expectTypeOf(start().flatMap(f => (f.delay > 0 ? [f.origin] : undefined))).toEqualTypeOf<
    Stream<string, string | undefined>
  >();
  expectTypeOf(start().keyBy(f => f.delay)).toEqualTypeOf<Stream<Flight, number>>();
  expectTypeOf(
    start()
      .keyBy(f => f.origin)
      .window(counting(3))
      .process((key, values, { end }) => ({ key, n: values.length, end })),
  ).toEqualTypeOf<Stream<{ key: string; n: number; end: number }, string>>();
  expectTypeOf(
    start()
      .window(tumbling(1))
      .process((_, values) => values),
  ).toEqualTypeOf<Stream<Flight, string | undefined>>();
  expectTypeOf(start().window(tumbling(1)).aggregate(sum)).toEqualTypeOf<
    Stream<number, string | undefined>
  >();
  const p = pipeline('p');
  const flights = p.from('flights', json<Flight>());
  const texts = p.from('texts', text());
  const keyed = p.from('more', json<number>()).keyBy(n => n);
  const merged = flights.merge(texts, keyed);
  expectTypeOf(merged).toEqualTypeOf<
    Stream<Flight | string | number, string | number | undefined>
  >();
  const [one, two] = merged.fork(2);
  expectTypeOf(one).toEqualTypeOf(two);
  const { isText, isOther } = one.split({
    isText: value => typeof value === 'string',
    isOther: () => true,
  });
  expectTypeOf(isText).toEqualTypeOf<Stream<string, string | number | undefined>>();
  expectTypeOf(isOther).toEqualTypeOf<
    Stream<Flight | string | number, string | number | undefined>
  >();
  const numbers = start().map(() => 1);
  // @ts-expect-error numbers are no texts
  numbers.to('out', text());
});

test('types refuse what would be a dead letter each time', () => {
  interface Loose {
    readonly key?: string;
    readonly at: string;
  }
  const loose = (name: string) => pipeline('p').from(name, json<Loose>());
  // @ts-expect-error the key may be undefined
  loose('a').keyBy(({ key }) => key);
  // @ts-expect-error the timestamp is text
  pipeline('p').from('b', json<Loose>(), { timestamp: ({ at }) => at });
  pipeline('p').from('c', json<Loose>(), { timestamp: ({ at }) => new Date(at) });
  const promised = loose('d').map(async ({ at }) => at);
  // @ts-expect-error promises are no texts
  promised.to('out', text());
});

test('a trigger knows its values and its state', () => {
  start()
    .keyBy(f => f.origin)
    .window(session('1m'), {
      panes: 'discarding',
      trigger: {
        create: () => ({ n: 0 }),
        merge: (left, right) => ({ n: left.n + right.n }),
        onRecord(flight, { state, key, window, timer }) {
          expectTypeOf(flight).toEqualTypeOf<Flight>();
          expectTypeOf(state).toEqualTypeOf<{ n: number }>();
          expectTypeOf(key).toEqualTypeOf<string>();
          timer(window.end - 1);
          return state.n++ > 5 ? 'fire' : 'continue';
        },
        onTime: (time, { state }) => (time > state.n ? 'fire-and-purge' : 'continue'),
      },
    });
});

test('aggregates of the library know what they take and give, several at once too', () => {
  const keyed = () => start().keyBy(f => f.origin);
  expectTypeOf(
    keyed()
      .window(tumbling(1))
      .aggregate(sumOf(f => f.delay)),
  ).toEqualTypeOf<Stream<number, string>>();
  const several = keyed()
    .window(tumbling(1))
    .aggregate({
      n: count(),
      total: sumOf(f => f.delay),
      worst: topN(3, f => [f.delay, -f.date]),
      p: percentile([50, 99], f => f.delay),
      late: where(
        f => f.delay > 0,
        min(f => f.delay),
      ),
      own: { create: () => '', add: (names: string, f: Flight) => names + f.origin },
    });
  expectTypeOf(several).toEqualTypeOf<
    Stream<
      {
        n: number;
        total: number;
        worst: Flight[];
        p: number[];
        late: number | undefined;
        own: string;
      },
      string
    >
  >();
});

test('a pipeline is frozen, and knows its steps', () => {
  const made = start()
    .filter(f => f.delay, { name: 'late ones' })
    .keyBy(f => f.origin)
    .window(hopping('1h', '10m', { offset: '5m' }), {
      allowedLateness: '1m',
      lateTo: 'late',
      panes: 'discarding',
    })
    .aggregate(sum)
    .to('out', json());
  expect(made.name).toBe('p');
  expect(made.graph.deadLetters).toBe('p.dead-letters');
  const steps = made.graph.nodes.map(({ step }) => step);
  expect(steps.map(({ name }) => name)).toEqual([
    'from-0',
    'late ones',
    'keyBy-2',
    'window-3',
    'to-4',
  ]);
  expect(steps[3]).toMatchObject({
    keyed: true,
    allowedLatenessMs: 60_000,
    lateTo: 'late',
    panes: 'discarding',
  });
  expect(
    Object.isFrozen(made) && Object.isFrozen(made.graph) && Object.isFrozen(made.graph.nodes),
  ).toBe(true);
  expect(
    pipeline('q', { deadLetters: 'dead' }).from('a', text()).to('b', text()).graph.deadLetters,
  ).toBe('dead');
});

// biome-ignore lint/suspicious/noExplicitAny: what a user without types can write
type Anything = any;
const any = (make: () => unknown) => make as () => Anything;

describe('each misuse is INVALID_PIPELINE and names the step', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['no name', any(() => pipeline(undefined as Anything)), /needs a name/],
    [
      'a dead-letter topic without a name',
      any(() => pipeline('p', { deadLetters: '' })),
      /"deadLetters".*topic ""/,
    ],
    ['no topic', any(() => pipeline('p').from(7 as Anything, text())), /"from-0".*topic 7/],
    ['no serde', any(() => pipeline('p').from('a', undefined as Anything)), /"from-0".*serde/],
    ['no serde in to', any(() => start().to('b', {} as Anything)), /"to-1".*serde/],
    [
      'a topic read twice',
      any(() => {
        const one = pipeline('p');
        one.from('a', text());
        one.from('a', text());
      }),
      /"from-1" reads "a", as "from-0" does.*fork/,
    ],
    [
      'a timestamp that is no function',
      any(() => pipeline('p').from('a', text(), { timestamp: 5 as Anything })),
      /"from-0".*timestamp/,
    ],
    [
      'no watermark strategy',
      any(() => pipeline('p').from('a', text(), { watermark: 'late' as Anything })),
      /"from-0".*watermark/,
    ],
    [
      'an idle timeout of 0',
      any(() => pipeline('p').from('a', text(), { idleTimeout: 0 })),
      /"from-0".*idleTimeout 0/,
    ],
    [
      'map without a function',
      any(() => start().map(undefined as Anything)),
      /"map-1" needs a function.*undefined/,
    ],
    [
      'filter without a function',
      any(() => start().filter(null as Anything, { name: 'keep' })),
      /"keep" needs a function.*null/,
    ],
    [
      'keyBy without a function',
      any(() => start().keyBy('origin' as Anything)),
      /"keyBy-1" needs a function.*string/,
    ],
    [
      'a name twice',
      any(() =>
        start()
          .map(x => x, { name: 'a' })
          .tap(x => x, { name: 'a' }),
      ),
      /"a" has the name of an earlier step/,
    ],
    [
      'a name that is no text',
      any(() => start().map(x => x, { name: 5 as Anything })),
      /"map" has the name 5/,
    ],
    ['a window of size 0', any(() => start().window(tumbling(0))), /"window-1" has the size 0/],
    ['a slide of 0', any(() => start().window(hopping(5, 0))), /"window-1" has the slide 0/],
    ['no window', any(() => start().window(undefined as Anything)), /"window-1" has no window/],
    [
      'a bad duration',
      any(() => start().window(tumbling('1w' as Anything))),
      /"window-1" has the size "1w"/,
    ],
    [
      'negative lateness',
      any(() => start().window(tumbling(1), { allowedLateness: -1 })),
      /"window-1".*allowedLateness -1/,
    ],
    [
      'panes of another kind',
      any(() => start().window(tumbling(1), { panes: 'glass' as Anything })),
      /"window-1".*"glass"/,
    ],
    [
      'a late topic without a name',
      any(() => start().window(tumbling(1), { lateTo: '' })),
      /"window-1".*topic ""/,
    ],
    [
      'lateness of a count window',
      any(() => start().window(counting(1), { allowedLateness: 1 } as Anything)),
      /"window-1" is a count window.*allowedLateness/,
    ],
    [
      'a trigger of a count window',
      any(() => start().window(counting(1), { trigger: { onRecord: () => 'fire' } } as Anything)),
      /"window-1" is a count window.*no trigger/,
    ],
    [
      'lateness of a global window',
      any(() => start().window(global(), { lateTo: 'late' } as Anything)),
      /"window-1" is a global window.*lateTo/,
    ],
    ['a session without a gap', any(() => start().window(session(0))), /"window-1" has the gap 0/],
    [
      'a session with an aggregate that cannot merge',
      any(() =>
        start()
          .window(session(1))
          .aggregate({ create: () => 0, add: () => 0 }),
      ),
      /"window-1" is a session window with an aggregate without merge/,
    ],
    [
      'a session with one of several aggregates that cannot merge',
      any(() => start().window(session(1)).aggregate({ n: count(), newest: last() })),
      /"window-1" is a session window with an aggregate without merge/,
    ],
    [
      'a session with a trigger whose states cannot merge',
      any(() =>
        start().window(session(1), { trigger: { create: () => 1, onRecord: () => 'fire' } }),
      ),
      /"window-1" is a session window whose trigger/,
    ],
    [
      'a trigger without onRecord',
      any(() => start().window(tumbling(1), { trigger: {} } as Anything)),
      /"window-1".*the trigger's onRecord/,
    ],
    [
      'a trigger whose onTime is no function',
      any(() =>
        start().window(tumbling(1), { trigger: { onRecord: () => 'fire', onTime: 5 } } as Anything),
      ),
      /"window-1".*the trigger's onTime/,
    ],
    [
      'a trigger whose state is not plain',
      any(() =>
        start().window(global(), {
          trigger: { create: () => new (class Tally {})(), onRecord: () => 'fire' },
        }),
      ),
      /"window-1" has a trigger whose create\(\) does not work.*Tally/,
    ],
    [
      'a trigger and early results',
      any(() =>
        start().window(global(), {
          trigger: { onRecord: () => 'fire' },
          early: everyCount(1),
        } as Anything),
      ),
      /"window-1" has both trigger and early, which do not go together/,
    ],
    [
      'early results of a window that gives one',
      any(() => start().window(tumbling(10), { emit: 'on-close', early: everyCount(1) })),
      /"window-1" has both emit and early/,
    ],
    [
      'emit that is unknown',
      any(() => start().window(tumbling(1), { emit: 'often' } as Anything)),
      /"window-1" has emit "often"/,
    ],
    [
      'early results every 0 values',
      any(() => start().window(tumbling(1), { early: everyCount(0) })),
      /"window-1" has early results everyCount\(0\)/,
    ],
    [
      'early results every 0 ms',
      any(() => start().window(tumbling(1), { early: every(0) })),
      /"window-1" has early results every\(0\); it must be above 0/,
    ],
    [
      'early results of another kind',
      any(() => start().window(tumbling(1), { early: 5 as Anything })),
      /"window-1" has early results that are neither/,
    ],
    [
      'early results that are not early',
      any(() => start().window(tumbling(10), { early: every(10) })),
      /"window-1" has early results every 10 ms, which is no earlier/,
    ],
    [
      'early results after more values than there are',
      any(() => start().window(counting(10), { early: everyCount(10) })),
      /"window-1" has early results every 10 values, which is no earlier/,
    ],
    [
      'early results by event time of a window by the clock',
      any(() =>
        start().window(tumbling(10), { time: 'processing', early: every(1, { time: 'event' }) }),
      ),
      /"window-1" has early results by event time, but is a window of processing time/,
    ],
    [
      'early results by an unknown time',
      any(() => start().window(tumbling(10), { early: every(1, { time: 'solar' as Anything }) })),
      /"window-1" has early results by the time "solar"/,
    ],
    [
      'lateness by the clock',
      any(() => start().window(tumbling(10), { time: 'processing', allowedLateness: 1 })),
      /"window-1" is a window of processing time.*allowedLateness/,
    ],
    [
      'an unknown time',
      any(() => start().window(tumbling(10), { time: 'solar' as Anything })),
      /"window-1" has the time "solar"/,
    ],
    [
      'a window without aggregate',
      any(() => (start().window(tumbling(1)) as Anything).to('b', text())),
      /"window-1" is followed by \.to\(\)/,
    ],
    [
      'a window after a window',
      any(() => (start().window(tumbling(1)) as Anything).window(tumbling(1))),
      /"window-1" is followed by \.window\(\)/,
    ],
    [
      'an aggregate without create',
      any(() =>
        start()
          .window(tumbling(1))
          .aggregate({ add: () => 0 } as Anything),
      ),
      /"window-1".*create/,
    ],
    [
      'an aggregate that is none',
      any(() =>
        start()
          .window(tumbling(1))
          .aggregate(undefined as Anything),
      ),
      /"window-1".*create/,
    ],
    [
      'a result that is no function',
      any(() =>
        start()
          .window(tumbling(1))
          .aggregate({ ...sum, result: 5 } as Anything),
      ),
      /"window-1".*result/,
    ],
    [
      'create that throws',
      any(() =>
        start()
          .window(tumbling(1))
          .aggregate({
            ...sum,
            create: () => {
              throw new Error('no memory');
            },
          }),
      ),
      /"window-1".*create\(\).*no memory/,
    ],
    [
      'create that throws what is no error',
      any(() =>
        start()
          .window(tumbling(1))
          .aggregate({
            ...sum,
            create: () => {
              throw 'up';
            },
          }),
      ),
      /create\(\).*up/,
    ],
    [
      'an accumulator that cannot be copied',
      any(() =>
        start()
          .window(tumbling(1))
          .aggregate({ ...sum, create: () => new WeakMap() } as Anything),
      ),
      /"window-1".*WeakMap.*copy/,
    ],
    [
      'no window function',
      any(() =>
        start()
          .window(tumbling(1))
          .process(undefined as Anything),
      ),
      /"window-1".*window function/,
    ],
    [
      'a window used twice',
      any(() => {
        const w = start().window(tumbling(1));
        w.aggregate(sum);
        w.aggregate(sum);
      }),
      /"window-1" is finished/,
    ],
    [
      'a stream used twice',
      any(() => {
        const s = start();
        s.map(x => x);
        s.map(x => x);
      }),
      /"map" goes on from a stream that another step, "map", goes on from.*fork\(\)/,
    ],
    [
      'a stream used twice, named',
      any(() => {
        const s = start();
        s.map(x => x);
        s.map(x => x, { name: 'second' });
      }),
      /"second" goes on from/,
    ],
    [
      'to twice',
      any(() => {
        const s = start();
        s.to('b', json());
        s.to('c', json());
      }),
      /"to" goes on from/,
    ],
    [
      'an operator after to',
      any(() => (start().to('b', json()) as Anything).map((x: unknown) => x)),
      /\.map\(\) comes after \.to\("b"\)/,
    ],
    [
      'to after to',
      any(() => (start().to('b', json()) as Anything).to('c', json())),
      /\.to\(\) comes after/,
    ],
    ['an output without a name', any(() => start().to('', json())), /"to-1".*topic ""/],
    [
      'an output that is the input',
      any(() => start().to('flights', json())),
      /"to-1".*"flights".*never end/,
    ],
    [
      'a key that is no function',
      any(() => start().to('b', json(), { key: 'k' as Anything })),
      /"to-1" needs a function as key/,
    ],
    ...(['join', 'connect', 'lookup'] as const).map((step): [string, () => unknown, RegExp] => [
      `${step} after to`,
      any(() => (start().to('b', json()) as Anything)[step]()),
      new RegExp(`\\.${step}\\(\\) comes after`),
    ]),
    [
      'an option that there is not',
      any(() => start().window(tumbling(1), { allowedLatness: 1 } as Anything)),
      /"window-1" has no option "allowedLatness"; there are name, allowedLateness,/,
    ],
    [
      'an option of a source that there is not',
      any(() => pipeline('p').from('a', text(), { watermarks: manual() } as Anything)),
      /"from-0" has no option "watermarks"/,
    ],
    [
      'an option of a step that takes none',
      any(() => start().map(x => x, { name: 'm', retries: 1 } as Anything)),
      /"m" has no option "retries"; there are name\./,
    ],
    [
      'an option of a pipeline that there is not',
      any(() => pipeline('p', { checkpoints: {} } as Anything)),
      /Pipeline "p" has no option "checkpoints"; there are deadLetters, checkpoint/,
    ],
    [
      'options that are none',
      any(() => start().filter(x => x, 'name' as Anything)),
      /"filter-1" takes an object of options, not string/,
    ],
    ['a NaN', any(() => start().window(tumbling(Number.NaN))), /"window-1" has the size NaN/],
    ['a bigint', any(() => start().window(tumbling(5n as Anything))), /has the size 5n/],
    ['a function', any(() => start().window(session(Date as Anything))), /has the gap a function/],
    [
      'a circular object',
      any(() => {
        const round: { self?: unknown } = {};
        round.self = round;
        start().window(session(round as Anything));
      }),
      /has the gap an object/,
    ],
    [
      'late values that come back',
      any(
        () =>
          start().window(tumbling(1), { lateTo: 'flights' }).aggregate(sum).to('b', json()).graph,
      ),
      /"window-1" writes late values to "flights", which the pipeline reads/,
    ],
    [
      'dead letters that come back',
      any(() => pipeline('p', { deadLetters: 'a' }).from('a', text()).to('b', text()).graph),
      /"from-0" reads "a", the topic of the pipeline's dead letters/,
    ],
    [
      'a serde that takes no text',
      any(() =>
        pipeline('p')
          .from('a', text())
          .filter(Boolean)
          .to('b', bytes() as Anything),
      ),
      /"to-2" writes to "b" by the serde bytes what text has read/,
    ],
    [
      'a serde that takes no records',
      any(() => {
        const made = pipeline('p');
        const merged = made.from('a', records()).merge(made.from('b', records()));
        merged.keyBy(record => record.key as string).to('c', json());
      }),
      /"to-4" writes to "c" by the serde json what records has read/,
    ],
    [
      'a fork to one stream',
      any(() => start().fork(1)),
      /"fork-1" gives 1 streams; it must be 2 or more/,
    ],
    ['a split without routes', any(() => start().split({})), /"split-1" has no routes/],
    [
      'a route that is no function',
      any(() => start().split({ late: true } as Anything)),
      /"split-1" needs a function as the route "late", not boolean/,
    ],
    ['a merge of one stream', any(() => start().merge()), /"merge-1" merges one stream/],
    [
      'a merge with what is no stream',
      any(() => start().merge(start().to('b', json()) as Anything, {} as Anything)),
      /"merge-1" takes a stream, not object/,
    ],
    [
      'a stream of another pipeline',
      any(() => start().merge(pipeline('q').from('a', text()))),
      /"merge-1" takes a stream of another pipeline, "q"/,
    ],
    [
      'a merge with itself',
      any(() => {
        const s = start();
        s.merge(s);
      }),
      /"merge-1" goes on from a stream that another step, "merge", goes on from already.*fork\(\)/,
    ],
    [
      'a merge of views with values',
      any(() => {
        const p = pipeline('p');
        p.from('a', records()).merge(p.from('b', text()));
      }),
      /"merge-2" merges views of records with values that are none/,
    ],
    [
      'a window behind streams that are keyed apart',
      any(() => {
        const p = pipeline('p');
        const [a, b] = ['a', 'b'].map(topic => p.from(topic, text()).keyBy(word => word));
        a.merge(b).window(tumbling(1));
      }),
      /"window-5" comes after a merge of streams that are keyed apart.*keyBy\(\) after the merge/,
    ],
    [
      'the key of the record behind a merge of topics',
      any(() => {
        const p = pipeline('p');
        p.from('a', text()).merge(p.from('b', text())).keyByRecord();
      }),
      /"keyByRecord-3" follows a merge of several topics/,
    ],
    [
      'a source that is an output',
      any(() => {
        const p = pipeline('p');
        p.from('a', text()).to('b', text());
        p.from('b', text());
      }),
      /"from-2" reads "b", which "to-1" writes to/,
    ],
    [
      'a step on the pipeline itself',
      any(() => (pipeline('p') as Anything).map((x: unknown) => x)),
      /\.map\(\) belongs to a stream; \.from/,
    ],
    ['no steps', any(() => pipeline('p').graph), /"p" has no steps/],
    [
      'a stream that leads nowhere',
      any(() => {
        const p = pipeline('p');
        p.from('a', text()).map(x => x);
        return p.from('b', text()).to('c', text()).graph;
      }),
      /"map-1" gives a stream, which leads nowhere; \.to\(\)/,
    ],
    [
      'a stream of a fork that leads nowhere',
      any(() => {
        const [one] = start().fork(2);
        return one.to('b', json()).graph;
      }),
      /"fork-1" gives a stream, stream 1 of which leads nowhere/,
    ],
    [
      'a route that leads nowhere',
      any(() => {
        const { late } = start().split({ late: f => f.delay > 0, early: () => true });
        return late.to('b', json()).graph;
      }),
      /"split-1" gives a stream, the route "early" of which leads nowhere/,
    ],
    [
      'a window that leads nowhere',
      any(() => {
        const [one, two] = start().fork(2);
        two.window(tumbling(1));
        return one.to('b', json()).graph;
      }),
      /"window-2" leads nowhere; \.aggregate\(\)/,
    ],
    [
      'a step after the pipeline has been run',
      any(() => {
        const p = start().to('b', json());
        expect(p.graph.nodes.length).toBe(2);
        p.from('c', text());
      }),
      /"from" is added after the pipeline has been run/,
    ],
    [
      'views of several sources that go on',
      any(() => {
        const p = pipeline('p');
        const one = { ...records(), name: 'one' };
        const two = { ...records(), name: 'two' };
        return p
          .from('a', one)
          .merge(p.from('b', two))
          .keyBy(() => 'k')
          .keyBy(() => 'l')
          .to('c', one).graph;
      }),
      /"keyBy-4" sends on views of records of several sources with different serdes/,
    ],
    [
      'keyByRecord after keyBy',
      any(() =>
        start()
          .keyBy(f => f.origin)
          .keyByRecord(),
      ),
      /"keyByRecord-2" follows "keyBy-1"/,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: 'INVALID_PIPELINE',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('what a module exports', () => {
  const finished = start().to('out', json());

  test('is a pipeline', () => {
    expect(pipelineOf({ default: finished }, 'a.ts')).toBe(finished);
    const p = pipeline('p');
    expect(() => pipelineOf({ default: p }, 'a.ts')).toThrow(/a\.ts: .*"p" has no steps/);
    expect(Pipeline.is(finished)).toBe(true);
    expect(Pipeline.is({})).toBe(false);
    expect(Pipeline.is(undefined)).toBe(false);
  });

  test.each([[{}], [{ default: 5 }], [{ default: null }], [undefined]])(
    '%j is MODULE_NO_DEFAULT',
    exported => {
      expect(() => pipelineOf(exported, 'a.ts')).toThrow(
        expect.objectContaining({
          code: 'MODULE_NO_DEFAULT',
          message: expect.stringContaining('a.ts'),
        }),
      );
    },
  );

  test('or unfinished, which is said', () => {
    for (const unfinished of [start(), start().window(tumbling(1))]) {
      expect(() => pipelineOf({ default: unfinished }, 'a.ts')).toThrow(
        expect.objectContaining({
          code: 'INVALID_PIPELINE',
          message: expect.stringMatching(/a\.ts.*"p" has no end/),
        }),
      );
    }
  });
});
