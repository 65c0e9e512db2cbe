import { describe, expect, test } from 'vitest';
import { ContextCell } from '../operator/context.ts';
import type { RecordCounts } from '../operator/counters.ts';
import type { Operator } from '../operator/operator.ts';
import type { TwoInputOperator } from '../operator/two-input.ts';
import type { TwoInputParts } from '../operator/two-input-head.ts';
import { json } from '../serde/json.ts';
import { testPipeline } from '../testing/test-pipeline.ts';
import { manual } from '../time/watermark.ts';
import { tumbling } from '../window/tumbling.ts';
import { type Builder, pipeline } from './builder.ts';
import type { Stream } from './stream.ts';

interface Row {
  k: string;
  at: number;
}

const count = { create: () => 0, add: (n: number) => n + 1 };
const source = { timestamp: (row: Row) => row.at, watermark: manual() };

describe('merge', () => {
  test('of two topics without a key is a hand-over in each of their stages', () => {
    const p = pipeline('p');
    p.from('a', json<number>())
      .merge(p.from('b', json<number>()))
      .map(n => n * 10)
      .to('out', json());
    using run = testPipeline(p);
    run.push(1, { topic: 'a' });
    run.push(2, { topic: 'b' });
    run.push(3, { topic: 'a' });
    expect(run.output()).toEqual([10, 20, 30]);
    run.end('a');
    run.push(4, { topic: 'b' });
    expect(run.output()).toEqual([40]);
    run.end();
    expect(run.counters).toMatchObject({ in: 4, out: 4 });
    expect(run.counters.tasks.every(({ done }) => done)).toBe(true);
  });

  test.each([1, 3])('before keyBy: a window waits for all of them, %d processors', processors => {
    const p = pipeline('p');
    const a = p.from('a', json<Row>(), source);
    const b = p.from('b', json<Row>(), source).filter(row => row.k !== 'no');
    a.merge(b)
      .keyBy(row => row.k)
      .window(tumbling(10))
      .aggregate({ ...count, result: (n, { key, window }) => `${key}@${window.start}: ${n}` })
      .to('out', json());
    using run = testPipeline(p, { shards: 2, processors });
    for (const topic of ['a', 'b']) {
      for (const k of ['x', 'y']) run.push({ k, at: 1 }, { topic, key: k });
    }
    run.push({ k: 'no', at: 1 }, { topic: 'b' });
    run.watermark(9, 'test', 'a');
    expect(run.output()).toEqual([]);
    run.watermark(9, 'test', 'b');
    expect(run.output().toSorted()).toEqual(['x@0: 2', 'y@0: 2']);
    run.end();
    expect(run.counters).toMatchObject({ in: 5, filtered: 1, windowed: 4, fired: 2, out: 2 });
  });

  test('before a window without a key: one task takes from all stages', () => {
    const p = pipeline('p');
    const a = p.from('a', json<Row>(), source);
    const b = p.from('b', json<Row>(), source);
    a.merge(b).window(tumbling(10)).aggregate(count).to('out', json());
    using run = testPipeline(p, { shards: 2, processors: 2 });
    for (const topic of ['a', 'b', 'a']) run.push({ k: 'x', at: 1 }, { topic });
    run.end();
    expect(run.output()).toEqual([3]);
  });
});

