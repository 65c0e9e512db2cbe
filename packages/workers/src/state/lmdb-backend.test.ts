import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ListState,
  listState,
  type MapState,
  mapState,
  type ValueState,
  valueState,
} from '@lite-streams/core';
import {
  type OperatorEvent,
  OperatorHarness,
  processOperator,
  replayOperator,
} from '@lite-streams/core/testing';
import * as lmdb from 'lmdb';
import { afterEach, expect, test, vi } from 'vitest';
import { engineConfig } from '../engine-config.ts';
import { type Lmdb, LmdbBackend, loadLmdb } from './lmdb-backend.ts';
import { openPlace, preparePlace, removePlace } from './state-place.ts';

const opened: LmdbBackend[] = [];

afterEach(() => {
  for (const backend of opened.splice(0)) backend.close();
});

function newBackend(cachedRows?: number): LmdbBackend {
  const path = mkdtempSync(join(tmpdir(), 'lmdb-backend-'));
  const backend = new LmdbBackend(lmdb as unknown as Lmdb, path, cachedRows);
  opened.push(backend);
  return backend;
}

interface States {
  readonly n: ValueState<number>;
  readonly seen: MapState<string, number>;
  readonly log: ListState<unknown>;
}

const functions = {
  state: {
    n: valueState(0, { ttl: 40 }),
    seen: mapState<string, number>({ ttl: 60 }),
    log: listState<unknown>(),
  },
  onRecord(value: string, context: { readonly state: States; readonly timestamp: number }) {
    const { n, seen, log } = context.state;
    if (value === 'look') return [[n.get(), seen.entries().sort(), log.get()]];
    n.set(n.get() + 1);
    seen.set(value, (seen.get(value) ?? 0) + context.timestamp);
    log.add({ value, at: context.timestamp });
    if (log.length > 6) log.set(log.get().slice(3));
    if (value === 'fail') throw new Error('no');
    if (value === 'clear') {
      seen.clear();
      n.clear();
    }
    return n.get();
  },
};

function events(): OperatorEvent[] {
  const all: OperatorEvent[] = [];
  const words = ['a', 'b', 'look', 'c', 'fail', 'look', 'clear'];
  for (let i = 0; i < 70; i++) {
    const key = i % 3 === 0 ? i % 11 : `key ${i % 13}`;
    all.push(['record', key, i, words[(i * 5) % words.length]]);
    if (i % 20 === 19) all.push(['watermark', i - 5]);
  }
  return all;
}

test('state in files is state on the heap, however the operator is driven', () => {
  const heap = replayOperator(processOperator(functions), events());
  for (const cachedRows of [1, 1_000]) {
    const backend = () => newBackend(cachedRows);
    // Every restore begins with files of its own.
    const outputs = replayOperator(processOperator(functions), events(), { backend });
    expect(outputs).toEqual(heap);
    for (const one of opened.splice(0)) one.close();
  }
});

test('what cannot be kept is an error of the call that sets it', () => {
  const harness = new OperatorHarness(
    processOperator({
      state: { one: valueState<unknown>() },
      onRecord: (value: unknown, { state }) => state.one.set(value),
    }),
    { backend: () => newBackend() },
  );
  harness.push('a', 1, { fine: true });
  harness.push('a', 2, () => {});
  harness.push('x'.repeat(3_000), 3, 1);
  expect(harness.deadLetters.records.map(({ headers }) => headers['error.code'])).toEqual([
    'UNSUPPORTED_VALUE',
    'INVALID_KEY',
  ]);
});

test('files that fail stop the pipeline', () => {
  const broken = {
    open: () => {
      throw new Error('disk full');
    },
  } as Lmdb;
  expect(() => new LmdbBackend(broken, mkdtempSync(join(tmpdir(), 'lmdb-backend-')))).toThrow(
    expect.objectContaining({ code: 'STATE_FAILED' }),
  );
  const backend = newBackend(1);
  const harness = new OperatorHarness(processOperator(functions), { backend: () => backend });
  harness.push('a', 1, 'a');
  backend.close();
  opened.length = 0;
  expect(() => {
    for (let i = 0; i < 10; i++) harness.push(`k${i}`, i, 'a');
  }).toThrow(expect.objectContaining({ code: 'STATE_FAILED' }));
  expect(harness.deadLetters.records).toEqual([]);
});

test('without the package, a code says so', async () => {
  const missing = async (): Promise<Lmdb> => {
    throw new Error('Cannot find package');
  };
  await expect(loadLmdb(missing)).rejects.toMatchObject({ code: 'STATE_BACKEND_MISSING' });
});

test('an engine has a directory of its own, and leaves nothing', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'state-place-'));
  expect(preparePlace(engineConfig({}, {})).stateDirectory).toBeUndefined();
  expect(await openPlace(engineConfig({}, {}))).toBeUndefined();
  const given = engineConfig({ stateBackend: 'lmdb', stateDirectory: parent }, {});
  const config = preparePlace(given);
  expect(config.stateDirectory?.startsWith(parent)).toBe(true);
  const open = await openPlace(config);
  const backend = open?.('p', 1, 'step') as LmdbBackend;
  backend.values().set('a', 1);
  backend.close();
  await vi.waitFor(() => expect(existsSync(config.stateDirectory as string)).toBe(true));
  removePlace(config);
  expect(existsSync(config.stateDirectory as string)).toBe(false);
  const nowhere = engineConfig({ stateBackend: 'lmdb', stateDirectory: join(parent, 'none') }, {});
  expect(() => preparePlace(nowhere)).toThrow(expect.objectContaining({ code: 'STATE_FAILED' }));
});
