// The process of one query: measures it, or compares its rows, and says what came of it.

import { queryNamed } from '../catalog.ts';
import { measureQuery } from './measure.ts';
import type { QueryAnswer, QueryOrder } from './messages.ts';
import { verifyQuery } from './verify.ts';

if (process.send === undefined) throw new Error('entry.ts is started by the nexmark bench');

process.once('message', (order: QueryOrder) => {
  const query = queryNamed(order.query);
  const { oracle } = order;
  const work =
    oracle === undefined ? measureQuery(query, order) : verifyQuery(query, order, oracle);
  work.catch(failed).then(answer => process.send?.(answer, () => process.exit()));
});

function failed(error: unknown): QueryAnswer {
  return {
    kind: 'failed',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
