import {
  boundedOutOfOrderness,
  count,
  interval,
  json,
  pipeline,
  tumbling,
} from '@lite-streams/core';

interface Reading {
  readonly k: string;
  readonly t: number;
}

const source = {
  timestamp: ({ t }: Reading) => t,
  watermark: boundedOutOfOrderness('10ms'),
};

/** Two topics with the same readings: counted together, and pair by pair. */
const p = pipeline('graph-state', { checkpoint: { every: '50ms' } });
const [left, one] = p.from('in', json<Reading>(), source).fork(2);
const [right, other] = p.from('more', json<Reading>(), source).fork(2);
const counts = one
  .merge(other)
  .keyBy(({ k }) => k)
  .window(tumbling(100), { name: 'counts' })
  .aggregate(count());
const pairs = left
  .keyBy(({ k }) => k)
  .join(
    right.keyBy(({ k }) => k),
    interval(0, 0),
    l => l,
    { name: 'pairs' },
  )
  .window(tumbling(100), { name: 'pair-counts' })
  .aggregate(count());
for (const [kind, stream] of Object.entries({ counts, pairs })) {
  stream
    .map((n, { key, timestamp }) => ({ key: `${kind} ${key}`, start: timestamp - 99, n }), {
      name: `name ${kind}`,
    })
    .to('out', json(), { name: `to ${kind}` });
}
export default p;
