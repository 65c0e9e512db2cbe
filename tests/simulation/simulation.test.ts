import { expect, test } from 'vitest';
import { plantedBugs } from './planted.ts';
import { runSeeds } from './seeds.ts';
import { simulate } from './simulation.ts';

const SEEDS = 50;

// The long version runs in `pnpm proof`.
test('whatever befalls an engine, nothing acknowledged is lost and every output is given once', async () => {
  const report = await runSeeds(1, SEEDS);
  expect(report.faults).toEqual([]);
  expect(report.seeds).toBe(SEEDS);
  expect(report.crashes).toBeGreaterThan(SEEDS);
  expect(report.epochs).toBeGreaterThan(SEEDS);
  expect(report.refusals).toBeGreaterThan(0);
  expect(report.deaths).toBeGreaterThan(SEEDS);
});

test('a seed repeats all that happens', () => {
  const traces = [1, 2].map(() => {
    const lines: string[] = [];
    simulate(7, { trace: line => lines.push(line) });
    return lines;
  });
  expect(traces[0].length).toBeGreaterThan(5);
  expect(traces[1]).toEqual(traces[0]);
});

// What finds nothing proves nothing.
test.each(plantedBugs)('planted: $name is found', async ({ name, plant, seeds }) => {
  const remove = plant();
  try {
    const { faulty } = await runSeeds(1, seeds);
    console.log(`planted: ${name}: found in ${faulty} of ${seeds} seeds`);
    expect(faulty).toBeGreaterThan(0);
  } finally {
    remove();
  }
});
