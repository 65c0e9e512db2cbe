import { describe, expect, test } from 'vitest';
import { fail, StreamError } from '../errors.ts';
import { json } from '../serde/json.ts';
import { table } from '../serde/table.ts';
import { MemorySink } from '../testing/memory-endpoints.ts';
import { ContextCell } from './context.ts';
import { noCounts } from './counters.ts';
import { Faults } from './faults.ts';
import { Outlet } from './outlet.ts';
import { type SinkForm, SinkOperator } from './sink.ts';

class FailingSink extends MemorySink {
  error: Error | undefined;
  override tryAppend(...record: Parameters<MemorySink['tryAppend']>): boolean {
    const { error } = this;
    this.error = undefined;
    if (error !== undefined) throw error;
    return super.tryAppend(...record);
  }
}

function setup(
  form: Partial<SinkForm> = {},
  options: { refusing?: boolean; retries?: number } = {},
) {
  const sink = new FailingSink(options.refusing);
  const dead = new MemorySink();
  const counts = noCounts();
  const faults = new Faults('p', 'source', options.retries ?? 0, new Outlet(() => dead), counts);
  const outlet = new Outlet(() => sink).open();
  const operator = new SinkOperator('to-1', { serde: json(), ...form }, outlet, faults, counts);
  const context = new ContextCell();
  context.key = 'k';
  context.timestamp = 5;
  return { sink, dead, counts, outlet, operator, context };
}

test('a value goes out with the key and time of its context', () => {
  const { sink, operator, context, counts } = setup();
  expect(operator.push({ a: 1 }, context)).toBe(true);
  context.key = 12;
  operator.push([], context);
  expect(sink.records).toEqual([
    { key: 'k', value: '{"a":1}', timestamp: 5, headers: {} },
    { key: '12', value: '[]', timestamp: 5, headers: {} },
  ]);
  expect(counts.out).toBe(2);
  expect(operator.watermark(1) && operator.end()).toBe(true);
  operator.snapshot();
  operator.restore();
});

test('a function of the sink may encode by the serde of its values', () => {
  const serde = table('Count', { n: 'int' });
  const { sink, operator, context } = setup({
    serde: serde as SinkForm['serde'],
    headers: () => ({ h: serde.encode({ n: 2 }).slice() }),
  });
  operator.push({ n: 1 }, context);
  expect(sink.records[0].value).toEqual(serde.encode({ n: 1 }));
  expect(sink.records[0].headers).toEqual({ h: serde.encode({ n: 2 }) });
});

test('a value that waits for room is kept, whatever is encoded meanwhile', () => {
  const serde = table('Count', { n: 'int' });
  const { sink, operator, context } = setup(
    { serde: serde as SinkForm['serde'] },
    { refusing: true },
  );
  expect(operator.push({ n: 1 }, context)).toBe(false);
  serde.encode({ n: 2 });
  expect(operator.resume()).toBe(true);
  expect(sink.records[0].value).toEqual(serde.encode({ n: 1 }));
});

test('or with those that the options make', () => {
  const { sink, operator, context } = setup({
    key: (value, { key }) => `${key}-${value}`,
    headers: value => ({ h: String(value) }),
    timestamp: (_, { timestamp }) => timestamp + 1,
  });
  operator.push(7, context);
  expect(sink.records).toEqual([{ key: 'k-7', value: '7', timestamp: 6, headers: { h: '7' } }]);
});

test('what waits for room is not what another task makes with the same serde meanwhile', () => {
  const bytes = new Uint8Array(1);
  const serde = {
    encode(value: unknown): Uint8Array {
      bytes[0] = value as number;
      return bytes;
    },
  };
  const { sink, operator, context } = setup({ serde }, { refusing: true });
  expect(operator.push(1, context)).toBe(false);
  serde.encode(2);
  expect(operator.resume()).toBe(true);
  expect(sink.records.map(({ value }) => Number(value))).toEqual([1]);
});

test('without room it keeps the record, and says so until it is gone', () => {
  const { sink, operator, outlet, context } = setup({}, { refusing: true });
  expect(operator.push(1, context)).toBe(false);
  expect(outlet.flush()).toBe(false);
  expect(operator.resume()).toBe(true);
  expect(operator.resume()).toBe(true);
  expect(outlet.flush()).toBe(true);
  expect(sink.records.length).toBe(1);
  outlet.end();
  outlet.end();
  expect(sink.ended).toBe(true);
});

describe('what cannot go out', () => {
  test('is a dead letter when it is a matter of the record', () => {
    const { sink, dead, operator, context, counts } = setup();
    expect(operator.push(undefined, context)).toBe(true);
    sink.error = new StreamError('RECORD_TOO_LARGE', 'far too large');
    operator.push(1, context);
    expect(sink.records).toEqual([]);
    expect(dead.records.map(({ headers }) => headers['error.code'])).toEqual([
      'SERDE_FAILED',
      'RECORD_TOO_LARGE',
    ]);
    expect(counts).toMatchObject({ out: 0, deadLetters: 2 });
  });

  test('is tried again when user code threw', () => {
    let failures = 1;
    const headers = () => {
      if (failures-- > 0) throw new Error('not yet');
      return {};
    };
    const { sink, operator, context } = setup({ headers }, { retries: 1 });
    operator.push(1, context);
    expect(sink.records.length).toBe(1);
  });

  test('stops the pipeline when it is a matter of the topic', () => {
    const { sink, operator, context } = setup({}, { retries: 5 });
    sink.error = new StreamError('TOPIC_ENDED', 'over');
    expect(() => operator.push(1, context)).toThrow(
      expect.objectContaining({ code: 'TOPIC_ENDED' }),
    );
  });
});

describe('dead letters', () => {
  test('that are too large leave their origin', () => {
    const counts = noCounts();
    const sink = new FailingSink();
    const faults = new Faults('p', 'source', 0, new Outlet(() => sink), counts);
    const context = new ContextCell();
    context.key = 'k';
    context.offset = 12;
    context.shard = 3;
    context.timestamp = Number.NaN;
    sink.error = new StreamError('RECORD_TOO_LARGE', 'far too large');
    expect(faults.deadLetter('step', 'just text', 'x'.repeat(100), context)).toBe(true);
    expect(sink.records).toEqual([
      {
        key: null,
        value: null,
        timestamp: 0,
        headers: {
          'error.pipeline': 'p',
          'error.step': 'step',
          'error.message': 'just text',
          'error.dropped': 'StreamError: far too large',
          'origin.topic': 'source',
          'origin.shard': '3',
          'origin.offset': '12',
        },
      },
    ]);
  });

  test('stop the pipeline when their topic does', () => {
    const sink = new FailingSink();
    const faults = new Faults('p', 'source', 0, new Outlet(() => sink), noCounts());
    sink.error = new StreamError('CLOSED', 'closed');
    expect(() => faults.deadLetter('step', 'why', 1, new ContextCell())).toThrow('closed');
    expect(faults.resume()).toBe(true);
  });

  test('a stream error keeps its code', () => {
    const sink = new MemorySink();
    const faults = new Faults('p', 'source', 0, new Outlet(() => sink), noCounts());
    try {
      fail('INVALID_KEY', 'no key');
    } catch (error) {
      faults.deadLetter('step', error, 1, new ContextCell());
    }
    expect(sink.records[0].headers).toMatchObject({ 'error.code': 'INVALID_KEY' });
    expect(sink.records[0].headers).not.toHaveProperty('origin.offset');
  });
});
