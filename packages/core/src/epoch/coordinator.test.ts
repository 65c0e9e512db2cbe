import { describe, expect, test } from 'vitest';
import { EpochCoordinator } from './coordinator.ts';
import type { EpochDriver } from './driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import type { TaskSnapshot } from './task-snapshot.ts';

function snapshot(index: number, ended = false): TaskSnapshot {
  return {
    stage: 'from',
    index,
    tasks: 2,
    ended,
    source: undefined,
    steps: [],
    outputs: [],
    deliveries: [],
  };
}

function coordinated(driver: EpochDriver = new MemoryDriver()) {
  const told: string[] = [];
  const coordinator = new EpochCoordinator({
    pipeline: 'p',
    checkpoint: { everyMs: 100, timeoutMs: 1_000, mode: 'at-least-once', maxOutputBytes: 65_536 },
    driver,
    newLineage: 'first',
    observer: {
      begin: epoch => told.push(`begin ${epoch}`),
      committed: epoch => told.push(`committed ${epoch}`),
      late: (epoch, missing) => told.push(`late ${epoch} ${missing.join()}`),
      failed: error => told.push(`failed ${String(error)}`),
    },
  });
  coordinator.start(2, 0);
  return { coordinator, told, driver };
}

describe('a coordinator', () => {
  test('begins an epoch per interval and commits it when every task has taken it', () => {
    const { coordinator, told, driver } = coordinated();
    coordinator.step(99);
    expect(coordinator.dueAtMs).toBe(100);
    coordinator.step(100);
    coordinator.taskTook(0, 1, snapshot(0), 101);
    expect(driver.restore('p')).toBeUndefined();
    coordinator.taskTook(1, 1, snapshot(1), 105);
    expect(driver.restore('p')).toMatchObject({ epoch: 1, tasks: [{ index: 0 }, { index: 1 }] });
    expect(coordinator.lastTookMs).toBe(5);
    coordinator.step(199);
    coordinator.step(200);
    expect(told).toEqual(['begin 1', 'committed 1', 'begin 2']);
  });

  test('knows nothing any more of what was taken before a restart', () => {
    const { coordinator, told, driver } = coordinated();
    coordinator.step(100);
    coordinator.taskTook(0, 1, snapshot(0), 101);
    coordinator.start(2, 150);
    coordinator.taskTook(1, 1, snapshot(1), 151);
    coordinator.step(250);
    coordinator.taskTook(1, 2, snapshot(1), 251);
    coordinator.taskTook(0, 1, snapshot(0), 252);
    expect(driver.restore('p')).toBeUndefined();
    coordinator.taskTook(0, 2, snapshot(0), 253);
    expect(told).toEqual(['begin 1', 'begin 2', 'committed 2']);
  });

  test('counts tasks that have ended, and makes a last epoch when all have', () => {
    const { coordinator, told } = coordinated();
    coordinator.taskEnded(0, snapshot(0, true), 50);
    coordinator.step(100);
    coordinator.taskTook(1, 1, snapshot(1), 101);
    coordinator.taskEnded(1, snapshot(1, true), 102);
    expect(coordinator.finished).toBe(false);
    coordinator.step(105);
    expect(coordinator.finished).toBe(true);
    expect(coordinator.dueAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(told).toEqual(['begin 1', 'committed 1', 'begin 2', 'committed 2']);
  });

  test('keeps what a task told of its end before all had begun', () => {
    const { coordinator, told } = coordinated();
    coordinator.stop();
    coordinator.taskEnded(0, snapshot(0, true), 10);
    coordinator.start(2, 20);
    coordinator.taskEnded(1, snapshot(1, true), 30);
    coordinator.step(31);
    expect(coordinator.finished).toBe(true);
    expect(told).toEqual(['begin 1', 'committed 1']);
  });

  test('reports an epoch that takes too long, and goes on', () => {
    const { coordinator, told } = coordinated();
    coordinator.step(100);
    coordinator.taskTook(1, 1, snapshot(1), 101);
    coordinator.step(1_100);
    coordinator.step(1_500);
    coordinator.step(2_100);
    coordinator.taskTook(0, 1, snapshot(0), 2_200);
    expect(told).toEqual(['begin 1', 'late 1 0', 'late 1 0', 'committed 1']);
  });

  test('answers a request by the next epoch, over a restart, and keeps it by name', () => {
    const { coordinator, driver } = coordinated();
    const done: number[] = [];
    coordinator.request({ savepoint: 'before-move', done: epoch => done.push(epoch) });
    coordinator.step(5);
    coordinator.start(2, 6);
    coordinator.step(6);
    coordinator.taskTook(0, 2, snapshot(0), 12);
    coordinator.taskTook(1, 2, snapshot(1), 12);
    expect(done).toEqual([2]);
    expect(driver.saved('p', 'before-move').epoch).toBe(2);
    expect(() => driver.saved('p', 'other')).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_SAVEPOINT' }),
    );
    expect(() => driver.save('../x', driver.saved('p', 'before-move'))).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
  });

  test('commits no snapshot of what has changed without those that it goes on from', () => {
    const { coordinator, told, driver } = coordinated();
    const layer = (index: number, layers: number): TaskSnapshot => ({
      ...snapshot(index),
      steps: [{ step: 'sum', kind: 'window', sections: [], layers }],
    });
    const take = (epoch: number, layers: number) => {
      coordinator.step(epoch * 200);
      for (const task of [0, 1])
        coordinator.taskTook(task, epoch, layer(task, layers), epoch * 200);
    };
    take(1, 1);
    take(2, 2);
    // One task has taken an epoch that is void when all begin anew, each with a whole snapshot.
    coordinator.step(600);
    coordinator.taskTook(0, 3, layer(0, 3), 600);
    coordinator.start(2, 650);
    take(4, 1);
    expect(driver.restore('p')?.tasks.map(({ steps }) => steps.length)).toEqual([1, 1]);
    take(5, 2);
    expect(driver.restore('p')?.tasks.map(({ steps }) => steps.length)).toEqual([2, 2]);
    take(6, 4);
    expect(coordinator.committed).toBe(5);
    expect(told.at(-1)).toContain('"sum" goes on from a snapshot that no epoch has');
  });

  test('stands by the epoch before when one cannot be kept', () => {
    class FullDriver extends MemoryDriver {
      full = false;
      override commit(epoch: Parameters<EpochDriver['commit']>[0]): void {
        if (this.full) throw new Error('no room');
        super.commit(epoch);
      }
    }
    const driver = new FullDriver();
    const { coordinator, told } = coordinated(driver);
    const take = (epoch: number, nowMs: number) => {
      coordinator.step(nowMs);
      for (const task of [0, 1]) coordinator.taskTook(task, epoch, snapshot(task), nowMs);
    };
    take(1, 100);
    driver.full = true;
    take(2, 200);
    expect(coordinator.committed).toBe(1);
    expect(told).toContain('failed Error: no room');
  });
});
