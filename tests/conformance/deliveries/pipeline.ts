import { json, pipeline, tumbling } from '@lite-streams/core';
import { fileOutside } from '../../checkpoints/outside.ts';

export interface Reading {
  readonly k: string;
  readonly t: number;
}

export interface Count {
  readonly key: string;
  readonly start: number;
  readonly n: number;
}

/** Counts per key and 20 ms, and every reading, to two systems outside. */
const counts = pipeline('deliveries', { checkpoint: { every: '20ms' } });
const [each, counted] = counts
  .from('in', json<Reading>(), { timestamp: ({ t }) => t })
  .keyBy(({ k }) => k)
  .fork(2);
each
  .map(({ k, t }): Count => ({ key: k, start: t, n: 0 }))
  .deliver('each', fileOutside<Count>(2), { maxBatch: 10, backoff: 5 });
counted
  .window(tumbling(20))
  .aggregate({
    create: () => 0,
    add: n => n + 1,
    result: (n, { key, window }): Count => ({ key, start: window.start, n }),
  })
  .deliver('counts', fileOutside<Count>(5), { maxBatch: 4, backoff: 5 });
export default counts;
