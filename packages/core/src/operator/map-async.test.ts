import { describe, expect, test } from 'vitest';
import {
  type HarnessOptions,
  type HarnessParts,
  type OperatorEvent,
  OperatorHarness,
  replayAsyncOperator,
} from '../testing/operator-harness.ts';
import { ContextCell } from './context.ts';
import { MapAsyncOperator, type MapAsyncParts } from './map-async.ts';

type Options = Partial<MapAsyncParts>;

function makerOf(options: Options) {
  return ({ next, ...parts }: HarnessParts) =>
    new MapAsyncOperator(
      {
        step: 'm',
        call: value => value,
        concurrency: 4,
        ordered: true,
        timeoutMs: 100,
        retries: 0,
        wake: () => {},
        ...parts,
        ...options,
      },
      next,
    );
}

const harnessOf = (options: Options, harness?: HarnessOptions) =>
  new OperatorHarness(makerOf(options), harness);

/** Calls that end when they are told to. */
class Calls {
  readonly begun: { value: unknown; signal: AbortSignal; attempt: number }[] = [];
  private readonly open = new Map<unknown, PromiseWithResolvers<unknown>>();

  readonly call: MapAsyncParts['call'] = (value, { signal, attempt }) => {
    this.begun.push({ value, signal, attempt });
    const call = Promise.withResolvers<unknown>();
    this.open.set(value, call);
    return call.promise;
  };

  async end(value: unknown, result: unknown = `${value}!`): Promise<void> {
    this.open.get(value)?.resolve(result);
    await turn();
  }

  async fail(value: unknown, error: unknown): Promise<void> {
    this.open.get(value)?.reject(error);
    await turn();
  }
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve));
const values = (harness: OperatorHarness) => harness.take().map(({ value }) => value);

describe('results', () => {
  test('keep the order of their inputs, their keys and times', async () => {
    const calls = new Calls();
    const harness = harnessOf({ call: calls.call });
    harness.push('k', 1, 'a');
    harness.push('l', 2, 'b');
    harness.push('k', 3, 'c');
    await calls.end('c');
    await calls.end('b');
    harness.tick(0);
    expect(harness.take()).toEqual([]);
    await calls.end('a');
    harness.tick(0);
    expect(harness.take()).toEqual([
      { key: 'k', timestamp: 1, value: 'a!' },
      { key: 'l', timestamp: 2, value: 'b!' },
      { key: 'k', timestamp: 3, value: 'c!' },
    ]);
  });

  test('come as they are there when they are unordered', async () => {
    const calls = new Calls();
    const harness = harnessOf({ call: calls.call, ordered: false });
    for (const value of ['a', 'b', 'c']) harness.push('k', 1, value);
    await calls.end('c');
    await calls.end('a');
    harness.tick(0);
    expect(values(harness)).toEqual(['c!', 'a!']);
    await calls.end('b');
    harness.tick(0);
    expect(values(harness)).toEqual(['b!']);
  });

  test('need no promise', async () => {
    const harness = harnessOf({ call: value => value });
    harness.push('k', 1, 'a');
    await harness.settle();
    expect(values(harness)).toEqual(['a']);
  });
});

test.each([true, false])(
  'a watermark waits for the inputs before it, ordered: %s',
  async ordered => {
    const calls = new Calls();
    const harness = harnessOf({ call: calls.call, ordered });
    harness.watermark(1);
    harness.push('k', 2, 'a');
    harness.push('k', 3, 'b');
    harness.watermark(3);
    harness.watermark(4);
    harness.push('k', 5, 'c');
    harness.watermark(5);
    await calls.end('b');
    harness.tick(0);
    expect(harness.watermarks).toEqual([1]);
    await calls.end('a');
    harness.tick(0);
    expect(harness.watermarks).toEqual([1, 4]);
    await calls.end('c');
    harness.tick(0);
    expect(harness.watermarks).toEqual([1, 4, 5]);
    expect(values(harness).sort()).toEqual(['a!', 'b!', 'c!']);
  },
);

test('only so many pass a call that takes long, and are forgotten when it ends', async () => {
  const first = Promise.withResolvers<unknown>();
  let passed = 0;
  let operator: MapAsyncOperator | undefined;
  const call = (value: unknown) => (value === 'first' ? first.promise : value);
  // Its parts come from the harness; it is driven past it.
  new OperatorHarness(parts => {
    const next = { ...parts.next, push: () => ++passed > 0, watermark: () => true };
    operator ??= makerOf({ call, ordered: false })({
      ...parts,
      next: { ...next, resume: () => true } as never,
    });
    return operator;
  });
  const full = operator as MapAsyncOperator;
  const context = new ContextCell();
  expect(full.push('first', context)).toBe(true);
  let taken = 0;
  for (let hasRoom = true; hasRoom; taken++) {
    hasRoom = full.push(taken, context);
    await Promise.resolve();
    await Promise.resolve();
    if (hasRoom) full.tick(0);
  }
  expect(taken).toBe(16_384 + 4 - 1);
  expect(full.pending).toBeLessThanOrEqual(2);
  expect(full.resume()).toBe(false);
  first.resolve('late');
  await turn();
  expect(full.resume()).toBe(true);
  expect([passed, full.completed, full.pending]).toEqual([taken + 1, taken + 1, 0]);
});

