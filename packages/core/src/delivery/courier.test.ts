import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../time/clock.ts';
import type { CallLimits, Connector, WriteContext } from './connector.ts';
import { Courier, type Parcel } from './courier.ts';
import { DeliveryToken } from './token.ts';

const LIMITS: CallLimits = {
  timeoutMs: 1_000,
  retries: Number.POSITIVE_INFINITY,
  backoffMs: 100,
  maxBackoffMs: 350,
};

function parcel(sequence = 0): Parcel {
  const origin = { pipeline: 'p', sink: 'db', task: 0, lineage: 'l', epoch: 1 };
  return {
    token: new DeliveryToken(origin, sequence),
    results: () => [{ value: { n: sequence }, key: 'k', timestamp: 5 }],
  };
}

/** Lets what has been settled be known. */
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

function courier(connector: Connector<unknown, unknown>, limits: Partial<CallLimits> = {}) {
  const clock = new VirtualClock(0);
  const woken = { times: 0 };
  const made = new Courier({
    pipeline: 'p',
    sink: 'db',
    task: 0,
    connector,
    limits: { ...LIMITS, ...limits },
    clock,
    wake: () => {
      woken.times++;
    },
  });
  return { courier: made, clock, woken };
}

describe('a courier', () => {
  test('connects once, and writes one batch after another', () => {
    const told: string[] = [];
    const { courier: one } = courier({
      open: ({ sink, attempt }) => told.push(`open ${sink} ${attempt}`),
      write: (results, { connection, token, attempt }) => {
        told.push(`write ${JSON.stringify(results)} ${connection} ${token} ${attempt}`);
      },
    });
    expect(one.bring(parcel())).toBe('progress');
    expect(one.bring(parcel())).toBe('written');
    expect(one.bring(parcel(1))).toBe('written');
    expect(told).toEqual([
      'open db 1',
      'write [{"value":{"n":0},"key":"k","timestamp":5}] 1 p/db/0/l/1/0 1',
      'write [{"value":{"n":1},"key":"k","timestamp":5}] 1 p/db/0/l/1/1 1',
    ]);
    expect(one.busy).toBe(false);
  });

  test('waits for nobody: a call is under way until it is known', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { courier: one, woken } = courier({ write: () => promise });
    expect(one.dueAtMs(true)).toBe(Number.NEGATIVE_INFINITY);
    expect(one.bring(parcel())).toBe('progress');
    expect(one.bring(parcel())).toBe('nothing');
    expect([one.busy, one.dueAtMs(true)]).toEqual([true, 1_000]);
    resolve();
    await turn();
    expect([woken.times, one.dueAtMs(true)]).toEqual([1, Number.NEGATIVE_INFINITY]);
    expect(one.bring(parcel())).toBe('written');
  });

  test('does again what failed, later each time, over a new connection', () => {
    const told: string[] = [];
    let connections = 0;
    const { courier: one, clock } = courier({
      open: () => ++connections,
      write: (_, { connection, attempt }) => {
        told.push(`write over ${connection}, ${attempt}`);
        if (attempt < 5) throw new RangeError(`no ${attempt}`);
      },
      close: connection => void told.push(`close ${connection}`),
    });
    const waits: number[] = [];
    for (let outcome = one.bring(parcel()); outcome !== 'written'; outcome = one.bring(parcel())) {
      one.close();
      if (one.failuresInARow === waits.length + 1) {
        waits.push(one.dueAtMs(true) - clock.now());
        expect(one.lastError).toBe(`RangeError: no ${waits.length}`);
      }
      if (outcome === 'nothing') clock.advance(50);
    }
    expect(told.filter(line => line.startsWith('write'))).toEqual(
      [1, 2, 3, 4, 5].map(attempt => `write over ${attempt}, ${attempt}`),
    );
    expect(one.failures).toBe(4);
    expect([one.failuresInARow, one.lastError]).toEqual([0, undefined]);
  });

  test('waits as long as it is told to before it tries again', async () => {
    let fails = true;
    const { courier: one, clock } = courier({
      write: () => {
        if (fails) throw new Error('no');
      },
    });
    for (const waitMs of [100, 200, 350, 350]) {
      expect(one.bring(parcel())).toBe('progress');
      expect(one.dueAtMs(true)).toBe(clock.now() + waitMs);
      clock.advance(waitMs - 1);
      expect(one.bring(parcel())).toBe('nothing');
      clock.advance(1);
    }
    fails = false;
    expect(one.bring(parcel())).toBe('written');
  });

  test('gives up a call that takes too long, and its late end means nothing', async () => {
    const calls: PromiseWithResolvers<void>[] = [];
    const signals: AbortSignal[] = [];
    const { courier: one, clock } = courier({
      write: (_, { signal }) => {
        signals.push(signal);
        calls.push(Promise.withResolvers<void>());
        return calls.at(-1)?.promise;
      },
    });
    one.bring(parcel());
    clock.advance(1_000);
    expect(one.bring(parcel())).toBe('progress');
    expect(one.lastError).toContain('took longer than 1000 ms');
    expect(signals[0].reason).toMatchObject({ code: 'ASYNC_TIMEOUT' });
    // What was given up may still be at work: it is waited for, but not for ever.
    clock.advance(100);
    one.close();
    expect(one.bring(parcel())).toBe('nothing');
    calls[0].resolve();
    await turn();
    one.close();
    await turn();
    expect(one.close()).toBe(true);
    expect(one.bring(parcel())).toBe('progress');
    calls[1].resolve();
    await turn();
    expect(one.bring(parcel())).toBe('written');
    expect(one.failures).toBe(1);
  });

  test('does not wait for ever for a call that was given up', async () => {
    let calls = 0;
    const closed: unknown[] = [];
    const { courier: one, clock } = courier({
      open: () => ++calls,
      write: () => new Promise(() => {}),
      close: connection => {
        closed.push(connection);
        return new Promise(() => {});
      },
    });
    one.bring(parcel());
    one.bring(parcel());
    clock.advance(1_000);
    one.bring(parcel());
    clock.advance(999);
    one.close();
    expect([closed, one.dueAtMs(true)]).toEqual([[], 2_000]);
    clock.advance(1);
    one.close();
    expect([closed, one.dueAtMs(true)]).toEqual([[1], 3_000]);
    clock.advance(1_000);
    expect(one.close()).toBe(true);
    one.bring(parcel());
    expect(calls).toBe(2);
  });

  test('fails for good when it may not try again', () => {
    const { courier: one, clock } = courier(
      {
        write: () => {
          throw new Error('refused');
        },
      },
      { retries: 1 },
    );
    one.bring(parcel());
    clock.advance(100);
    expect(() => one.bring(parcel())).toThrow(
      expect.objectContaining({
        code: 'SINK_FAILED',
        message:
          'The sink "db" of the pipeline "p" has not taken the batch p/db/0/l/1/0 in 2 calls; the last one ' +
          'failed with: Error: refused',
        cause: new Error('refused'),
      }),
    );
  });

  test('counts what cannot connect as what cannot write', async () => {
    const { courier: one, clock } = courier({
      open: async ({ attempt }) => {
        if (attempt < 3) throw 'no route';
      },
      write: () => {},
    });
    for (let tries = 0; tries < 3; tries++) {
      one.bring(parcel());
      await turn();
      one.bring(parcel());
      clock.advance(350);
    }
    expect(one.failures).toBe(2);
    expect(one.bring(parcel())).toBe('written');
  });

  test('that is abandoned aborts its call, and closes its connection after that', async () => {
    const told: string[] = [];
    const written = Promise.withResolvers<void>();
    const { courier: one } = courier({
      open: () => 'c',
      write: (_, { signal }: WriteContext<unknown>) => {
        signal.addEventListener('abort', () => told.push(`abort: ${signal.reason.code}`));
        return written.promise.finally(() => told.push('end'));
      },
      close: () => void told.push('close'),
    });
    one.bring(parcel());
    one.bring(parcel());
    one.abandon();
    one.close();
    expect([told, one.busy]).toEqual([['abort: ABORTED'], true]);
    written.reject(new Error('late'));
    await turn();
    one.close();
    await turn();
    one.close();
    expect([told, one.busy]).toEqual([['abort: ABORTED', 'end', 'close'], false]);
  });

  test('closes a connection that comes when nobody waits for it any more', async () => {
    const closed: unknown[] = [];
    const opening = Promise.withResolvers<string>();
    const { courier: one } = courier({
      open: () => opening.promise,
      write: () => {},
      close: connection => {
        closed.push(connection);
        throw new Error('of no interest');
      },
    });
    one.bring(parcel());
    one.abandon();
    opening.resolve('late');
    await turn();
    one.close();
    await turn();
    one.close();
    expect([closed, one.busy]).toEqual([['late'], false]);
  });
});
