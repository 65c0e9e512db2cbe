import { expectEqual } from '../../runner/measurable.ts';
import type { Query } from '../catalog.ts';
import { Checksum } from '../checksum.ts';
import { QueryRun } from '../query-run.ts';
import type { QueryFigures, QueryOrder } from './messages.ts';

/** The events measured come in so many stretches, and one before them brings the code up to speed. */
const STRETCHES = 4;
/** The most events of a stretch: they are kept in memory. */
const LONGEST = 1_000_000;

export async function measureQuery(query: Query, order: QueryOrder): Promise<QueryFigures> {
  const checksum = new Checksum();
  const run = await QueryRun.start(query, order, checksum.add);
  const stretches = Math.max(STRETCHES, Math.ceil(order.events / LONGEST));
  const length = Math.ceil(order.events / stretches);
  const perCore: number[] = [];
  const perSecond: number[] = [];
  for (let stretch = 0; stretch <= stretches; stretch++) {
    const from = stretch * length;
    const cost = await run.replay(from, from + length, stretch === stretches);
    if (stretch === 0) continue;
    perCore.push(length / cost.cpuSeconds);
    perSecond.push(length / cost.seconds);
  }
  const { deadLetters, late, out } = await run.stats();
  expectEqual('dead letters', deadLetters, 0);
  expectEqual('late records', late, 0);
  expectEqual('results read', checksum.count, out);
  await run.close();
  return { kind: 'figures', perCore, perSecond, results: checksum.count, checksum: checksum.hex };
}
