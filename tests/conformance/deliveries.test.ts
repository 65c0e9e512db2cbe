import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takenBy } from '../checkpoints/outside.ts';
import { ScratchDirectory } from '../integration/durability/scratch-directory.ts';
import type { Count, Reading } from './deliveries/pipeline.ts';
import { runtimes } from './runtimes.ts';

const READINGS = 600;
const KEYS = 9;

const readingOf = (i: number): Reading => ({ k: `k${i % KEYS}`, t: i });

/** Of each window of 20 ms and key how many readings it has; and every reading, as none. */
function expected(): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < READINGS; i++) {
    const { k, t } = readingOf(i);
    counts.set(`${k}/${t}/each`, 0);
    const name = `${k}/${t - (t % 20)}/count`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function found(values: readonly Count[]): Map<string, number> {
  return new Map(
    values.map(({ key, start, n }) => [`${key}/${start}/${n === 0 ? 'each' : 'count'}`, n]),
  );
}

describe.each(runtimes)('runtime $name', ({ start }) => {
  test('every result of a committed epoch comes to systems outside, once by its token', async () => {
    using directory = new ScratchDirectory();
    process.env.OUTSIDE = join(directory.path, 'outside');
    const engine = await start();
    try {
      const job = await engine.run(new URL('./deliveries/pipeline.ts', import.meta.url));
      const producer = engine.topic('in').producer();
      for (let i = 0; i < READINGS; i++) {
        const value = readingOf(i);
        await producer.send({ key: value.k, value: JSON.stringify(value), timestamp: value.t });
        if (i === READINGS / 2) await job.caughtUp();
      }
      // All that had been read by then, but for windows that are open, has been taken.
      const halfway = takenBy<Count>(process.env.OUTSIDE).byAll.length;
      expect(halfway).toBeGreaterThanOrEqual(READINGS / 2);
      await producer.close();
      engine.topic('in').end();
      await job.drained();
      const wanted = expected();
      const { byAll, byLast, changed } = takenBy<Count>(process.env.OUTSIDE);
      expect(changed).toEqual([]);
      expect(found(byAll)).toEqual(wanted);
      expect(byAll).toHaveLength(wanted.size);
      expect(byLast).toEqual(byAll);
      const { delivery, out, heldBytes } = await job.stats();
      expect(delivery).toMatchObject({ delivered: out, waiting: 0, slowest: undefined });
      expect([out, heldBytes]).toEqual([wanted.size, 0]);
    } finally {
      await engine.stop();
    }
  });
});
