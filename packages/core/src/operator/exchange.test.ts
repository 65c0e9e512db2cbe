import { describe, expect, test } from 'vitest';
import { FRAME } from '../channel/channel.ts';
import { LocalChannel } from '../channel/local.ts';
import { StreamError } from '../errors.ts';
import { keyGroupOf, taskOfKeyGroup } from '../state/key-groups.ts';
import { MemorySink } from '../testing/memory-endpoints.ts';
import { ContextCell } from './context.ts';
import { noCounts } from './counters.ts';
import { ExchangeOperator } from './exchange.ts';
import { Faults } from './faults.ts';
import { Outlet } from './outlet.ts';

const names = Object.fromEntries(Object.entries(FRAME).map(([name, frame]) => [frame, name]));

function setup(
  tasks: number,
  options: {
    slots?: number;
    retries?: number;
    keyOf?: (value: unknown) => unknown;
    one?: boolean;
  } = {},
) {
  const channels = Array.from({ length: tasks }, () => new LocalChannel(options.slots ?? 64));
  const dead = new MemorySink();
  const faults = new Faults('p', 'in', options.retries ?? 0, new Outlet(() => dead), noCounts());
  const keyOf = options.one === true ? undefined : (options.keyOf ?? (value => value));
  const exchange = new ExchangeOperator(
    'keyBy-1',
    keyOf ?? { keepsKey: false },
    channels,
    false,
    faults,
  );
  const context = new ContextCell();
  /** What a channel holds: values with the watermark before them, and control frames. */
  const received = (task: number) => {
    const channel = channels[task];
    const frames: unknown[] = [];
    for (let frame = channel.next(); frame !== FRAME.none; frame = channel.next()) {
      if (frame === FRAME.data) frames.push([channel.value, channel.watermark]);
      else if (frame === FRAME.watermark) frames.push(channel.watermark);
      else frames.push(names[frame]);
    }
    channel.free();
    return frames;
  };
  return { channels, dead, exchange, context, received };
}

test('a key goes to the task of its key group', () => {
  const { exchange, context, received } = setup(3);
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
  for (const key of keys) expect(exchange.push(key, context)).toBe(true);
  for (let task = 0; task < 3; task++) {
    const own = keys.filter(key => taskOfKeyGroup(keyGroupOf(key), 3) === task);
    expect(received(task).map(frame => (frame as [string, number])[0])).toEqual(own);
  }
});

test('values carry the time before them; others are told once per step', () => {
  const { exchange, context, received } = setup(2);
  exchange.push('a', context);
  expect(exchange.watermark(5)).toBe(true);
  exchange.push('a', context);
  exchange.watermark(6);
  exchange.watermark(7);
  expect(exchange.settle()).toBe(true);
  expect(exchange.settle()).toBe(true);
  const own = taskOfKeyGroup(keyGroupOf('a'), 2);
  expect(received(own)).toEqual([['a', Number.NEGATIVE_INFINITY], ['a', 5], 7]);
  expect(received(1 - own)).toEqual([7]);
});

test('idleness is told after the time, and taken back before anything else', () => {
  const { exchange, context, received } = setup(1);
  exchange.watermark(5);
  exchange.markIdle(true);
  exchange.settle();
  expect(received(0)).toEqual([5, 'idle']);
  exchange.settle();
  expect(received(0)).toEqual([]);
  exchange.markIdle(false);
  exchange.push('a', context);
  exchange.settle();
  expect(received(0)).toEqual(['active', ['a', 5]]);
  exchange.markIdle(true);
  exchange.settle();
  exchange.markIdle(false);
  exchange.settle();
  expect(received(0)).toEqual(['idle', 'active']);
  // Time that moves while all are idle: the flush of the largest.
  exchange.markIdle(true);
  exchange.settle();
  exchange.watermark(9);
  exchange.settle();
  expect(received(0)).toEqual(['idle', 'active', 9, 'idle']);
});

test('without room it keeps the value, then tells the rest in order, and ends', () => {
  const { exchange, context, received } = setup(1, { slots: 1 });
  expect(exchange.push('a', context)).toBe(true);
  exchange.watermark(3);
  expect(exchange.push('b', context)).toBe(false);
  expect(exchange.settle()).toBe(false);
  expect(exchange.resume()).toBe(false);
  expect(received(0)).toEqual([['a', Number.NEGATIVE_INFINITY]]);
  expect(exchange.resume()).toBe(true);
  exchange.watermark(Number.POSITIVE_INFINITY);
  expect(exchange.end()).toBe(false);
  expect(received(0)).toEqual([['b', 3]]);
  expect(exchange.resume()).toBe(false);
  expect(received(0)).toEqual([Number.POSITIVE_INFINITY]);
  expect(exchange.resume()).toBe(true);
  expect(received(0)).toEqual(['end']);
  exchange.snapshot();
  exchange.restore();
});

test('without room for a control frame nothing goes past it', () => {
  const { exchange, context, received } = setup(1, { slots: 1 });
  exchange.markIdle(true);
  exchange.settle();
  expect(exchange.push('a', context)).toBe(false);
  expect(received(0)).toEqual(['idle']);
  expect(exchange.resume()).toBe(false);
  expect(received(0)).toEqual(['active']);
  expect(exchange.resume()).toBe(true);
  expect(received(0)).toEqual([['a', Number.NEGATIVE_INFINITY]]);
  exchange.watermark(1);
  exchange.settle();
  exchange.watermark(2);
  for (const frame of [1, 2]) {
    expect(exchange.settle()).toBe(false);
    expect(received(0)).toEqual([frame]);
  }
  expect(exchange.settle()).toBe(true);
  expect(received(0)).toEqual(['idle']);
});

test('all to one task needs no key', () => {
  const { exchange, context, received, channels } = setup(1, { one: true });
  exchange.push({ any: 'thing' }, context);
  expect(received(0)).toEqual([[{ any: 'thing' }, Number.NEGATIVE_INFINITY]]);
  expect(channels[0].key).toBeUndefined();
});

describe('a key that cannot be', () => {
  test('is tried again when the function threw', () => {
    let failures = 1;
    const keyOf = () => {
      if (failures-- > 0) throw new Error('not yet');
      return 'a';
    };
    const { exchange, context, received } = setup(1, { keyOf, retries: 1 });
    exchange.push('v', context);
    expect(received(0).length).toBe(1);
  });

  test('stops the pipeline when it is a promise', () => {
    const { exchange, context } = setup(1, { keyOf: async () => 'a' });
    expect(() => exchange.push('v', context)).toThrow(
      expect.objectContaining({ code: 'ASYNC_OPERATOR' }),
    );
  });
});

test('a value that cannot travel is a dead letter; a broken channel stops the pipeline', () => {
  const { exchange, context, channels, dead } = setup(1);
  const broken = (error: Error) => {
    channels[0].send = () => {
      throw error;
    };
  };
  broken(new StreamError('UNSUPPORTED_VALUE', 'a function'));
  expect(exchange.push('v', context)).toBe(true);
  expect(dead.records.length).toBe(1);
  broken(new StreamError('LAYOUT_MISMATCH', 'no channel'));
  expect(() => exchange.push('v', context)).toThrow('no channel');
});
