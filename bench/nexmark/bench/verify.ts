import type { Pipeline } from 'lite-streams';
import { moduleOf, type Query, sinkOf } from '../catalog.ts';
import { RowDigest } from '../oracle/digest.ts';
import { Oracle } from '../oracle/duckdb.ts';
import type { Row } from '../oracle/rows.ts';
import { QueryRun } from '../query-run.ts';
import { replay } from '../replay.ts';
import { nexmarkSettings } from '../settings.ts';
import type { QueryAnswer, QueryOrder } from './messages.ts';

/** The events that are kept in memory at once. */
const STRETCH = 500_000;

/** Runs the query, then asks DuckDB; equal are the rows themselves, by a digest that knows no order. */
export async function verifyQuery(
  query: Query,
  order: QueryOrder,
  file: string,
): Promise<QueryAnswer> {
  const ours = new RowDigest(query.lastOf);
  if (query.processingTime) await replayed(query, order, ours);
  else await onThreads(query, order, ours);
  const oracle = await Oracle.open(file);
  const theirs = new RowDigest(undefined);
  await oracle.each(query.name, row => theirs.add(row));
  oracle.close();
  const [found, right] = [ours.text(), theirs.text()];
  if (found !== right) {
    return { kind: 'failed', message: `${query.name}: ${found}, DuckDB has ${right}` };
  }
  return { kind: 'verified', rows: theirs.rows };
}

async function onThreads(query: Query, order: QueryOrder, digest: RowDigest): Promise<void> {
  const module = (await import(moduleOf(query).href)) as { default: Pipeline };
  const { serde } = sinkOf(query, module.default);
  const run = await QueryRun.start(query, order, record => digest.add(serde.decode(record) as Row));
  for (let from = 0; from < order.events; from += STRETCH) {
    const to = Math.min(from + STRETCH, order.events);
    await run.replay(from, to, to === order.events);
  }
  await run.close();
}

/** Only the engine without threads has a clock that can be told the time. */
async function replayed(query: Query, order: QueryOrder, digest: RowDigest): Promise<void> {
  const { generator } = nexmarkSettings();
  for (const row of await replay(query, { ...order, generator })) digest.add(row);
}
