import { describe, expect, test } from 'vitest';
import { SourceWatermarks } from './source-watermarks.ts';
import { manual, monotonic } from './watermark.ts';

const NEVER = Number.NEGATIVE_INFINITY;

describe('several producers on one shard', () => {
  test('the watermark is the minimum over those that are open', () => {
    const times = new SourceWatermarks(monotonic());
    expect(times.record(1, 100)).toBe(true);
    expect(times.watermark).toBe(99);
    // The second one counts from its registration, before its first record.
    times.register(2);
    times.register(2);
    expect(times.open).toBe(2);
    expect(times.record(1, 200)).toBe(false);
    expect(times.watermark).toBe(99);
    expect(times.holder()).toBe(2);
    expect(times.record(2, 150)).toBe(true);
    expect(times.watermark).toBe(149);
  });

  test('a sleeping producer makes nothing late', () => {
    const times = new SourceWatermarks(monotonic());
    times.register(1);
    times.register(2);
    for (let t = 0; t < 100; t++) times.record(1, t);
    expect(times.watermark).toBe(NEVER);
    times.record(2, 0);
    expect(times.watermark).toBe(-1);
  });

  test('one that ends no longer counts', () => {
    const times = new SourceWatermarks(monotonic());
    times.record(1, 100);
    times.register(2);
    times.record(1, 200);
    expect(times.end(2)).toBe(true);
    expect(times.watermark).toBe(199);
    expect(times.end(2)).toBe(false);
  });

  test('without any the watermark stays, and a new one under the same id begins anew', () => {
    const times = new SourceWatermarks(monotonic());
    times.record(1, 100);
    expect(times.end(1)).toBe(false);
    expect(times.watermark).toBe(99);
    times.record(1, 50);
    expect(times.watermark).toBe(99);
    expect(times.holder()).toBe(-1);
    times.record(1, 300);
    expect(times.watermark).toBe(299);
  });

  test('without producers nobody holds the watermark', () => {
    expect(new SourceWatermarks(monotonic()).holder()).toBe(-1);
  });
});

test('producer.watermark moves any strategy, and manual only that', () => {
  const times = new SourceWatermarks(manual());
  times.record(1, 1000);
  expect(times.watermark).toBe(NEVER);
  expect(times.mark(1, 500)).toBe(true);
  expect(times.watermark).toBe(500);
  expect(times.mark(1, 400)).toBe(false);
});

describe('idleness', () => {
  test('is off without a timeout', () => {
    const times = new SourceWatermarks(monotonic());
    times.register(1);
    expect(times.tick(1_000_000)).toBe(false);
    expect(times.idle).toBe(false);
  });

  test('a silent producer stops counting after the timeout, from when it was first looked at', () => {
    const times = new SourceWatermarks(monotonic(), 100);
    times.register(1);
    times.record(2, 50);
    expect(times.tick(1000)).toBe(false);
    times.record(2, 60);
    expect(times.tick(1099)).toBe(false);
    expect(times.tick(1100)).toBe(true);
    expect(times.watermark).toBe(59);
    expect(times.idle).toBe(false);
    expect(times.tick(1199)).toBe(true);
    expect(times.idle).toBe(true);
    expect(times.tick(1300)).toBe(false);
  });

  test('one that wakes does not count until it has caught up', () => {
    const times = new SourceWatermarks(monotonic(), 100);
    times.record(1, 10);
    times.record(2, 50);
    times.tick(0);
    times.record(2, 60);
    times.tick(100);
    times.record(2, 70);
    expect(times.watermark).toBe(69);
    times.record(1, 20);
    times.record(2, 80);
    expect(times.watermark).toBe(79);
    times.record(1, 100);
    times.record(2, 90);
    times.record(2, 200);
    expect(times.watermark).toBe(99);
  });

  test('is not counted while nobody listens', () => {
    const times = new SourceWatermarks(monotonic(), 100);
    times.record(1, 10);
    times.tick(0);
    times.tick(10);
    times.unheard(500);
    expect(times.tick(590)).toBe(false);
    expect(times.tick(610)).toBe(true);
  });

  test('a record wakes an idle shard', () => {
    const times = new SourceWatermarks(monotonic(), 100);
    times.record(1, 10);
    times.tick(0);
    times.tick(100);
    expect(times.idle).toBe(true);
    times.record(1, 11);
    expect(times.idle).toBe(false);
    expect(times.watermark).toBe(10);
  });
});