describe('fork and split', () => {
  test('the same values to several outputs', () => {
    const p = pipeline('p');
    const [a, b, c] = p.from('in', json<number>()).fork(3);
    a.to('plain', json());
    b.map(n => n + 1).to('more', json());
    c.keyBy(n => n % 2)
      .window(tumbling(10))
      .aggregate(count)
      .to('counts', json());
    using run = testPipeline(p, { processors: 2 });
    for (let i = 0; i < 5; i++) run.push(i, { timestamp: i });
    run.end();
    expect(run.output('plain')).toEqual([0, 1, 2, 3, 4]);
    expect(run.output('more')).toEqual([1, 2, 3, 4, 5]);
    expect(run.output('counts').toSorted()).toEqual([2, 3]);
    expect(run.counters).toMatchObject({ in: 5, expanded: 10, out: 12, windowed: 5, fired: 2 });
  });

  test('each value to the first route that wants it', () => {
    const p = pipeline('p');
    const { small, even } = p
      .from('in', json<number>())
      .split({ small: n => n < 3, even: n => n % 2 === 0 });
    small.to('small', json());
    even.to('even', json());
    using run = testPipeline(p);
    for (let i = 0; i < 8; i++) run.push(i);
    expect(run.output('small')).toEqual([0, 1, 2]);
    expect(run.output('even')).toEqual([4, 6]);
    expect(run.counters).toMatchObject({ in: 8, filtered: 3, out: 5 });
  });

  test('a route that throws sends its value to the dead letters', () => {
    const p = pipeline('p');
    const { good } = p
      .from('in', json<{ n: number } | null>())
      .split({ good: v => (v as { n: number }).n });
    good.to('out', json());
    using run = testPipeline(p);
    run.push(null);
    run.push({ n: 1 });
    expect(run.output()).toEqual([{ n: 1 }]);
    expect(run.deadLetters()).toMatchObject([{ headers: { 'error.step': 'split-1' } }]);
  });

  test('branches that meet again in the task of one key keep its order in time', () => {
    const p = pipeline('p');
    const keyed = p.from('in', json<Row>(), source).keyBy(row => row.k);
    const [all, windowed] = keyed.fork(2);
    const counts = windowed.window(tumbling(10)).aggregate(count);
    all
      .map(() => 1)
      .merge(counts)
      .window(tumbling(100))
      .process((key, values) => `${key}: ${values.join(' ')}`)
      .to('out', json());
    using run = testPipeline(p, { shards: 2, processors: 2 });
    for (const at of [1, 2, 11]) run.push({ k: 'x', at });
    run.end();
    expect(run.output()).toEqual(['x: 1 1 1 2 1']);
  });
});

const twoInputs = (kind: 'join' | 'lookup') => ({
  described: 'all pairs',
  left: kind === 'join' ? ('by-key' as const) : ('forward' as const),
  right: kind === 'join' ? ('by-key' as const) : ('broadcast' as const),
  rightFirst: kind === 'lookup',
  stateful: true,
  lateTo: undefined,
  create: (parts: TwoInputParts) => new Pairs(parts),
});

/** What the builder's methods for two inputs do. */
function meet<T, U>(left: Stream<T, unknown>, right: Stream<U, unknown>, kind: 'join' | 'lookup') {
  const builder = left as unknown as Builder;
  return builder.meet(kind, right, undefined, () => twoInputs(kind)) as unknown as Stream<
    string,
    string
  >;
}

