import { describe, expect, test } from 'vitest';
import { Abandonment } from './abandon.ts';
import { compilePausedKernel } from './paused-kernel.ts';
import { runTransfer } from './transfer.ts';
import { transfers } from './transfer-cases.ts';

const RECORDS = 30_000;
const KILLS = 8;

// The long versions run in `pnpm proof`.
describe('every record arrives as promised', () => {
  for (const transfer of transfers) {
    test(transfer.name, async () => {
      const report = await runTransfer(transfer, RECORDS);
      expect(report.faults).toEqual([]);
    });
  }
});

test('a shard outlives producers and owners that are killed in the midst of their work', async () => {
  const report = await new Abandonment(1, await compilePausedKernel()).run(KILLS);
  expect(report.faults).toEqual([]);
  expect(report.producers + report.owners).toBe(KILLS);
});
