import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Topic } from '../broker/topic.ts';
import { unaccounted } from '../operator/counters.ts';
import type { RecordCopy } from '../record/record.ts';
import { json } from '../serde/json.ts';
import { records } from '../serde/records.ts';
import { text } from '../serde/text.ts';
import { VirtualClock } from '../time/clock.ts';
import { boundedOutOfOrderness } from '../time/watermark.ts';
import { hopping } from '../window/hopping.ts';
import { tumbling } from '../window/tumbling.ts';
import { pipeline } from './builder.ts';
import { HeldWatermarks } from './held-watermarks.ts';
import type { LocalEngineOptions } from './local-options.ts';
import { LocalEngine } from './local-runtime.ts';
import type { Pipeline } from './pipeline.ts';

const echo = pipeline('echo').from('in', text()).to('out', text());

function read(topic: Topic, group = 'test'): RecordCopy[] {
  const consumer = topic.consume({ group });
  const copies: RecordCopy[] = [];
  for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
    copies.push(...batch.copy());
  }
  consumer.close();
  return copies;
}

const textOf = ({ value }: RecordCopy) => Buffer.from(value).toString();

describe('an engine without threads', () => {
  test('runs pipelines by itself, between other work of the thread', async () => {
    await using engine = await LocalEngine.start();
    const input = engine.topic('in');
    const consumer = engine.topic('out').consume({ group: 'test' });
    await engine.run(echo);
    input.append({ key: 'k', value: 'hello', headers: { source: 'tower' } });
    for await (const batch of consumer) {
      expect(batch.copy()).toMatchObject([
        { key: 'k', value: Uint8Array.from(Buffer.from('hello')) },
      ]);
      break;
    }
    input.append({ value: 'again' });
    const job = engine.add(pipeline('other').from('out', text()).to('further', text()));
    await job.caughtUp();
    expect(read(engine.topic('further')).map(textOf)).toContain('hello');
  });

  test('drains: all that came of the input is out when the topic has ended', async () => {
    await using engine = await LocalEngine.start({ automatic: false, stepRecords: 10 });
    const input = engine.topic('in');
    const job = engine.add(echo);
    for (let i = 0; i < 1000; i++) input.append({ key: `k${i}`, value: String(i) });
    input.end();
    await job.drained();
    expect(read(engine.topic('out')).length).toBe(1000);
    expect(await job.stats()).toMatchObject({ pipeline: 'echo', in: 1000, out: 1000, lost: 0 });
    expect((await job.stats()).tasks.every(({ done }) => done)).toBe(true);
  });

  test('a group that is gone lets the topic go on', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const job = engine.add(echo);
    const groups = () =>
      engine
        .topic('in')
        .groups()
        .map(({ name }) => name);
    expect(groups()).toEqual(['pipeline/echo']);
    engine.topic('in').append({ value: 'x' });
    await job.caughtUp();
    await job.stop();
    await job.stop();
    expect(groups()).toEqual([]);
    expect(await job.stats()).toMatchObject({ in: 1, out: 1 });
    await expect(job.drained()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(job.caughtUp()).rejects.toMatchObject({ code: 'CLOSED' });
    // A second run begins at the earliest again.
    const again = engine.add(echo);
    await again.caughtUp();
    expect(read(engine.topic('out')).length).toBe(2);
  });

  test('an output without room holds the pipeline, and its input is not released', async () => {
    await using engine = await LocalEngine.start({ automatic: false, processors: 2 });
    const output = engine.topic('out', {
      shards: 1,
      slots: 16,
      shardBytes: 4096,
      maxRecordBytes: 256,
    });
    output.createGroup('slow');
    const made = pipeline('p')
      .from('in', text())
      .keyBy(word => word)
      .map(word => word.toUpperCase())
      .to('out', text());
    const input = engine.topic('in', { shards: 2 });
    const job = engine.add(made);
    for (let i = 0; i < 500; i++) input.append({ value: `word ${i}` });
    input.end();
    engine.settle();
    const stalled = await job.stats();
    expect(stalled.in).toBeGreaterThan(16);
    expect(stalled.tasks.some(({ suspended }) => suspended)).toBe(true);
    const committed = () => {
      const [group] = input.groups();
      return group.shards.reduce((sum, shard) => sum + shard.committed, 0);
    };
    // Released is only what is appended, and little of it is.
    expect(committed()).toBeLessThan(40);
    const seen: string[] = [];
    const consumer = output.consume({ group: 'slow', maxRecords: 4 });
    while (!(await job.stats()).tasks.every(({ done }) => done)) {
      const batch = consumer.poll();
      batch?.forEach(record => {
        seen.push(record.text);
      });
      engine.settle();
      expect(unaccounted(await job.stats()) >= 0).toBe(true);
    }
    for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
      seen.push(...batch.copy().map(textOf));
    }
    expect(seen.sort()).toEqual(Array.from({ length: 500 }, (_, i) => `WORD ${i}`).sort());
    expect(unaccounted(await job.stats())).toBe(0);
  });

  test('windows that fire into an output without room go on where they stopped', async () => {
    for (const processors of [1, 3]) {
      await using engine = await LocalEngine.start({
        automatic: false,
        processors,
        stepRecords: 7,
      });
      const output = engine.topic('out', {
        shards: 1,
        slots: 16,
        shardBytes: 4096,
        maxRecordBytes: 256,
      });
      output.createGroup('slow');
      const made = pipeline('p')
        .from('in', text())
        .keyBy(word => word)
        .window(tumbling(10), { allowedLateness: 1000 })
        .aggregate({ create: () => 0, add: n => n + 1, result: (n, { key }) => `${key} ${n}` })
        .to('out', text());
      const input = engine.topic('in', { shards: 2 });
      const job = engine.add(made);
      const producer = input.producer();
      for (let t = 0; t < 300; t++)
        producer.sendSync({ value: `w${t % 20}`, timestamp: t, key: `${t % 5}` });
      producer.closeSync();
      input.end();
      const seen: string[] = [];
      const consumer = output.consume({ group: 'slow', maxRecords: 2 });
      while (!(await job.stats()).tasks.every(({ done }) => done)) {
        engine.settle();
        consumer.poll()?.forEach(record => {
          seen.push(record.text);
        });
      }
      for (let batch = consumer.poll(); batch !== undefined; batch = consumer.poll()) {
        seen.push(...batch.copy().map(textOf));
      }
      const stats = await job.stats();
      expect(stats).toMatchObject({ in: 300, windowed: 300, late: 0, deadLetters: 0 });
      expect(seen.length).toBe(stats.fired);
      // 30 windows of ten words, each once: 300 panes of one, and those that a late word fired again.
      expect(new Set(seen)).toEqual(new Set(Array.from({ length: 20 }, (_, i) => `w${i} 1`)));
      expect(seen.length).toBe(300);
    }
  });

  test('what stopped a pipeline is what drained and caughtUp reject with', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const job = engine.add(
      pipeline('p')
        .from('in', text())
        .tap(() => Promise.resolve() as never)
        .to('out', text()),
    );
    engine.topic('in').append({ value: 'x' });
    await expect(job.drained()).rejects.toMatchObject({ code: 'ASYNC_OPERATOR' });
    await expect(job.caughtUp()).rejects.toMatchObject({ code: 'ASYNC_OPERATOR' });
  });

  test('an error that is none of ours is TASK_FAILED', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const job = engine.add(
      pipeline('p')
        .from('in', text(), {
          watermark: {
            name: 'bad',
            create: () => {
              throw new Error('no time');
            },
          },
        })
        .to('out', text()),
    );
    engine.topic('in').append({ value: 'x' });
    await expect(job.drained()).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringMatching(/"p".*stage 0.*no time/),
    });
  });

  test.each([
    [{ processors: 0 }, 'processors is 0; it takes a whole number from 1 to 1024'],
    [{ userRetries: 0.5 }, 'userRetries is 0.5'],
    [{ channelBytes: 5000 }, 'channelBytes is 5000; it takes a power of two'],
    [{ channelSlots: 3 }, 'channelSlots is 3; it takes a power of two'],
    [{ stepRecords: Number.NaN }, 'stepRecords is NaN; it takes a whole number'],
    [{ shards: 4 }, 'A LocalEngine has no option "shards". It has topics,'],
  ])('an option that cannot be is named: %o', (options, message) => {
    expect(() => new LocalEngine(options as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });

  test('records that are not accounted for in the end are an error', async () => {
    const engine = await LocalEngine.start();
    const job = await engine.run(echo);
    await using _ = job;
    engine.topic('in').append({ value: 'x' });
    engine.topic('in').end();
    const { stats } = job;
    job.stats = () => ({ ...stats.call(job), in: 3 });
    await expect(job.drained()).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining('2 records of the pipeline "echo" are not accounted for'),
    });
    await engine.stop();
  });

  test('a job runs under another name, and goes on where its group was kept', async () => {
    const engine = new LocalEngine({ automatic: false });
    const run = (name?: string) => engine.add(echo, { keepGroup: true, name });
    const jobs = [run(), run('second')];
    expect(jobs.map(({ name }) => name)).toEqual(['echo', 'second']);
    engine.topic('in').append({ value: 'before' });
    engine.settle();
    for (const job of jobs) await job.stop();
    const groups = engine.topic('in').groups();
    expect(groups.map(({ name }) => name)).toEqual(['pipeline/echo', 'pipeline/second']);
    engine.topic('in').append({ value: 'after' });
    const again = engine.add(echo);
    engine.settle();
    expect(again.stats()).toMatchObject({ in: 1, out: 1 });
    await again.stop();
    expect(engine.topic('in').groups()).toHaveLength(1);
    await engine.stop();
  });

  test('waits end by their signal, and the job goes on', async () => {
    const engine = await LocalEngine.start();
    const job = await engine.run(
      pipeline('p', { checkpoint: { every: '1h' } })
        .from('in', text())
        .to('out', text()),
    );
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [job.drained({ signal }), job.drained({ signal })];
    setImmediate(() => controller.abort('enough'));
    for (const wait of waits) {
      await expect(wait).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    }
    engine.topic('in').append({ value: 'x' });
    await expect(job.caughtUp({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(job.checkpoint({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(job.savepoint('s', { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await job.caughtUp({ signal: new AbortController().signal });
    expect(job.stats().out).toBe(1);
    await engine.stop();
  });

  test('each misuse has its code', async () => {
    const engine = await LocalEngine.start({ automatic: false });
    engine.add(echo);
    expect(() => engine.add(echo)).toThrow(expect.objectContaining({ code: 'PIPELINE_RUNNING' }));
    expect(() => engine.add(pipeline('back').from('out', text()).to('in', text()))).toThrow(
      expect.objectContaining({ code: 'PIPELINE_CYCLE' }),
    );
    expect(engine.topic('in', { shards: 4 })).toBe(engine.topic('in'));
    for (const options of [{ shards: 0 }, { shard: 1 }, { durable: true }]) {
      expect(() => engine.topic('new', options as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    }
    expect(() => engine.topic('in', { shards: 5 })).toThrow(
      expect.objectContaining({
        code: 'TOPIC_EXISTS',
        message: expect.stringContaining('shards = 4'),
      }),
    );
    await expect(engine.run(new URL('./missing.ts', import.meta.url))).rejects.toMatchObject({
      code: 'MODULE_NOT_LOADED',
      message: expect.stringContaining('missing.ts'),
    });
    await expect(engine.run(new URL('./plan.ts', import.meta.url).href)).rejects.toMatchObject({
      code: 'MODULE_NO_DEFAULT',
    });
    await engine.stop();
    await engine.stop();
    expect(() => engine.topic('in')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    expect(() => engine.add(echo)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  });

  test('an output that ends stops the pipeline', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const job = engine.add(echo);
    engine.topic('out').end();
    engine.topic('in').append({ value: 'x' });
    await expect(job.drained()).rejects.toMatchObject({ code: 'TOPIC_ENDED' });
  });

  test('drained waits for input that is still to come', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const input = engine.topic('in');
    const job = engine.add(echo);
    const drained = job.drained();
    setTimeout(() => {
      input.append({ value: 'x' });
      input.end();
    }, 5);
    await drained;
    expect(await job.stats()).toMatchObject({ in: 1, out: 1 });
  });

  test('explains its plan', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    expect(engine.add(echo).explain()).toContain('pipeline "echo", group "pipeline/echo"');
  });

  test('a source that overwrites says how much was lost', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const input = engine.topic('in', { shards: 1, slots: 16, overflow: 'overwrite' });
    const job = engine.add(echo);
    for (let i = 0; i < 100; i++) input.append({ value: String(i) });
    input.end();
    await job.drained();
    const stats = await job.stats();
    expect(stats.lost).toBeGreaterThan(0);
    expect(stats.in + stats.lost).toBeGreaterThanOrEqual(100);
  });

  test('tells what holds the watermark', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const made = pipeline('p')
      .from('in', text())
      .keyBy(word => word)
      .window(tumbling(10))
      .process((_, values) => values.length)
      .to('out', json());
    const input = engine.topic('in', { shards: 2 });
    const job = engine.add(made);
    const [fast, slow] = [input.producer(), input.producer()];
    const held = new HeldWatermarks(1000);
    await fast.send({ value: 'x', timestamp: 50, shard: 0 });
    await fast.send({ value: 'x', timestamp: 50, shard: 1 });
    await slow.send({ value: 'x', timestamp: 40, shard: 1 });
    engine.settle();
    const { tasks } = await job.stats();
    expect(tasks.map(({ heldBy }) => heldBy)).toEqual([
      `producer ${slow.id} on shard 0`,
      `producer ${slow.id} on shard 1`,
      'task 0 of stage 0',
    ]);
    expect(held.look(tasks, 0)).toEqual([]);
    expect(held.look(tasks, 999)).toEqual([]);
    expect(held.look(tasks, 1000).map(({ task }) => task)).toEqual([0, 1, 2]);
    // Once for each time.
    expect(held.look(tasks, 5000)).toEqual([]);
    await slow.send({ value: 'x', timestamp: 45, shard: 1 });
    engine.settle();
    const moved = (await job.stats()).tasks;
    expect(held.look(moved, 6000)).toEqual([]);
    expect(held.look(moved, 7000)).toMatchObject([{ task: 1, watermark: 44 }]);
    await Promise.all([fast.close(), slow.close()]);
    input.end();
    await job.drained();
    expect((await job.stats()).tasks.map(({ heldBy }) => heldBy)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('whole records cross to other tasks without being decoded', () => {
  const counting = pipeline('p')
    .from('in', records())
    .filter(record => record.valueLength > 0)
    .keyBy(record => record.key ?? 'none')
    .window(tumbling(1000))
    .aggregate({
      create: () => ({ n: 0, text: '' }),
      add: (all, record) => ({ n: all.n + 1, text: all.text + record.text }),
      result: ({ n, text: all }, { key }) => `${key} ${n} ${[...all].sort().join('')}`,
    })
    .to('out', text());

  test.each([1, 2, 3])('%d processors', async processors => {
    await using engine = await LocalEngine.start({ automatic: false, processors, stepRecords: 2 });
    const input = engine.topic('in');
    const job = engine.add(counting);
    for (const [key, value] of ['ax', 'by', 'az', 'bx', 'c', 'ay'].map(([k, v]) => [k, v])) {
      input.append({ key, value: value ?? '', timestamp: 5 });
    }
    input.end();
    await job.drained();
    expect(read(engine.topic('out')).map(textOf).sort()).toEqual(['a 3 xyz', 'b 2 xy']);
  });

  test('that may be overwritten are copied', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const input = engine.topic('in', { overflow: 'overwrite' });
    const job = engine.add(counting);
    for (const value of ['x', 'y']) input.append({ key: 'a', value, timestamp: 5 });
    input.end();
    await job.drained();
    expect(read(engine.topic('out')).map(textOf)).toEqual(['a 2 xy']);
  });

  test('that the next task cannot decode are tried again there, then dead letters', async () => {
    for (const failures of [2, 9]) {
      let left = failures;
      let decoded = 0;
      const serde = {
        ...records(),
        decode(record: Parameters<ReturnType<typeof records>['decode']>[0]) {
          // The first time is in the stage that reads the topic.
          if (decoded++ > 0 && left-- > 0) throw new Error('not here');
          return record;
        },
      };
      await using engine = await LocalEngine.start({ automatic: false, userRetries: 3 });
      const made = pipeline('p')
        .from('in', serde)
        .keyBy(() => 'k')
        .map(record => record.text)
        .to('out', text());
      const input = engine.topic('in');
      const job = engine.add(made);
      input.append({ value: 'v' });
      input.end();
      await job.drained();
      const good = failures === 2 ? 1 : 0;
      expect(await job.stats()).toMatchObject({ in: 1, out: good, deadLetters: 1 - good });
    }
  });

  test('window functions get copies that stay', async () => {
    await using engine = await LocalEngine.start({ automatic: false });
    const made = pipeline('p')
      .from('in', records())
      .keyByRecord()
      .window(tumbling(1000))
      .process((key, values) => `${key}:${values.map(({ offset }) => offset).length}`)
      .to('out', text());
    const input = engine.topic('in');
    const job = engine.add(made);
    for (const key of ['a', 'b', 'a']) input.append({ key, timestamp: 5 });
    input.end();
    await job.drained();
    expect(read(engine.topic('out')).map(textOf).sort()).toEqual(['a:2', 'b:1']);
  });

  test('a view that comes out of a map travels as a copy', async () => {
    for (const processors of [1, 2]) {
      await using engine = await LocalEngine.start({ automatic: false, processors });
      const made = pipeline('p')
        .from('in', text())
        .map((_, { record }) => record)
        .keyBy(record => record?.text ?? '')
        .map(record => record?.text ?? 'none')
        .to('out', text());
      const input = engine.topic('in');
      const job = engine.add(made);
      const words = Array.from({ length: 50 }, (_, i) => `word ${i}`);
      for (const value of words) input.append({ value });
      input.end();
      await job.drained();
      expect(read(engine.topic('out')).map(textOf).sort()).toEqual(words.toSorted());
    }
  });

  test('one accessor for all tasks of a thread: a suspended one finds its record again', async () => {
    const shared = records();
    const accessor = { text: '' };
    // As the flatbuffer serde does: one object, aimed at record after record.
    const serde = {
      name: 'shared accessor',
      views: true,
      encode: (value: { text: string }) => value.text,
      decode(record: Parameters<typeof shared.decode>[0]) {
        accessor.text = record.text;
        return accessor;
      },
    };
    const slow = { shards: 1, slots: 16, shardBytes: 4096, maxRecordBytes: 256 };
    for (const keyed of [false, true]) {
      await using engine = await LocalEngine.start({ automatic: false });
      engine.topic('out', slow).createGroup('slow');
      const source = pipeline('p').from('in', serde);
      const made = (keyed ? source.keyBy(value => value.text) : source)
        .flatMap(function* (value) {
          for (let i = 0; i < 3; i++) yield `${value.text}/${i}`;
        })
        .to('out', text());
      const input = engine.topic('in', { shards: 3 });
      const job = engine.add(made as Pipeline);
      for (let i = 0; i < 60; i++) input.append({ value: String(i), shard: i % 3 });
      input.end();
      const seen: string[] = [];
      const consumer = engine.topic('out').consume({ group: 'slow', maxRecords: 1 });
      for (;;) {
        engine.settle();
        const batch = consumer.poll();
        if (batch !== undefined) seen.push(...batch.copy().map(textOf));
        else if ((await job.stats()).tasks.every(({ done }) => done)) break;
      }
      const expected = Array.from({ length: 60 }, (_, i) => [0, 1, 2].map(j => `${i}/${j}`)).flat();
      expect(seen.sort()).toEqual(expected.sort());
    }
  });
});

interface Event {
  readonly key: string;
  readonly time: number;
  readonly producer: number;
}

/** Sums per key and window, whatever runs them. */
const sums = (bound: number) =>
  pipeline('sums')
    .from('in', json<Event>(), {
      timestamp: ({ time }) => time,
      watermark: boundedOutOfOrderness(bound),
    })
    .keyBy(({ key }) => key)
    .window(hopping(20, 10), { lateTo: 'late' })
    .aggregate({
      create: () => 0,
      add: n => n + 1,
      result: (n, { key, window }) => `${key} ${window.start} ${n}`,
    })
    .to('out', text());

async function resultsOf(
  events: readonly Event[],
  bound: number,
  options: LocalEngineOptions,
  shards: number,
) {
  const small = { slots: 256, shardBytes: 64 * 1024, maxRecordBytes: 1024 };
  await using engine = await LocalEngine.start({
    ...options,
    automatic: false,
    clock: new VirtualClock(),
    topics: small,
  });
  const input = engine.topic('in', { ...small, shards });
  const job = engine.add(sums(bound));
  const producers = new Map<number, ReturnType<Topic['producer']>>();
  for (const { producer } of events) {
    if (!producers.has(producer)) producers.set(producer, input.producer());
  }
  for (const event of events) {
    const record = { key: event.key, value: JSON.stringify(event), timestamp: event.time };
    producers.get(event.producer)?.sendSync(record);
  }
  for (const producer of producers.values()) producer.closeSync();
  input.end();
  await job.drained();
  const stats = await job.stats();
  expect(unaccounted(stats)).toBe(0);
  expect(stats.in).toBe(events.length);
  return {
    results: read(engine.topic('out')).map(textOf).sort(),
    stats,
  };
}

const setups = fc.record({
  shards: fc.integer({ min: 1, max: 4 }),
  options: fc.record({
    processors: fc.integer({ min: 1, max: 3 }),
    stepRecords: fc.integer({ min: 1, max: 20 }),
    channelSlots: fc.constantFrom(1, 2, 64),
    channelBytes: fc.constantFrom(1024, 65_536),
  }),
});

test('no record beyond its bound: the same results whatever runs them (100 cases)', async () => {
  const someEvents = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      step: fc.nat(8),
      back: fc.nat(10),
      producer: fc.nat(2),
    }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(someEvents, setups, async (steps, { shards, options }) => {
      // Each producer's time goes on by `step`, and its records are at most `back` ≤ 10 behind it.
      const times = [0, 0, 0];
      const events = steps.map(({ key, step, back, producer }) => {
        times[producer] += step;
        return { key, producer, time: times[producer] - back };
      });
      const counts = new Map<string, number>();
      for (const { key, time } of events) {
        for (const start of [Math.floor(time / 10) * 10, Math.floor(time / 10) * 10 - 10]) {
          counts.set(`${key} ${start}`, (counts.get(`${key} ${start}`) ?? 0) + 1);
        }
      }
      const expected = Array.from(counts, ([window, n]) => `${window} ${n}`).sort();
      const { results, stats } = await resultsOf(events, 10, options, shards);
      expect(results).toEqual(expected);
      expect(stats.late).toBe(0);
    }),
    { numRuns: 100 },
  );
}, 60_000);

test('beyond it: every record is windowed or late, and the same run repeats exactly (50 cases)', async () => {
  const someEvents = fc.array(
    fc.record({
      key: fc.constantFrom('a', 'b'),
      time: fc.integer({ min: -50, max: 100 }),
      producer: fc.nat(1),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(someEvents, setups, async (events, { shards, options }) => {
      const first = await resultsOf(events, 5, options, shards);
      expect(first.stats.windowed + first.stats.late).toBe(events.length);
      const second = await resultsOf(events, 5, options, shards);
      expect(second.results).toEqual(first.results);
      expect(second.stats).toEqual(first.stats);
    }),
    { numRuns: 50 },
  );
}, 60_000);