test('with so many calls under way it takes nothing, and ends after the last', async () => {
  const calls = new Calls();
  const harness = harnessOf({ call: calls.call, concurrency: 2 });
  harness.push('k', 1, 'a');
  harness.push('k', 2, 'b');
  expect(() => harness.push('k', 3, 'c')).toThrow('suspended');
  await calls.end('a');
  await harness.settle(false);
  harness.push('k', 3, 'c');
  await calls.end('b');
  await harness.settle(false);
  harness.end();
  await calls.end('c');
  await harness.settle();
  expect(values(harness)).toEqual(['a!', 'b!', 'c!']);
  expect(harness.watermarks).toEqual([Number.POSITIVE_INFINITY]);
  expect(harness.ended).toBe(true);
});

describe('a call that fails', () => {
  test('is made again, then its value is a dead letter in its turn', async () => {
    const calls = new Calls();
    const harness = harnessOf({ call: calls.call, retries: 1 });
    harness.push('k', 1, 'a');
    harness.push('k', 2, 'b');
    await calls.fail('a', new Error('first'));
    await calls.fail('a', new Error('second'));
    await calls.fail('b', new Error('once'));
    await calls.end('b');
    harness.tick(0);
    expect(calls.begun.map(({ value, attempt }) => [value, attempt])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['b', 2],
    ]);
    expect(values(harness)).toEqual(['b!']);
    expect(harness.deadLetters.records).toMatchObject([
      { key: 'k', value: 'a', timestamp: 1, headers: { 'error.message': 'Error: second' } },
    ]);
    expect(harness.counts.deadLetters).toBe(1);
  });

  test('may throw at once', async () => {
    const harness = harnessOf({
      retries: 2,
      call: () => {
        throw new Error('no');
      },
    });
    harness.push('k', 1, 'a');
    await harness.settle();
    expect(harness.deadLetters.records).toHaveLength(1);
  });

  test('for taking too long is told by its signal, and not heard any more', async () => {
    const calls = new Calls();
    const harness = harnessOf({ call: calls.call, retries: 1 });
    harness.push('k', 1, 'a');
    harness.tick(60);
    harness.push('k', 2, 'b');
    harness.tick(99);
    expect(calls.begun[0].signal.aborted).toBe(false);
    harness.tick(100);
    expect(calls.begun[0].signal).toMatchObject({
      aborted: true,
      reason: { code: 'ASYNC_TIMEOUT' },
    });
    expect(calls.begun.map(({ value }) => value)).toEqual(['a', 'b', 'a']);
    await calls.end('a');
    harness.tick(160);
    harness.tick(200);
    await calls.end('b');
    harness.tick(260);
    harness.tick(300);
    expect(values(harness)).toEqual(['a!', 'b!']);
    harness.push('k', 3, 'c');
    harness.tick(400);
    harness.tick(500);
    expect(harness.deadLetters.records).toMatchObject([
      { value: 'c', headers: { 'error.code': 'ASYNC_TIMEOUT' } },
    ]);
    await calls.end('c');
    harness.tick(600);
    expect(values(harness)).toEqual([]);
  });
});

test('what is given up is aborted and not heard any more', async () => {
  const calls = new Calls();
  const harness = harnessOf({ call: calls.call });
  harness.push('k', 1, 'a');
  const [{ signal }] = calls.begun;
  harness.restore();
  expect(signal).toMatchObject({ aborted: true, reason: { code: 'ABORTED' } });
  expect(calls.begun).toHaveLength(2);
  await calls.end('a');
  harness.tick(0);
  expect(values(harness)).toEqual(['a!']);
});

test.each([true, false])('is the same however it is driven, ordered: %s', async ordered => {
  const events: OperatorEvent[] = [];
  for (let i = 0; i < 24; i++) {
    events.push(['record', `k${i % 5}`, i, { i }]);
    if (i % 6 === 5) events.push(['watermark', i]);
  }
  events.push(['end']);
  const call: MapAsyncParts['call'] = async value => {
    const { i } = value as { i: number };
    for (let turns = 0; turns < (i * 7) % 5; turns++) await turn();
    if (i % 8 === 3) throw new Error('never');
    return i;
  };
  const outputs = await replayAsyncOperator(makerOf({ call, ordered, retries: 1 }), events);
  const results = outputs.map(({ value }) => value).filter(value => value !== undefined);
  expect(outputs).toHaveLength(24);
  const expected = Array.from({ length: 24 }, (_, i) => i).filter(i => i % 8 !== 3);
  expect(ordered ? results : results.toSorted((a, b) => Number(a) - Number(b))).toEqual(expected);
});

test('what is in flight goes to other tasks, each once and in its order', async () => {
  const calls = new Calls();
  const harness = harnessOf({ call: calls.call, concurrency: 30 });
  for (let i = 0; i < 20; i++) harness.push(`k${i % 4}`, i, i);
  harness.watermark(19);
  const snapshot = harness.snapshot();
  const found: unknown[] = [];
  for (const [from, to] of [
    [0, 64],
    [64, 128],
  ]) {
    const part = harnessOf({ concurrency: 30 });
    part.restoreFrom([snapshot], from, to);
    await part.settle();
    const here = values(part) as number[];
    expect(here).toEqual(here.toSorted((left, right) => left - right));
    expect(part.watermarks).toEqual(here.length > 0 ? [19] : []);
    found.push(...here);
  }
  expect(found).toHaveLength(20);
  expect(new Set(found).size).toBe(20);
});
