import { boundedOutOfOrderness, json, pipeline, tumbling } from '@lite-streams/core';
import { KEYS, type Reading, WINDOW_MS } from './readings.ts';

/** Sums per key and window, each given exactly once; with an exchange between. */
const sums = pipeline('sums', { checkpoint: { every: '50ms', mode: 'exactly-once' } });
sums
  .from('in', json<Reading>(), {
    timestamp: ({ t }) => t,
    watermark: boundedOutOfOrderness(KEYS),
  })
  .keyBy(({ k }) => k)
  .window(tumbling(WINDOW_MS), { name: 'sums' })
  .aggregate({
    create: () => 0,
    add: (sum, { n }) => sum + n,
    result: (sum, { key, window }) => ({ key, start: window.start, sum }),
  })
  .to('out', json());
export default sums;
