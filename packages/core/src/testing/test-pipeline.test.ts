import { describe, expect, test } from 'vitest';
import { pipeline } from '../pipeline/builder.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { RecordCopy } from '../record/record.ts';
import type { RecordView } from '../record/view.ts';
import { bytes } from '../serde/bytes.ts';
import { json } from '../serde/json.ts';
import { records } from '../serde/records.ts';
import { text } from '../serde/text.ts';
import { boundedOutOfOrderness, manual } from '../time/watermark.ts';
import { counting } from '../window/counting.ts';
import { tumbling } from '../window/tumbling.ts';
import { testPipeline } from './test-pipeline.ts';

interface Flight {
  origin: string;
  date: number;
  delay: number;
}

const delays = pipeline('delays')
  .from('flights', json<Flight>(), {
    timestamp: f => f.date,
    watermark: boundedOutOfOrderness('1h'),
  })
  .filter(f => f.delay > 0)
  .keyBy(f => f.origin)
  .window(tumbling('1d'), { allowedLateness: '1h', lateTo: 'late-flights' })
  .aggregate({
    create: () => ({ n: 0, sum: 0 }),
    add(all, { delay }) {
      all.n++;
      all.sum += delay;
      return all;
    },
    result: ({ n, sum }, { key, window }) => ({ key, day: window.start, n, mean: sum / n }),
  })
  .to('daily-delays', json());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('a pipeline in virtual time', () => {
  test('windows, late records and counters', () => {
    using run = testPipeline(delays);
    run.push({ origin: 'JFK', date: 5 * HOUR, delay: 10 }, { key: 'JFK' });
    run.push({ origin: 'JFK', date: 6 * HOUR, delay: 20 });
    run.push({ origin: 'LAX', date: 7 * HOUR, delay: -5 });
    expect(run.output()).toEqual([]);
    run.push({ origin: 'LAX', date: DAY + HOUR - 1, delay: 1 });
    expect(run.output()).toEqual([]);
    run.push({ origin: 'LAX', date: DAY + HOUR, delay: 1 });
    expect(run.output()).toEqual([{ key: 'JFK', day: 0, n: 2, mean: 15 }]);
    // Late, but allowed: at once, with what was there.
    run.push({ origin: 'JFK', date: DAY - 1, delay: 30 });
    expect(run.output()).toEqual([{ key: 'JFK', day: 0, n: 3, mean: 20 }]);
    run.push({ origin: 'LAX', date: DAY + 3 * HOUR, delay: 1 });
    run.push({ origin: 'JFK', date: 1, delay: 30 });
    expect(run.late()).toMatchObject([{ key: 'JFK', timestamp: 1 }]);
    run.end();
    expect(run.records()).toMatchObject([{ key: 'LAX', timestamp: 2 * DAY - 1 }]);
    expect(run.counters).toMatchObject({
      in: 8,
      filtered: 1,
      windowed: 6,
      late: 1,
      fired: 3,
      out: 3,
      deadLetters: 0,
    });
  });

  test('records that cannot be decoded are dead letters, as they were', () => {
    using run = testPipeline(delays, { shards: 3 });
    run.pushRecord({
      key: 'JFK',
      value: 'not json',
      timestamp: 7,
      shard: 2,
      headers: { source: 'tower' },
    });
    run.push({ origin: 'JFK', delay: 3 });
    run.push({ origin: 'JFK', delay: 3, date: 'soon' });
    const letters = run.deadLetters();
    const first = letters.find(
      ({ headers }) => headers['error.code'] === 'SERDE_FAILED',
    ) as RecordCopy;
    const others = letters.filter(letter => letter !== first);
    expect(first).toMatchObject({
      key: 'JFK',
      timestamp: 7,
      headers: {
        source: 'tower',
        'error.pipeline': 'delays',
        'error.step': 'from-0',
        'error.code': 'SERDE_FAILED',
        'origin.topic': 'flights',
        'origin.shard': '2',
        'origin.offset': expect.any(String),
      },
    });
    expect(Buffer.from(first.value).toString()).toBe('not json');
    expect(others.map(({ headers }) => headers['error.code'])).toEqual([
      'INVALID_TIMESTAMP',
      'INVALID_TIMESTAMP',
    ]);
    const messages = others.map(({ headers }) => headers['error.message']).join();
    expect(messages).toContain('undefined');
    expect(messages).toContain('"soon"');
    expect(run.counters).toMatchObject({ in: 3, deadLetters: 3 });
  });

  test('after the exchange a dead letter still knows where its record came from', () => {
    const made = pipeline('p')
      .from('in', json<{ k: string; v: number }>())
      .keyBy(({ k }) => k)
      .map(({ v }) => {
        if (v < 0) throw new Error('negative');
        return v;
      })
      .to('out', json());
    for (const processors of [1, 2]) {
      using run = testPipeline(made, { shards: 2, processors });
      run.push({ k: 'a', v: 1 }, { shard: 1 });
      run.push({ k: 'b', v: -1 }, { shard: 1, timestamp: 9 });
      expect(run.output()).toEqual([1]);
      const [letter] = run.deadLetters();
      expect(letter).toMatchObject({
        key: 'b',
        timestamp: 9,
        headers: { 'error.step': 'map-2', 'origin.topic': 'in', 'origin.shard': '1' },
      });
      // The slot before holds the first record, the one before that the producer's begin.
      expect(Number(letter.headers['origin.offset'])).toBe(2);
      expect(JSON.parse(Buffer.from(letter.value).toString())).toEqual({ k: 'b', v: -1 });
    }
  });

  test('a view of a record that is kept beyond its record says so', () => {
    const seen: RecordView[] = [];
    const made = pipeline('p')
      .from('in', records())
      .tap(record => {
        seen.push(record);
      })
      .map(() => seen.map(record => record.text))
      .to('out', json());
    using run = testPipeline(made);
    run.pushRecord({ value: 'a' });
    expect(run.output()).toEqual([['a']]);
    run.pushRecord({ value: 'b' });
    expect(run.deadLetters()).toMatchObject([{ headers: { 'error.code': 'STALE_VIEW' } }]);
  });

  describe('and so it does in a step that keeps values or calls for itself', () => {
    const from = () => pipeline('p').from('in', json<{ k: string }>());
    const refuse = (): never => {
      throw new Error('no');
    };
    const keyed = () => from().keyBy(({ k }) => k);
    test.each<[string, Pipeline]>([
      ['process', keyed().process({ onRecord: refuse }).to('out', json())],
      [
        'a step behind process',
        keyed()
          .process({ onRecord: value => value })
          .map(refuse)
          .to('out', json()),
      ],
      ['dedupe', keyed().dedupe({ within: '1s', by: refuse }).to('out', json())],
      ['mapAsync', keyed().mapAsync(refuse, { retries: 0 }).to('out', json())],
      [
        'a step behind mapAsync',
        from()
          .mapAsync(value => value)
          .map(refuse)
          .to('out', json()),
      ],
      [
        'a window',
        keyed()
          .window(counting(2))
          .aggregate({ create: () => 0, add: refuse })
          .to('out', json()),
      ],
    ])('%s', async (_, made) => {
      using run = testPipeline(made, { processors: 2 });
      run.push({ k: 'a' });
      await run.settled();
      const origin = { 'origin.topic': 'in', 'origin.shard': '0', 'origin.offset': '1' };
      expect(run.deadLetters()).toMatchObject([{ headers: origin }]);
    });
  });

  test('a key that is none is a dead letter', () => {
    const made = pipeline('p')
      .from('in', json<{ k: string }>())
      .keyBy(({ k }) => {
        if (k === 'throws') throw new Error('no key for this');
        return k;
      })
      .to('out', json());
    using run = testPipeline(made);
    for (const k of ['a', undefined, Number.NaN, {}, 'throws', 5]) run.push({ k });
    expect(run.output()).toEqual([{ k: 'a' }, { k: 5 }]);
    expect(run.deadLetters().map(({ headers }) => headers['error.code'])).toEqual([
      'INVALID_KEY',
      'INVALID_KEY',
      'INVALID_KEY',
      undefined,
    ]);
  });

  test('each producer has its own time', () => {
    using run = testPipeline(delays);
    run.producer('slow');
    run.push({ origin: 'JFK', date: 1, delay: 1 }, { producer: 'fast' });
    run.push({ origin: 'JFK', date: 3 * DAY, delay: 1 }, { producer: 'fast' });
    run.push({ origin: 'JFK', date: 2, delay: 1 }, { producer: 'slow' });
    expect(run.output()).toEqual([]);
    run.close('slow');
    expect(run.output()).toMatchObject([{ n: 2 }]);
    expect(run.counters.late).toBe(0);
  });

  test('a producer that is silent for the idle timeout holds nothing back', () => {
    const made = pipeline('p')
      .from('in', json<number>(), { idleTimeout: '10s' })
      .keyBy(v => v)
      .window(tumbling(1000))
      .aggregate({ create: () => 0, add: n => n + 1 })
      .to('out', json());
    for (const shards of [1, 2]) {
      using run = testPipeline(made, { shards, processors: shards });
      run.producer('silent');
      run.push(1, { timestamp: 5, shard: 0 });
      run.push(1, { timestamp: 5000, shard: 0 });
      expect(run.output()).toEqual([]);
      run.advance(1);
      run.push(1, { timestamp: 6000, shard: 0 });
      run.advance(9_998);
      expect(run.output()).toEqual([]);
      // The silent one and, with two, the other shard: idle 10 s after the beginning.
      run.advance(1);
      expect(run.output()).toEqual([1, 1]);
      run.advance(20_000);
      run.push(1, { timestamp: 5_500, shard: 0 });
      expect(run.counters.late).toBe(1);
    }
  });

  test('a manual watermark', () => {
    const made = pipeline('p')
      .from('in', text(), { watermark: manual() })
      .window(tumbling(10))
      .process((key, values, window) => ({ key, values, window }))
      .to('out', json());
    using run = testPipeline(made, { shards: 4 });
    for (const [i, word] of ['a', 'b', 'c', 'd'].entries()) run.push(word, { timestamp: i });
    run.watermark(8);
    expect(run.output()).toEqual([]);
    run.watermark(9);
    expect(run.output()).toEqual([
      { values: expect.arrayContaining(['a', 'b', 'c', 'd']), window: { start: 0, end: 10 } },
    ]);
  });

  test('count windows give what is left at the end of input', () => {
    const made = pipeline('p')
      .from('in', text())
      .keyBy(word => word[0])
      .window(counting(2))
      .process((_, values) => values.join('+'))
      .to('out', text());
    using run = testPipeline(made);
    for (const word of ['a1', 'b1', 'a2', 'a3']) run.push(word);
    expect(run.output()).toEqual(['a1+a2']);
    run.end();
    expect(run.output().sort()).toEqual(['a3', 'b1']);
    expect(run.counters).toMatchObject({ in: 4, windowed: 4, fired: 3, out: 3 });
  });

  test('outputs carry keys, headers and times of their own', () => {
    const made = pipeline('p')
      .from('in', bytes())
      .flatMap(v => [v, v])
      .to('out', bytes(), {
        key: (v, { key }) => `${key}-${v.length}`,
        headers: v => ({ length: String(v.length) }),
        timestamp: (_, { timestamp }) => timestamp * 2,
      });
    using run = testPipeline(made);
    run.push(new Uint8Array(3), { key: 'k', timestamp: 21 });
    const record = { key: 'k-3', timestamp: 42, headers: { length: '3' } };
    expect(run.records()).toMatchObject([record, record]);
    expect(run.counters).toMatchObject({ in: 1, expanded: 1, out: 2 });
  });

  test('throws what stopped the pipeline', () => {
    const made = pipeline('p')
      .from('in', text())
      .map(async v => v)
      .to('out', json() as never);
    using run = testPipeline(made);
    expect(() => run.push('x')).toThrow(expect.objectContaining({ code: 'ASYNC_OPERATOR' }));
  });

  test('without a late output there are no late records to read', () => {
    using run = testPipeline(pipeline('p').from('in', text()).to('out', text()));
    run.push('x', { key: null });
    expect(run.late()).toEqual([]);
    expect(run.records()).toMatchObject([{ key: undefined }]);
  });

  test('no output is ever without room', () => {
    const made = pipeline('p')
      .from('in', text())
      .flatMap(word => Array.from({ length: 3000 }, (_, i) => `${word} ${i}`))
      .to('out', text());
    using run = testPipeline(made);
    for (const word of ['a', 'b', 'c']) run.push(word);
    run.end();
    expect(run.output().length).toBe(9000);
    expect(run.counters).toMatchObject({ in: 3, expanded: 8997, out: 9000 });
  });

  test('outputs that would be views are copies', () => {
    using run = testPipeline(pipeline('p').from('in', records()).to('out', records()));
    run.pushRecord({ key: 'k', value: 'v', timestamp: 3 });
    expect(run.output()).toMatchObject([{ key: 'k', timestamp: 3 }]);
    expect(run.records('out')).toEqual([]);
  });

  test('repeats exactly', () => {
    const once = () => {
      using run = testPipeline(delays, { shards: 3, processors: 2, stepRecords: 7 });
      for (let i = 0; i < 500; i++) {
        const origin = `A${(i * 7) % 13}`;
        const date = i * HOUR - ((i * 7919) % 5) * HOUR;
        run.push({ origin, date, delay: (i % 9) - 2 }, { key: origin, producer: `p${i % 3}` });
      }
      run.end();
      return [run.records(), run.late(), run.counters];
    };
    expect(once()).toEqual(once());
  });
});
