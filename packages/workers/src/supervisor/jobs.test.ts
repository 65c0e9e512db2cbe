import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { engineConfig } from '../engine-config.ts';
import { Jobs } from './jobs.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('no timer keeps the supervisor once the last job is over', () => {
  const nothing = () => {};
  const jobs = new Jobs(engineConfig({ processors: 1 }, {}), nothing, nothing, undefined);
  const request = { module: 'file:///m.ts', name: undefined, savepoint: undefined };
  const end = (job: number) => {
    jobs.end(job);
    jobs.said(0, { kind: 'dropped', job });
  };
  jobs.run(1, request);
  jobs.run(2, request);
  vi.advanceTimersByTime(10_000);
  end(1);
  expect(vi.getTimerCount()).toBe(1);
  end(2);
  expect(vi.getTimerCount()).toBe(0);
  jobs.run(3, request);
  expect(vi.getTimerCount()).toBe(1);
  end(3);
  expect(vi.getTimerCount()).toBe(0);
});
