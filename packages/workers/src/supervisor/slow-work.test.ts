import { createWorkMemory, WorkRow } from '@lite-streams/core/ground';
import { beforeEach, describe, expect, test } from 'vitest';
import { SlowWorkWatch } from './slow-work.ts';

const AFTER_MS = 100;
const LOOK_MS = 10;
/** Two tasks on processor 0, of which the first gives to the second, and one on processor 1. */
const TASKS = [
  { id: 0, stage: 0, index: 0, processor: 0 },
  { id: 1, stage: 0, index: 1, processor: 1 },
  { id: 2, stage: 1, index: 0, processor: 0 },
];

let rows: WorkRow[];
let watch: SlowWorkWatch;
let nowMs: number;

beforeEach(() => {
  const memory = createWorkMemory(TASKS.length);
  rows = TASKS.map(({ id }) => new WorkRow(memory, id));
  for (const row of rows) row.idle();
  watch = new SlowWorkWatch(memory, TASKS, AFTER_MS);
  nowMs = 0;
});

const date = () => 1_000_000 + nowMs;

/** Looks until so much time has gone by. */
function look(forMs: number) {
  const news = [];
  for (const endMs = nowMs + forMs; nowMs < endMs; ) {
    nowMs += LOOK_MS;
    news.push(...watch.look(nowMs, date()));
  }
  return news;
}

const slowSince = (task: number) => {
  const work = rows[task].inHand();
  return work && rows[task].slowSinceMs(work);
};

describe('a task', () => {
  test('that does not come back is told of once, with what its step began with, and once more when it is over', () => {
    rows[0].position[0] = 7;
    rows[0].begin(date());
    const beganMs = date();
    expect(look(AFTER_MS)).toEqual([]);
    expect(look(LOOK_MS)).toMatchObject([
      { task: 0, work: { offset: 7, doing: 0 }, sinceMs: beganMs, lastedMs: 110, over: false },
    ]);
    expect(slowSince(0)).toBe(beganMs);
    expect(look(1_000)).toEqual([]);
    rows[0].position[0] = 8;
    expect(slowSince(0)).toBeUndefined();
    expect(look(LOOK_MS)).toMatchObject([
      { task: 0, work: { offset: 7 }, sinceMs: beganMs, lastedMs: 1_120, over: true },
    ]);
    expect(look(AFTER_MS - LOOK_MS)).toEqual([]);
  });

  test('that goes on from record to record is not told of, however long its step takes', () => {
    rows[0].begin(date());
    for (let offset = 0; offset < 100; offset++) {
      rows[0].position[0] = offset;
      expect(look(AFTER_MS / 2)).toEqual([]);
    }
    rows[0].end();
    expect(look(AFTER_MS * 2)).toEqual([]);
  });

  test('that meets a slow record late in its step counts from the look that met it first', () => {
    rows[0].begin(date());
    look(500);
    rows[0].position[0] = 3;
    look(LOOK_MS);
    const metMs = date();
    expect(look(AFTER_MS)).toMatchObject([{ sinceMs: metMs, lastedMs: AFTER_MS }]);
  });

  test('takes values of one offset one by one', () => {
    rows[2].begin(date());
    for (let i = 0; i < 10; i++) {
      rows[2].took(0, 5);
      expect(look(AFTER_MS)).toEqual([]);
    }
    expect(look(LOOK_MS)).toMatchObject([{ task: 2, work: { input: 0, frame: 10, offset: 5 } }]);
  });

  test('goes on with what suspended it as something of its own', () => {
    rows[0].position[0] = 4;
    rows[0].begin(date());
    rows[0].doing(1);
    look(AFTER_MS);
    rows[0].doing(0);
    expect(look(AFTER_MS)).toEqual([]);
    expect(look(LOOK_MS)).toMatchObject([{ work: { doing: 0, offset: 4 } }]);
  });

  test('is at something else in its next step', () => {
    for (let step = 0; step < 10; step++) {
      rows[0].begin(date());
      expect(look(AFTER_MS)).toEqual([]);
      rows[0].end();
    }
  });
});

describe('of tasks of one thread', () => {
  test('the one that another gives to is told of', () => {
    rows[0].begin(date());
    rows[2].enter(0, 9);
    look(LOOK_MS);
    const metMs = date();
    expect(look(AFTER_MS)).toMatchObject([{ task: 2, sinceMs: metMs, work: { offset: 9 } }]);
    rows[2].leave();
    expect(look(LOOK_MS)).toMatchObject([
      { task: 2, over: true },
      { task: 0, over: false },
    ]);
  });

  test('the one that gives value after value of one record is told of', () => {
    rows[0].begin(date());
    let news: unknown[] = [];
    for (let i = 0; i < 12; i++) {
      rows[2].enter(0, 9);
      news = [...news, ...look(LOOK_MS)];
      rows[2].leave();
    }
    expect(news).toMatchObject([{ task: 0, over: false }]);
  });
});

test('each thread has its own', () => {
  rows[0].begin(date());
  rows[1].begin(date());
  expect(look(AFTER_MS + LOOK_MS)).toMatchObject([{ task: 0 }, { task: 1 }]);
});

test('a thread that has died is at nothing, and what has its place begins anew', () => {
  rows[0].begin(date());
  expect(look(AFTER_MS + LOOK_MS)).toHaveLength(1);
  watch.processorExited(0);
  expect(rows[0].inHand()).toBeUndefined();
  expect(look(LOOK_MS)).toEqual([]);
  rows[0].begin(date());
  expect(slowSince(0)).toBeUndefined();
  expect(look(AFTER_MS)).toEqual([]);
  watch.processorExited(5);
});
