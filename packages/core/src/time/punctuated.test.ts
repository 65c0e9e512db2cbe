import { describe, expect, test } from 'vitest';
import { pipeline } from '../pipeline/builder.ts';
import { json } from '../serde/json.ts';
import { testPipeline } from '../testing/test-pipeline.ts';
import { tumbling } from '../window/tumbling.ts';
import { punctuated } from './punctuated.ts';
import type { WatermarkStrategy } from './watermark.ts';

interface Reading {
  readonly at: number;
  readonly closes?: number;
}

const sums = (watermark: WatermarkStrategy<Reading>) =>
  pipeline('readings')
    .from('in', json<Reading>(), { timestamp: v => v.at, watermark })
    .window(tumbling(10))
    .aggregate({ create: () => 0, add: n => n + 1 })
    .to('out', json());

test('a record tells how far time has come, and only that', () => {
  const made = pipeline('typed').from('in', json<Reading>(), {
    timestamp: v => v.at,
    watermark: punctuated(v => v.closes),
  });
  expect(made).toBeDefined();
  using run = testPipeline(sums(punctuated(v => v.closes)));
  run.push({ at: 5 });
  run.push({ at: 500 });
  expect(run.output()).toEqual([]);
  run.push({ at: 7, closes: 9 });
  // The record itself comes before the time that it tells.
  expect(run.output()).toEqual([2]);
  run.push({ at: 505, closes: 3 });
  run.push({ at: 6 });
  expect(run.counters.late).toBe(1);
  run.end();
  expect(run.output()).toEqual([2]);
});

test('a strategy of your own sees timestamps and values', () => {
  const seen: unknown[] = [];
  using run = testPipeline(
    sums({
      name: 'own',
      create: () => ({
        record: (timestamp, { closes }) => {
          seen.push([timestamp, closes]);
          return timestamp - 1;
        },
      }),
    }),
  );
  run.push({ at: 5, closes: 1 });
  run.push({ at: 25 });
  expect(run.output()).toEqual([1]);
  expect(seen).toEqual([
    [5, 1],
    [25, undefined],
  ]);
});

describe('what cannot be a watermark makes the record a dead letter', () => {
  test.each([
    ['one that throws', (_: Reading): number => refuse(), /no idea/],
    ['no number', (_: Reading) => Number.NaN, /"punctuated" gave .*NaN/],
    ['text', (_: Reading) => 'noon' as unknown as number, /"punctuated" gave the text "noon"/],
  ])('%s', (_, watermarkOf, message) => {
    using run = testPipeline(sums(punctuated(watermarkOf)));
    run.push({ at: 5 });
    const [{ headers }] = run.deadLetters();
    expect(String(headers['error.message'])).toMatch(message);
    expect(run.counters).toMatchObject({ in: 1, deadLetters: 1, windowed: 0 });
  });
});

test('no function is refused', () => {
  expect(() => punctuated(5 as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_PIPELINE' }),
  );
});

function refuse(): never {
  throw new Error('no idea');
}