describe('two inputs', () => {
  test.each([1, 3])('by key: both sides reach the task of the key, %d processors', processors => {
    const p = pipeline('p');
    const a = p.from('a', json<string>()).keyBy(v => v[0]);
    const b = p
      .from('b', json<string>())
      .keyBy(v => v[0])
      .map(v => v.toUpperCase());
    meet(a, b, 'join').to('out', json());
    using run = testPipeline(p, { shards: 2, processors });
    for (const value of ['x1', 'x2', 'y1']) run.push(value, { topic: 'a', key: value });
    for (const value of ['x3', 'z1']) run.push(value, { topic: 'b', key: value });
    expect(run.output().toSorted()).toEqual(['X3+x1', 'X3+x2']);
    run.push('z2', { topic: 'a' });
    expect(run.records()).toMatchObject([
      { key: 'z', value: Uint8Array.from(Buffer.from('"Z1+z2"')) },
    ]);
    run.end('a');
    expect(run.output()).toEqual([]);
    run.end('b');
    expect(run.output()).toEqual(new Array(processors).fill('left ended, right ended'));
  });

  test.each([1, 2])('a side that is broadcast comes first, whole, %d processors', processors => {
    const p = pipeline('p');
    const main = p.from('main', json<string>()).keyByRecord();
    const side = p.from('side', json<string>());
    meet(main, side, 'lookup')
      .map((value, { key }) => `${key} ${value}`)
      .to('out', json());
    using run = testPipeline(p, { shards: 3, processors, stepRecords: 2 });
    for (let i = 0; i < 6; i++) run.push('m', { topic: 'main', key: `k${i}` });
    expect(run.output()).toEqual([]);
    run.push('s', { topic: 'side', key: 'k0' });
    run.push('t', { topic: 'side', key: 'k9' });
    run.end('side');
    expect(run.output().toSorted()).toEqual([
      ...new Array(processors).fill(' right ended'),
      'k0 m+s',
    ]);
    expect(run.counters).toMatchObject({ in: 8, expanded: 2 * (processors - 1) });
    run.end();
    expect(run.counters.tasks.every(({ done }) => done)).toBe(true);
  });

  test('keys of different types, which would never meet, stop the pipeline', () => {
    const p = pipeline('p');
    const a = p.from('a', json<string>()).keyBy(v => v);
    const b = p.from('b', json<number>()).keyBy(v => v);
    meet(a, b, 'join').to('out', json());
    using run = testPipeline(p);
    for (let i = 0; i < 63; i++) run.push(i, { topic: 'b' });
    for (let i = 0; i < 64; i++) run.push(String(i), { topic: 'a' });
    expect(() => run.push(63, { topic: 'b' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_KEY',
        message: expect.stringMatching(/"join-4": the keys of its left side are texts.*numbers/),
      }),
    );
  });

  test('what cannot be is said when it is built', () => {
    const p = pipeline('p');
    const [a, b] = p.from('a', json<string>()).fork(2);
    expect(() => meet(a, b, 'lookup')).toThrow(/"lookup-2" waits for the end .* topic of its own/);
    const kept = pipeline('kept', { checkpoint: { every: '1s' } });
    const looked = meet(kept.from('a', json<string>()), kept.from('b', json<string>()), 'lookup');
    expect(() => looked.to('out', json()).graph).toThrow(/"lookup-2" .* no epoch could end/);
    const crossed = pipeline('crossed');
    const [one, other] = crossed.from('a', json<string>()).fork(2);
    const [two, another] = crossed.from('b', json<string>()).fork(2);
    meet(one, two, 'lookup').to('x', json());
    expect(() => meet(another, other, 'lookup')).toThrow(/"lookup-6" .* before that of "b"/);
    const rows = pipeline('rows');
    const first = meet(rows.from('a', json<string>()), rows.from('b', json<string>()), 'lookup');
    meet(first, rows.from('c', json<string>()), 'lookup').to('x', json());
    expect(rows.graph.nodes.length).toBe(6);
    const q = pipeline('q');
    const c = q.from('a', json<string>());
    const d = q.from('b', json<string>()).keyBy(v => v);
    expect(() => meet(c, d, 'join')).toThrow(/"join-3" takes a stream without a key as its left/);
    const foreign = pipeline('r').from('a', json<string>());
    expect(() => meet(q.from('c', json()).keyBy(String), foreign, 'join')).toThrow(
      /"join-\d" takes a stream of another pipeline, "r"/,
    );
  });
});

/** Pairs all left and right values of a key; knows which sides have ended. */
class Pairs implements TwoInputOperator {
  private readonly next: Operator;
  private readonly left = new Map<unknown, string[]>();
  private readonly right = new Map<unknown, string[]>();
  private readonly context = new ContextCell();
  private waiting: string[] = [];
  private log = '';

  private readonly counts: RecordCounts;

  constructor({ next, counts }: TwoInputParts) {
    this.next = next;
    this.counts = counts;
  }

  pushLeft(value: unknown, context: ContextCell): boolean {
    return this.meet(String(value), context, this.left, this.right);
  }

  pushRight(value: unknown, context: ContextCell): boolean {
    return this.meet(String(value), context, this.right, this.left);
  }

  watermark(watermark: number): boolean {
    return this.next.watermark(watermark);
  }

  endLeft(): boolean {
    this.log += 'left ended, ';
    return true;
  }

  endRight(): boolean {
    return this.say(`${this.log}right ended`);
  }

  end(): boolean {
    return this.next.end();
  }

  resume(): boolean {
    return this.next.resume() && this.drain();
  }

  snapshot(): void {}

  restore(): void {}

  private meet(
    value: string,
    { key, timestamp }: ContextCell,
    own: Map<unknown, string[]>,
    other: Map<unknown, string[]>,
  ): boolean {
    this.counts.windowed++;
    own.set(key, [...(own.get(key) ?? []), value]);
    this.context.key = key;
    this.context.timestamp = timestamp;
    this.waiting = (other.get(key) ?? []).map(one => [one, value].sort().join('+'));
    return this.drain();
  }

  private say(what: string): boolean {
    this.context.key = '';
    this.waiting.push(what);
    return this.drain();
  }

  private drain(): boolean {
    for (let one = this.waiting.shift(); one !== undefined; one = this.waiting.shift()) {
      this.counts.fired++;
      if (!this.next.push(one, this.context)) return false;
    }
    return true;
  }
}
