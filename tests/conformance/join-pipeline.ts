// The pipeline of the join whose name stands in this module's URL: `join-pipeline.ts?join=left+interval`.
import {
  asOf,
  boundedOutOfOrderness,
  hopping,
  interval,
  json,
  type Pipeline,
  pipeline,
  session,
  tumbling,
  unbounded,
} from '@lite-streams/core';
import { cases } from './window-cases.ts';

export interface Row {
  readonly id: number;
  readonly key: string;
  readonly at: number;
}

const name = new URL(import.meta.url).searchParams.get('join') as string;
const [type, kind, number] = name.split(' ') as ['inner' | 'left' | 'full', string, string];

const p = pipeline(`join ${name}`);
const source = {
  timestamp: ({ at }: Row) => at,
  watermark: boundedOutOfOrderness(50),
};
const rows = p.from(`left of ${name}`, json<Row>(), source);
const others = p.from(`right of ${name}`, json<Row>(), source);
const pair = (one: Row | undefined, other: Row | undefined): string =>
  `${one?.id ?? '-'} ${other?.id ?? '-'}`;

function joined(): Pipeline {
  const left = rows.keyBy(({ key }) => key);
  const right = others.keyBy(({ key }) => key);
  switch (kind) {
    case 'case': {
      const { lower, upper } = cases.intervalJoin[Number(number)];
      return left.join(right, interval(lower, upper), pair).to(`results of ${name}`, json());
    }
    case 'interval':
      return left.join(right, interval(-20, 30), pair, { type }).to(`results of ${name}`, json());
    case 'tumbling':
      return left.join(right, tumbling(40), pair, { type }).to(`results of ${name}`, json());
    case 'hopping':
      return left.join(right, hopping(60, 20), pair, { type }).to(`results of ${name}`, json());
    case 'session':
      return left.join(right, session(15), pair, { type }).to(`results of ${name}`, json());
    case 'unbounded':
      return left.join(right, unbounded({ ttl: 25 }), pair).to(`results of ${name}`, json());
    default:
      return left
        .join(right, asOf(), pair, { type: type === 'left' ? 'left' : 'inner' })
        .to(`results of ${name}`, json());
  }
}

function lookedUp(): Pipeline {
  const keys = { key: (row: Row) => row.key, sideKey: (row: Row) => row.key };
  return rows.lookup(others, keys, pair).to(`results of ${name}`, json());
}

const made: Pipeline = kind === 'lookup' ? lookedUp() : joined();
export default made;
